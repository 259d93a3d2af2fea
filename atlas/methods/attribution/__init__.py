"""What `attribute` stands on: targets, the sweep, the ranking of rows, and their graph."""
