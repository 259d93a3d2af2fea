"""The atlas engine. Import from the modules themselves, for example `from atlas.graphs.prune import prune`."""
