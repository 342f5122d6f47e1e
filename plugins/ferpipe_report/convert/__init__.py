"""Timelines as files that other tools read."""
