"""The addresses of the server, a module a concern."""

from __future__ import annotations

__all__: list[str] = []
