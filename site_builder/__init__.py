"""Entries, graphs and dashboards to Markdown, JSON and pages. No torch."""
