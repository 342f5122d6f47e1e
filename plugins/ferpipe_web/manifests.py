"""Manifests of jobs and recordings, and the files beside them: never a link to elsewhere."""

from __future__ import annotations

import errno
import json
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ferpipe_web.errors import Refusal

__all__ = ["delete", "is_plain", "not_stored", "read_manifest", "write_manifest"]

_MOST = 1024**2
"""Bytes of a manifest."""


def is_plain(path: Path) -> bool:
    """Whether there is a regular file at `path`, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of the folder that `path` is in; None where it is damaged, or is that of another one."""
    try:
        if path.parent.is_symlink() or not is_plain(path) or path.stat().st_size > _MOST:
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("id") == path.parent.name else None


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Store a manifest; a kill leaves the old or the new one.  Raises OSError, and keeps the old one."""
    changed = path.with_suffix(".tmp")
    try:
        changed.write_text(json.dumps(manifest), encoding="utf-8")
        changed.replace(path)
    except OSError:
        with suppress(OSError):
            changed.unlink(missing_ok=True)
        raise


def delete(path: Path) -> None:
    """Delete a file, a link or a folder, whatever it is; what cannot be deleted stays."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def not_stored(error: OSError) -> Refusal:
    """The answer to a client whose file could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Refusal(507, "the disk of the server is full")
    return Refusal(503, "the server could not store it; its log says why", retry=60)
