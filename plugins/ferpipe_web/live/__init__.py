"""The live run: its process, and those who look at it."""

from __future__ import annotations

__all__: list[str] = []
