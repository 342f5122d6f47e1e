"""The first-party emotion."""
