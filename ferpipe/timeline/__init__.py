"""The timeline of ferpipe."""
