"""What a kernel release knows, and which one a series is aimed at."""
