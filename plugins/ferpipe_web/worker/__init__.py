"""What runs in a process of its own: pipelines, decoders, and the pipe to the server."""

from __future__ import annotations

__all__: list[str] = []
