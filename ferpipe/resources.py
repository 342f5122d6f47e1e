"""What ferpipe ships (pipelines, models, samples, assets), users' models, and small files to read."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_data_path

from ferpipe.errors import UsageError

__all__ = [
    "PREFIX",
    "Kind",
    "all_model_dirs",
    "bring_models",
    "expanded",
    "model_dirs",
    "read_json",
    "read_small",
    "resolve",
    "shipped",
    "user_models",
]

Kind = Literal["pipelines", "models", "samples", "assets"]
"""What ferpipe ships; `assets` is what its pages share: styles, modules, uPlot."""

PREFIX = "ferpipe:"
"""What a path begins with that is looked up in what ferpipe ships: `ferpipe:samples/demo.mp4`."""

_LARGEST = 16 * 1024 * 1024
"""Bytes of a description; the layers of a large network are some of them."""

_PACKAGE = Path(__file__).resolve().parent
_brought: dict[str, Callable[[], Iterable[str | Path]]] = {}
_KINDS: tuple[Kind, ...] = ("pipelines", "models", "samples")


def shipped(kind: Kind) -> Path:
    """The folder of shipped resources of one kind.

    It lies inside the package in an installed wheel, and beside it in a checkout.
    """
    inside = _PACKAGE / "_shipped"
    return (inside if inside.is_dir() else _PACKAGE.parent) / kind


def resolve(path: str | Path) -> Path:
    """The file that `path` means: `~` expanded, `ferpipe:samples/x` looked up in what ferpipe
    ships, anything else as given, relative to the working directory.

    Raises UsageError where a `ferpipe:` path names no shipped folder or leads out of it.
    """
    text = str(path)
    if not text.startswith(PREFIX):
        return expanded(path)
    first, _, rest = text[len(PREFIX) :].partition("/")
    folders = {kind: shipped(kind) for kind in _KINDS}
    if first not in folders:
        choices = ", ".join(f"'{PREFIX}{kind}/'" for kind in _KINDS)
        raise UsageError(f"'{text}' does not name a shipped folder: begin with one of {choices}")
    folder = folders[first]
    found = folder / rest
    if not Path(os.path.normpath(found)).is_relative_to(folder):
        raise UsageError(f"'{text}' leads out of what ferpipe ships: remove the '..'")
    return found


def read_small(path: Path, largest: int = _LARGEST) -> bytes:
    """The content of a file that describes something: a side file, a framing, a list.

    Raises OSError where it cannot be read, is a pipe or device, which may never end, or has more
    than `largest` bytes.
    """
    # A pipe without a writer would hold up the opening itself.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is a folder, pipe or device", str(path))
    with os.fdopen(handle, "rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest // 1024} kB", str(path))
    return content


def read_json(path: Path) -> Any:
    """The JSON in a small file.  Raises OSError as `read_small` does, ValueError where it is no JSON."""
    try:
        return json.loads(read_small(path))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def expanded(path: str | Path) -> Path:
    """`path` with `~` expanded.  Raises UsageError where nobody of that name has a home here."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError(f"'{path}' cannot be found: {error}; write the whole path") from None


def user_models() -> Path:
    """The folder that `ferpipe models pull` writes to: `FERPIPE_MODELS` where it is set, else
    `ferpipe/models` in the user's data folder (XDG base directories on Linux; the equivalents of
    macOS and Windows).  It need not exist.  Raises UsageError where the user has no home.
    """
    if own := os.environ.get("FERPIPE_MODELS"):
        return expanded(own)
    try:
        return user_data_path("ferpipe", appauthor=False) / "models"
    except RuntimeError:
        raise UsageError(
            "the user has no home folder here: set FERPIPE_MODELS to a folder of models"
        ) from None


def model_dirs() -> tuple[Path, ...]:
    """The folders in which a model is looked up by name: the user's, then the shipped one.

    The user's is omitted where there is none, or it may not be entered (`sudo -u`, a container).
    """
    try:
        own = user_models()
    except UsageError:
        return (shipped("models"),)
    return (own, shipped("models")) if _is_open(own) else (shipped("models"),)


def bring_models(plugin: str, folders: Callable[[], Iterable[str | Path]]) -> None:
    """Have the folders that a plugin gives looked through as well, once it is loaded."""
    _brought[plugin] = folders


def all_model_dirs() -> tuple[Path, ...]:
    """`model_dirs()`, and the folders of the plugins that are loaded; each once."""
    given: list[Path] = []
    for folders in tuple(_brought.values()):
        given += [Path(folder) for folder in folders()]
    return tuple(dict.fromkeys([*model_dirs(), *filter(_is_open, given)]))


def _is_open(folder: Path) -> bool:
    """Whether one may look into the folder, or find that it is not there."""
    try:
        os.scandir(folder).close()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return True
