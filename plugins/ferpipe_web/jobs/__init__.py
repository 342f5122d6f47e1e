"""Uploaded files and what becomes of them."""

from __future__ import annotations

__all__: list[str] = []
