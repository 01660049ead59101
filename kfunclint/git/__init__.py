"""All that speaks git."""
