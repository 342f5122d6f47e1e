"""The checksum that a model file is known by."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["file_digest"]


def file_digest(path: Path) -> str | None:
    """SHA-256 of a file in hexadecimal digits, None where it cannot be read or is no file."""
    if not path.is_file():  # a device has no end
        return None
    try:
        with path.open("rb") as file:
            hasher = hashlib.sha256()
            while block := file.read(1 << 20):
                hasher.update(block)
    except OSError:
        return None
    return hasher.hexdigest()
