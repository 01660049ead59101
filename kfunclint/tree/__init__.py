"""A kernel tree: git objects or a plain folder."""
