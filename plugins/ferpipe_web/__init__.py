"""`ferpipe serve`: any pipeline as a live page, a browser's camera, uploads and REST."""

from __future__ import annotations

__all__: list[str] = []
