"""The text of a pipeline file."""

from __future__ import annotations

from pathlib import Path

from ferpipe.documents.located import Notes, Place
from ferpipe.text import did_you_mean

__all__ = ["read_text"]

_LARGEST = 256 * 1024
"""Bytes of a pipeline file; a hundred stages are about 10 kB."""

_SUFFIXES = frozenset({".yaml", ".yml"})
_MEDIA = "a pipeline is a YAML file; 'ferpipe annotate' and 'ferpipe timeline' take videos"


def read_text(path: Path, notes: Notes) -> str | None:
    """The text of a file, or None with the reason in `notes`."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except FileNotFoundError:
        notes.add(Place(str(path)), "there is no such file", hint=_beside(path))
        return None
    except IsADirectoryError:
        notes.add(Place(str(path)), "is a folder", hint="name a pipeline file in it")
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        notes.add(Place(str(path)), f"cannot be read: {reason}")
        return None
    if len(raw) > _LARGEST:
        message = f"is larger than {_LARGEST // 1024} kB, so it is not a pipeline"
        notes.add(Place(str(path)), message, hint=_MEDIA if b"\0" in raw else "")
        return None
    return _decode(raw, path, notes)


def _decode(raw: bytes, path: Path, notes: Notes) -> str | None:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(str(path), before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        kin_of_text = path.suffix in _SUFFIXES or b"\0" not in raw
        notes.add(place, "is not UTF-8 text", hint="save the file as UTF-8" if kin_of_text else _MEDIA)
        return None


def _beside(path: Path) -> str:
    try:
        names = [file.name for file in path.parent.iterdir() if file.suffix in _SUFFIXES]
    except OSError:
        return ""
    return did_you_mean(path.name, names)
