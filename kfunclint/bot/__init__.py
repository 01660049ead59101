"""Follows mailing lists, reviews what comes, and says what is wrong rarely, never twice, and only where it may."""
