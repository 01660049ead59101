"""C as tokens and values; nothing here loads libclang."""
