"""Whether the optional packages of `ferpipe[web]` are there."""

from __future__ import annotations

import importlib.util

from ferpipe import UsageError

__all__ = ["missing"]

_NEEDED = ("starlette", "uvicorn", "websockets", "python_multipart", "prometheus_client")


def missing() -> None:
    """Raise UsageError where one is not installed; imports none."""
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            shown = name.replace("_", "-")
            raise UsageError(
                f"this needs {shown}, which is not installed; install it with: pip install 'ferpipe[web]'"
            )
