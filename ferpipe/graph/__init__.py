"""The graph of ferpipe."""
