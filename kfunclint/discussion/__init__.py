"""What people said about the lines of a series."""
