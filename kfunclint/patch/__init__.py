"""Diffs, the files behind them, and what they apply to."""
