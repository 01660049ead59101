"""Bytes in, series of patches out."""
