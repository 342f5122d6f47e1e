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

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["drained", "prepared", "silenced_natives", "silent_output"]

_OUTPUT, _ERROR = 1, 2
_PIECE = 4096
"""Bytes that a pipe which is ready for writing takes at once (POSIX's PIPE_BUF, on Linux)."""
_WAITING = 1 << 18
"""Bytes that wait for a reader; what comes then is left out."""


class Patient(io.RawIOBase):
    """Standard error for which nobody waits: text that cannot be written now is kept, and later left out.

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
                self._keep(b"ferpipe: %d lines were left out: nobody was reading\n" % lines)
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


@contextmanager
def prepared() -> Iterator[None]:
    """Have streams that can be written to, whatever ferpipe was started with."""
    _fill_gaps()
    real = sys.stderr
    if real is not None and (real is not sys.__stderr__ or not _is_at(real, _ERROR)):
        yield
        return
    raw: Any = Patient(_ERROR)
    encoding = getattr(real, "encoding", None) or "utf-8"
    patient = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", write_through=True)
    sys.stderr = patient
    try:
        yield
    finally:
        drained()
        sys.stderr = real
        patient.detach()


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
    if sys.stdout is None:
        sys.stdout = open(_OUTPUT, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- until the end


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


def _is_at(stream: Any, number: int) -> bool:
    try:
        return bool(stream.fileno() == number)
    except (OSError, ValueError, AttributeError):
        return False
