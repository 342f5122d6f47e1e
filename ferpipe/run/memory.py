"""Give memory back between runs."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["release_memory"]


def release_memory() -> None:
    """Give the free pages of the C library's heaps back to the system.

    glibc keeps a heap for every few threads, up to eight a core, and each keeps what was freed in
    it.  A run has threads of its own, so that a process with many short runs would hold the pictures
    of all of them: 600 MB instead of 130 after 60 runs (`benchmarks/README.md` says how it was measured).
    Other C libraries do not keep that much.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], Any] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # musl has none
        return None
