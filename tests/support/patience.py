"""How long a test waits for what should come at once: a safety for a broken build, and no measurement."""

from __future__ import annotations

PATIENCE = 60.0
"""Seconds.  What is awaited would otherwise hang for ever, or for longer than this; pytest stops a test
after 120.
"""
