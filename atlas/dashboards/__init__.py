"""What is known about a feature, as data. No torch."""
