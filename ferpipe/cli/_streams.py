"""Standard output and error that never stop a run: closed, gone, full or paused."""

from __future__ import annotations

import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EAGAIN, ENOSPC
from typing import TYPE_CHECKING, Any

from ferpipe.errors import RunError

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["drained", "prepared", "silenced_natives", "silent_output"]

_OUTPUT, _ERROR = 1, 2
_PIECE = 4096
"""Bytes that a pipe which is ready for writing takes at once (POSIX's PIPE_BUF, on Linux)."""
_WAITING = 1 << 18
"""Bytes that wait for a reader; what exceeds them is dropped."""


class Patient(io.RawIOBase):
    """Standard error that never blocks: text that cannot be written now is kept, and later dropped.

    A reader may pause (`less`), go away (`head`), or write to a full disk.  Each write is taken whole.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._left_out = 0
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self.descriptor

    def isatty(self) -> bool:
        """Whether that is a terminal."""
        return os.isatty(self.descriptor)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Buffer) -> int:
        """Take all of `data`; raises nothing, and never waits."""
        piece = bytes(data)
        with self._lock:
            if self._size + len(piece) > _WAITING:
                self._left_out += piece.count(b"\n")
            else:
                self._keep(piece)
            self._pass_on(wait=False)
        return len(piece)

    def flush(self) -> None:
        """Write what can be written now."""
        with self._lock:
            self._pass_on(wait=False)

    def drain(self) -> None:
        """Write all that is kept, however long its reader takes."""
        with self._lock:
            self._pass_on(wait=True)

    def _keep(self, piece: bytes) -> None:
        self._waiting.append(piece)
        self._size += len(piece)

    def _pass_on(self, *, wait: bool) -> None:
        while self._waiting or self._left_out:
            if not self._waiting:
                lines, self._left_out = self._left_out, 0
                self._keep(b"ferpipe: %d lines were dropped: nobody was reading\n" % lines)
            if not self._is_ready(wait=wait):
                return
            self._write_first()

    def _is_ready(self, *, wait: bool) -> bool:
        if sys.platform == "win32":
            return True
        return bool(select.select([], [self.descriptor], [], None if wait else 0)[1])

    def _write_first(self) -> None:
        first = self._waiting.popleft()
        self._size -= len(first)
        try:
            written = os.write(self.descriptor, first[:_PIECE])
        except OSError as error:
            written = 0 if error.errno == EAGAIN else len(first)
            if error.errno not in {EAGAIN, ENOSPC}:  # there is nobody any more
                self._waiting.clear()
                self._size = 0
        if rest := first[written:]:
            self._waiting.appendleft(rest)
            self._size += len(rest)


class Checked(io.FileIO):
    """Standard output whose errors name it; after one, nothing more is written to it."""

    def write(self, data: Buffer) -> int | None:  # type: ignore[override]
        """Raises BrokenPipeError where the reader is gone, RunError for all else."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            silent_output()
            raise RunError(f"cannot write to standard output: {error.strerror}") from error


@contextmanager
def prepared() -> Iterator[None]:
    """Have streams that can be written to, whatever ferpipe was started with."""
    _fill_gaps()
    before = sys.stdout, sys.stderr
    if _is_own(sys.stdout, sys.__stdout__, _OUTPUT):
        sys.stdout = _text(io.BufferedWriter(Checked(_OUTPUT, "w", closefd=False)), sys.stdout, "strict")
    if _is_own(sys.stderr, sys.__stderr__, _ERROR):
        sys.stderr = _text(Patient(_ERROR), sys.stderr, "backslashreplace")
    try:
        yield
    finally:
        drained()
        with suppress(OSError, ValueError, RunError):
            sys.stdout.flush()
        sys.stdout, sys.stderr = before


def _text(raw: Any, like: Any, errors: str) -> io.TextIOWrapper:
    """A text stream on `raw`, set up like another one."""
    return io.TextIOWrapper(
        raw,
        encoding=getattr(like, "encoding", None) or "utf-8",
        errors=getattr(like, "errors", None) or errors,
        line_buffering=getattr(like, "line_buffering", False),
        write_through=isinstance(raw, Patient) or getattr(like, "write_through", False),
    )


def _is_own(stream: Any, own: Any, number: int) -> bool:
    """Whether it is the process's own stream, or it has none; a test's or a notebook's is left alone."""
    if stream is None:
        return True
    try:
        return stream is own and bool(stream.fileno() == number)
    except (OSError, ValueError, AttributeError):
        return False


def drained() -> None:
    """Wait until everything that was said has been read, or its reader is gone."""
    patient = _patient()
    if patient is not None:
        patient.drain()
    else:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


@contextmanager
def silenced_natives() -> Iterator[None]:
    """Drop what native libraries write to standard error by themselves, and keep what ferpipe says."""
    patient = _patient()
    if patient is None or patient.descriptor != _ERROR:
        yield
        return
    patient.descriptor = os.dup(_ERROR)
    _to_nowhere(_ERROR)
    try:
        yield
    finally:
        patient.flush()
        os.dup2(patient.descriptor, _ERROR)
        os.close(patient.descriptor)
        patient.descriptor = _ERROR


def silent_output() -> None:
    """Nobody reads standard output: say nothing more, not even when Python flushes it at its end."""
    _to_nowhere(_OUTPUT)


def _patient() -> Patient | None:
    raw: Any = getattr(sys.stderr, "buffer", None)
    return raw if isinstance(raw, Patient) else None


def _fill_gaps() -> None:
    """Open what was closed: the next file would get its number, and with it what is written there."""
    for number in (0, _OUTPUT, _ERROR):
        if not _is_open(number):
            _to_nowhere(number)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _to_nowhere(number: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != number:
        os.dup2(null, number)
        os.close(null)
    os.set_inheritable(number, True)
