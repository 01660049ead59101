"""The command: arguments in, text out."""
