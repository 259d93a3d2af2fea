"""The words of the small language and the facts that hold between them, as plain data."""
