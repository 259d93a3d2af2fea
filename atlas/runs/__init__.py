"""Executes entries and writes results."""
