"""Questions about the bodies of functions."""
