"""What `ferpipe doctor` looks at: the engine's own checks, then those of the plugins."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from ferpipe import __version__
from ferpipe.check import Check
from ferpipe.models import REMOTE, Shelf, find
from ferpipe.text import shown

if TYPE_CHECKING:
    from ferpipe.plugins import Registry

__all__ = ["checks"]

_ADVICE = {
    "missing": "put the file there, or reinstall what the model came with",
    "changed": "fetch or install the model again: its weights are not those that were published",
    "unreadable": "correct or delete the side file: it is not JSON",
}


def checks(registry: Registry) -> Iterator[Check]:
    """Every check, as it is done.  A plugin whose check raises becomes a check that failed."""
    yield _python()
    yield Check("ferpipe", "ok", __version__)
    yield from _packages()
    yield _display()
    known = len(registry.broken())
    for origin, item in registry.each("ferpipe_doctor"):
        yield (
            item if isinstance(item, Check) else Check(origin, "warn", f"returned {shown(item)}, no Check")
        )
    yield from _models(registry)
    yield from _stages(registry)
    yield from _plugins(registry, known)


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.platform(terse=True)} ({platform.machine()})"
    return Check("python", "ok", found)


def _packages() -> Iterator[Check]:
    """The packages that ferpipe's own metadata asks for.  One may be there under another name
    (`opencv-python-headless`), so that only the plugins, who try them, can call it a failure.
    """
    for name in _required():
        found = _version(name)
        yield (
            Check(name, "ok", found) if found else Check(name, "warn", "not installed", f"pip install {name}")
        )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _required() -> list[str]:
    try:
        lines = requires("ferpipe") or []
    except PackageNotFoundError:  # ferpipe runs from a folder that was never installed
        return []
    found = map(Requirement, lines)
    return sorted(one.name for one in found if one.marker is None or one.marker.evaluate({"extra": ""}))


def _display() -> Check:
    """Whether a window can be shown here, judged by the environment; nothing is opened."""
    if sys.platform in {"win32", "darwin"}:
        return Check("display", "ok", sys.platform)
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if value := os.environ.get(variable):
            return Check("display", "ok", f"{variable}={value}")
    return Check("display", "warn", "none", "the stage 'window' needs one; write a video instead")


def _models(registry: Registry) -> Iterator[Check]:
    shelves = find(registry.model_dirs())
    for shelf in shelves:
        yield _model(shelf)
    for name in REMOTE.keys() - {shelf.name for shelf in shelves}:
        yield Check(f"model {name}", "warn", "not here", f"'ferpipe models pull {name}' downloads it")


def _model(shelf: Shelf) -> Check:
    if shelf.state in {"ok", "unchecked"}:
        return Check(f"model {shelf.name}", "ok", f"{shelf.path} ({shelf.state})")
    return Check(f"model {shelf.name}", "fail", f"{shelf.state}: {shelf.path}", _ADVICE[shelf.state])


def _stages(registry: Registry) -> Iterator[Check]:
    entries = registry.entries()
    whole = [entry for entry in entries if entry.error is None]
    yield Check("stages", "ok" if whole else "fail", f"{len(whole)} of {len(entries)} can be used")
    for entry in entries:
        if entry.error is not None:
            advice = "install what is missing, or remove the plugin"
            yield Check(f"stage {entry.name}", "warn", f"{entry.origin}: {entry.error}", advice)


def _plugins(registry: Registry, known: int) -> Iterator[Check]:
    for position, note in enumerate(registry.broken()):
        during = " (while it was checked)" if position >= known else ""
        yield Check(f"plugin{during}", "warn", str(note), "install what is missing, or remove the plugin")
    if left := registry.left_out():
        yield Check(
            "FERPIPE_PLUGINS", "warn", f"leaves out {', '.join(left)}", "unset it, or add their names"
        )
