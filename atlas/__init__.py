"""The atlas engine.

Import from the modules themselves: `from atlas.graphs.prune import prune`.
"""
