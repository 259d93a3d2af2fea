"""Drafts of entries: what a contributor is asked, and the files that come of the answers."""
