"""What is said to whom, when, and how often."""
