"""A whole tree: what it defines and what it does with that."""
