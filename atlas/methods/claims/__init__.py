"""What `evaluate` stands on: rows, partners, changes, matched controls, answers, intervals."""
