"""The environment of a worker."""

from __future__ import annotations

import os

__all__ = ["environment"]


def environment(pixels: int) -> dict[str, str]:
    """The environment of a worker: that of the server, without its token, with bounded pictures."""
    kept = {name: value for name, value in os.environ.items() if name != "FERPIPE_TOKEN"}
    return {
        **kept,
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(pixels),
        "MALLOC_ARENA_MAX": "2",
        "OPENCV_LOG_LEVEL": "OFF",
    }
