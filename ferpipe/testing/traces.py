"""What a stage under test leaves behind: files outside of its outputs, state of its class."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ferpipe.stages import Source, Stage

__all__ = ["class_state", "files_outside"]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset(
    {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
)
_NO_FILES = ("/dev/", "/proc/", "/sys/")
_CACHES = frozenset({"__pycache__", ".pytest_cache"})


@contextmanager
def files_outside(folder: Path) -> Iterator[list[str]]:
    """The files outside of `folder` that are written meanwhile by this thread and by new ones.

    Python's own calls are seen (PEP 578), and new files in the working directory, which a native
    library may have written.  Temporary files are led into the folder, and may be written.
    """
    (folder / "temporary").mkdir()
    found: list[str] = []
    before, there = {thread.ident for thread in threading.enumerate()}, _beside()
    me = threading.get_ident()
    kept = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder / "temporary")

    def see(path: str) -> None:
        if threading.get_ident() in before - {me} or path.startswith(_NO_FILES):
            return
        real = Path(path).resolve()
        if not real.is_relative_to(folder.resolve()) and not _CACHES & set(real.parts):
            found.append(str(real))

    _audit()
    _watchers.append(see)
    try:
        yield found
    finally:
        _watchers.remove(see)
        tempfile.tempdir = kept[0]
        if kept[1] is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = kept[1]
        found += [name for name in sorted(_beside() - there) if str(Path(name).resolve()) not in found]


_watchers: list[Any] = []
_installed = threading.Event()


def _audit() -> None:
    """Watch the interpreter; an audit hook stays for ever, so there is one."""
    if not _installed.is_set():
        _installed.set()
        sys.addaudithook(_seen)


def _seen(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watchers:
        return
    if event == "open":
        path, _, flags = arguments
        paths = [path] if isinstance(flags, int) and flags & _WRITES else []
    elif event in _CHANGES:
        paths = list(arguments[:2] if event in {"os.rename", "os.link", "os.symlink"} else arguments[:1])
    else:
        return
    for path in paths:
        if isinstance(path, str | bytes | os.PathLike):
            for see in tuple(_watchers):
                see(os.fsdecode(path))


def _beside() -> set[str]:
    with os.scandir() as entries:
        return {entry.name for entry in entries if entry.is_file() and entry.name not in _CACHES}


_CONTAINERS = (list, dict, set, bytearray, deque, np.ndarray)


def class_state(stage: type[Stage[Any]]) -> dict[str, object]:
    """What the classes of a stage hold that an instance could change, to be compared later."""
    state: dict[str, object] = {}
    for kind in stage.__mro__:
        if kind in {Stage, Source, object} or kind.__module__ == "typing":
            continue
        for name, value in vars(kind).items():
            dunder = name.startswith("__") and name.endswith("__")
            if (
                not dunder
                and not callable(value)
                and not hasattr(value, "__get__")
                and not name.startswith("_abc_")
            ):
                state[f"{kind.__name__}.{name}"] = _fingerprint(value)
    return state


def _fingerprint(value: object) -> object:
    """Containers by their content, everything else by what it is."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, _CONTAINERS):
        return (id(value), repr(value))
    return value if isinstance(value, int | float | str | bytes | bool | type(None)) else id(value)
