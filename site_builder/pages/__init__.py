"""The pages: each module turns entries into the sections of one kind of page."""
