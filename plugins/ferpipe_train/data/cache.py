"""Faces that have been read once, kept as arrays so that they load in a second.

A cache is named by what was read (paths, sizes, times of change) and how (the options): what has
changed is read afresh.  It is an uncompressed npz, and can itself be given as data.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from platformdirs import user_cache_path

from ferpipe import UsageError
from ferpipe.resources import expanded
from ferpipe_train.data.faces import LabelledFaces

__all__ = ["cache_dir", "key_of", "load_cache", "save_cache"]

_FORMAT = "ferpipe.faces/1"
_KEPT = 12
"""Caches kept; the ones unused for longest go first."""


def cache_dir() -> Path:
    """`FERPIPE_CACHE` where it is set, else `ferpipe/faces` in the user's cache folder."""
    if own := os.environ.get("FERPIPE_CACHE"):
        return expanded(own)
    try:
        return user_cache_path("ferpipe", appauthor=False) / "faces"
    except RuntimeError:
        raise UsageError(
            "the user has no home folder here: set FERPIPE_CACHE to a folder for caches"
        ) from None


def key_of(files: Iterable[Path], **options: Any) -> str:
    """The name of the cache of `files` read with `options`."""
    digest = hashlib.sha256(json.dumps([_FORMAT, options], sort_keys=True).encode())
    for file in files:
        stat = file.stat()
        digest.update(f"{file.absolute()}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:24]


def save_cache(path: Path, faces: LabelledFaces) -> None:
    """Write `faces` to `path`, all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "format": _FORMAT,
        "classes": faces.classes,
        "problems": faces.problems,
        "source": faces.source,
    }
    arrays: dict[str, Any] = {"images": faces.images, "labels": faces.labels, "splits": faces.splits}
    if faces.votes is not None:
        arrays["votes"] = faces.votes
    handle, part = tempfile.mkstemp(suffix=".part", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)
    Path(part).replace(path)
    _prune(path.parent)


def load_cache(path: Path) -> LabelledFaces:
    """The faces that `save_cache` wrote.  Raises UsageError where `path` is something else."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            if about.get("format") != _FORMAT:
                raise UsageError(f"{path} is a cache of format {about.get('format')!r}, expected {_FORMAT}")
            return LabelledFaces(
                file["images"],
                file["labels"],
                file["splits"],
                tuple(about["classes"]),
                file.get("votes"),
                tuple(about["problems"]),
                about["source"],
            )
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise UsageError(f"{path} is not a cache of faces: {error}") from error


def _prune(folder: Path) -> None:
    caches = sorted(folder.glob("*.npz"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in caches[_KEPT:]:
        with suppress(OSError):
            old.unlink()
