"""The rules that no schema can state, each a small function with a stable code."""
