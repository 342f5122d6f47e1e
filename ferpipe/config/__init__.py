"""The config of ferpipe."""
