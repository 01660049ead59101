"""What counts, and what is silent."""
