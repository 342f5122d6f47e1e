"""Ctrl-C before there is anything to finish: it ends ferpipe at once, with 130, wherever it comes.

Python's own way, an exception, may arrive inside an import, a callback or a plugin, and there it is
turned into another error, printed as a traceback, or lost.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

__all__ = ["ends_at_once", "raises", "was_interrupted"]

_CODE = 130
_seen: list[int] = []


def ends_at_once() -> None:
    """From here on Ctrl-C ends the process; nothing is being written."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _end)


def raises() -> None:
    """From here on Ctrl-C raises KeyboardInterrupt, for a command that finishes something then; the
    second one ends the process.
    """
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, _raise)


def was_interrupted() -> bool:
    """Whether Ctrl-C came, whatever has become of its exception."""
    return bool(_seen)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- a signal handler's parameters
    os._exit(_CODE)


def _raise(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    if _seen:
        os._exit(_CODE)
    _seen.append(number)
    raise KeyboardInterrupt
