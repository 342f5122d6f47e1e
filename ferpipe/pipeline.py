"""Pipelines from Python: build, run, iterate."""
