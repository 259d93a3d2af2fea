"""What breaks a command: kills at random moments, and running for long."""
