"""Finds and loads the formats in reports/."""
