"""How much memory there is, and how much a process has."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath

__all__ = ["cores", "memory_of", "share_of_memory"]

CGROUPS = Path("/sys/fs/cgroup")
SHARE = 0.9
"""Part of the memory that the videos under way may take together."""

SHARED = 2
"""The field of statm(5) after the size and the resident pages: those that are shared with files."""


def memory_of(pid: int) -> int:
    """Bytes that a process has for itself, 0 where it has ended.  Files that it has mapped do not count."""
    try:
        if sys.platform == "linux":
            fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
            return (int(fields[1]) - int(fields[SHARED])) * os.sysconf("SC_PAGE_SIZE")
        said = subprocess.run(["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=False)
        return int(said.stdout or b"0") * 1024
    except (OSError, ValueError, IndexError):
        return 0


def share_of_memory(videos: int) -> int:
    """Bytes for each of so many videos, of the memory of this machine, container or job."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _groups():
        for name in ("memory.max", "memory/memory.limit_in_bytes"):
            with suppress(OSError, ValueError):  # `max` is no limit
                found.append(int((folder / name).read_text(encoding="ascii")))
    return int(min(found) * SHARE / videos)


def cores() -> int:
    """Cores that this process may use, by its affinity and the quota of its container."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for folder in _groups():
        with suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
            usable = min(usable, max(1, int(quota) // int(period)))
    return usable


def _groups() -> list[Path]:
    """The control groups of this process, from its own to the root: Slurm limits a job in one far below.

    Of version 2, see cgroups(7).
    """
    own = PurePosixPath("/")
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            if line.startswith("0::"):
                own = PurePosixPath(line[3:])
    return [CGROUPS / str(folder).lstrip("/") for folder in (own, *own.parents)]
