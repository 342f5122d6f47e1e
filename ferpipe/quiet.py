"""Keep the chatter of native libraries off the terminal."""

from __future__ import annotations

import os
import select
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

__all__ = ["without_lines"]

_LOCK = Lock()
_STDERR = 2


@contextmanager
def without_lines(*unwanted: str) -> Iterator[None]:
    """Drop lines that hold one of `unwanted` from what the body writes to standard error.

    It also reaches libraries that write to the file descriptor themselves (LiteRT announces its
    delegate so).  Everything else that was written meanwhile appears when the body has ended.
    """
    with _LOCK, tempfile.TemporaryFile() as caught:
        sys.stderr.flush()
        kept = os.dup(_STDERR)
        os.dup2(caught.fileno(), _STDERR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STDERR)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not any(text in line.decode(errors="replace") for text in unwanted):
                    _pass_on(line)


def _pass_on(line: bytes) -> None:
    """Write a line where somebody reads; nobody waits for one who does not."""
    with suppress(OSError, ValueError):
        if sys.platform == "win32" or select.select([], [_STDERR], [], 0)[1]:
            os.write(_STDERR, line)
