"""A new plugin package: one class, one hook, a test that passes, and what a good package has."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from string import Template

from ferpipe.errors import UsageError
from ferpipe.plugins._registry import Registry
from ferpipe.plugins.scaffold.common import FILES
from ferpipe.plugins.scaffold.kinds import KINDS

__all__ = ["KINDS", "scaffold"]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_KINDS = frozenset({"face", "frame", "faces", "tracks", "emotions", "smoothed", "marks", "canvas"})


def scaffold(name: str, into: Path, kind: str = "stage") -> Path:
    """Write the package `ferpipe-NAME` into a new folder below `into`, and give that folder.

    kind: what its stage is, one of `KINDS`.
    Raises UsageError for a name that cannot be a distribution's, that is taken by an installed
    stage or module, and where the folder exists or cannot be written.
    """
    stem = name.removeprefix("ferpipe-")
    _check(stem, name)
    folder = into / f"ferpipe-{stem}"
    about = {
        "name": stem,
        "module": f"ferpipe_{stem.replace('-', '_')}",
        "stage": "".join(part.capitalize() for part in stem.split("-")),
        "kind": stem.replace("-", "_"),
    }
    words = {
        **about,
        "version": version("ferpipe"),
        "year": str(datetime.now(timezone.utc).year),
        **{word: Template(text).safe_substitute(about) for word, text in KINDS[kind].items()},
    }
    try:
        folder.mkdir(parents=True)
        for path, text in FILES.items():
            target = folder / Template(path).substitute(words)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(text).substitute(words), encoding="utf-8")
    except FileExistsError as error:
        raise UsageError(f"{folder} exists already: choose another name, or --into another folder") from error
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror}") from error
    return folder


def _check(stem: str, name: str) -> None:
    if not _NAME.fullmatch(stem):
        raise UsageError(
            f"'{name}' cannot be a plugin's name: use small letters, digits and single hyphens, "
            "beginning with a letter"
        )
    if stem in _KINDS:
        raise UsageError(
            f"'{stem}' is the name of a kind that ferpipe's own stages give: choose another name"
        )
    registry = Registry()
    if stem in registry.names():
        raise UsageError(
            f"the stage '{stem}' is already given by {registry.origin(stem)}: choose another name"
        )
    module = f"ferpipe_{stem.replace('-', '_')}"
    if find_spec(module) is not None:
        raise UsageError(f"the module '{module}' is installed already: choose another name")
