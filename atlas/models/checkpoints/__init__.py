"""One file per published dictionary format."""
