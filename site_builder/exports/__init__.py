"""What other programs take from the site: JSON, feeds, citations, badges, cards, graphs."""
