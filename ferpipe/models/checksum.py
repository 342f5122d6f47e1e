"""The checksum that the files of a model are known by."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["digest", "file_digest"]

_BLOCK = 1 << 20


def digest(*paths: Path) -> str:
    """The SHA-256 of one file; of several files, or of a folder, that of the sorted lines
    "<sha256 of a file>  <its relative name>" as `sha256sum` prints them.

    Raises OSError where one cannot be read.
    """
    if len(paths) == 1 and paths[0].is_file():
        return _sha256(paths[0])
    named = [entry for path in paths for entry in _named_files(path)]
    lines = sorted(f"{_sha256(file)}  {name}\n" for name, file in named)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def file_digest(path: Path) -> str | None:
    """SHA-256 of a file in hexadecimal digits, None where it cannot be read or is no file."""
    if not path.is_file():  # a device has no end
        return None
    try:
        return _sha256(path)
    except OSError:
        return None


def _named_files(path: Path) -> list[tuple[str, Path]]:
    if path.is_file():
        return [(path.name, path)]
    return [(file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file()]


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()
