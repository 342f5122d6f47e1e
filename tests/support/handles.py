"""Which files this process holds open: by their names, since others come and go with the garbage."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["held_below"]


def held_below(*folders: Path) -> list[str]:
    """The open files, also deleted ones, that lie in one of the folders."""
    held = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            held.append(str(link.readlink()))
        except FileNotFoundError:  # the handle that read the folder itself
            continue
    return [name for name in held if any(name.startswith(f"{folder}{os.sep}") for folder in folders)]
