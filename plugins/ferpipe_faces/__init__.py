"""The first-party faces."""
