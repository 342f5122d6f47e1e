"""What people look at, made of timelines: the report, and files that other tools read."""
