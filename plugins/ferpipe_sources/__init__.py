"""The first-party sources."""
