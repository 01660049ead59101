"""Inbox and settings in, reviews out: what the command, the hooks and the Python API share. Prints nothing."""
