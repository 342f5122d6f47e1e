"""Who writes a file: locks that end with their process, and the process that has one."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from errno import EACCES, EAGAIN
from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["holder", "lock"]


def lock(descriptor: int) -> bool:
    """Lock an open file for its writer; False where another has it.

    The lock is of the open file (flock(2)): it also holds between two runs in one process, and ends
    with the process whatever ends it.  A disk that knows no locks gives none.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in {EACCES, EAGAIN}
    return True


def holder(descriptor: int) -> str:
    """Who has the lock of an open file, as far as the system says (Linux: proc(5), `/proc/locks`)."""
    found = os.fstat(descriptor)
    where = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    with suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            fields = line.split()
            if where in fields and fields[1] == "FLOCK" and fields[4].isdigit():
                return "this process" if fields[4] == str(os.getpid()) else f"process {fields[4]}"
    return "another run"
