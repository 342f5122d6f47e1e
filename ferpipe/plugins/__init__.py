"""The plugins of ferpipe."""
