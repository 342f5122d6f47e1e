"""The run of ferpipe."""
