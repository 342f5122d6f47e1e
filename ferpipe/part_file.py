"""The file behind an output: opened and locked as a regular file of one name, written whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from io import RawIOBase
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from ferpipe.errors import UsageError
from ferpipe.locks import holder, lock

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["WholeFile", "open_part"]

_FLAGS = (
    os.O_RDWR
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe would wait for its reader
    | getattr(os, "O_BINARY", 0)
)


class WholeFile(RawIOBase):
    """A file descriptor whose writes take all they are given, also where a disk gets full."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.progress: Callable[[], None] | None = None
        self.failure: OSError | None = None

    def fileno(self) -> int:
        """The descriptor.  Raises ValueError where it is closed."""
        if self.closed:
            raise ValueError("the output is closed")
        return self._descriptor

    def readable(self) -> bool:
        """Always true."""
        return True

    def writable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read once, as `os.read` does."""
        view = memoryview(buffer).cast("B")
        data = os.read(self.fileno(), len(view))
        view[: len(data)] = data
        return len(data)

    def write(self, data: Buffer) -> int:
        """Write all of `data`; the error of the first write that fails is also kept as `failure`."""
        view = memoryview(data).cast("B")
        rest = view
        try:
            while rest:
                rest = rest[os.write(self.fileno(), rest) :]
                if self.progress is not None:
                    self.progress()
        except OSError as error:
            self.failure = error
            raise
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As `os.lseek` does."""
        return os.lseek(self.fileno(), offset, whence)

    def truncate(self, size: int | None = None) -> int:
        """Cut off or extend with zeros, by default at the current position."""
        size = self.tell() if size is None else size
        os.ftruncate(self.fileno(), size)
        return size

    def size(self) -> int:
        """The length in bytes."""
        return os.fstat(self.fileno()).st_size

    def close(self) -> None:
        """Close the descriptor, which ends its lock."""
        if not self.closed:
            super().close()
            os.close(self._descriptor)


def open_part(part: Path, target: Path) -> tuple[WholeFile, bool]:
    """The `.part`, open and locked, and whether it is new.  Raises OSError or UsageError."""
    while True:
        made = True
        try:
            descriptor = os.open(part, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            made = False
            _refuse_special(part, target)
            try:
                descriptor = os.open(part, _FLAGS)
            except FileNotFoundError:
                continue  # its writer has just finished it
        file = WholeFile(descriptor)
        try:
            _refuse_shared(descriptor, target)
            _refuse_unlike(os.fstat(descriptor), part, target)
            # Who had it before may have given it its name between the opening and the lock.
            with suppress(FileNotFoundError):
                if os.path.samestat(part.lstat(), os.fstat(descriptor)):
                    return file, made
        except BaseException:
            file.close()
            raise
        file.close()


def _refuse_shared(descriptor: int, target: Path) -> None:
    if not lock(descriptor):
        who = holder(descriptor)
        raise UsageError(f"{target} is being written by {who}: wait for it, or choose another name")


def _refuse_special(part: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        _refuse_unlike(part.lstat(), part, target)


def _refuse_unlike(found: os.stat_result, part: Path, target: Path) -> None:
    """Raise UsageError for anything but a regular file of one name."""
    if found.st_nlink > 1 or not S_ISREG(found.st_mode):
        kind = "a link" if found.st_nlink > 1 or part.is_symlink() else "not a regular file"
        raise UsageError(f"{target} would be written through {part}, which is {kind}: remove it first")
