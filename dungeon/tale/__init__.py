"""What is played, and nothing of how it is shown, kept or told: pure, without I/O."""
