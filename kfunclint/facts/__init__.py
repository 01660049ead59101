"""Frozen values about a series: what rules see, and nothing that makes them."""
