"""The hooks a plugin can implement; this screen is all of them.

A plugin is a module named by an entry point of the group `ferpipe`, or a Python file named in a
pipeline.  Mark an implementation with `ferpipe.hookimpl`.  Those of ferpipe come first, then those of
installed plugins by name, then files; `tryfirst` and `trylast` change that.  A wrapper
(`hookimpl(wrapper=True)`) is called around each plugin's implementation, and gives a list too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    from ferpipe.check import Check
    from ferpipe.stages import Stage

__all__ = ["hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("ferpipe")
hookimpl = pluggy.HookimplMarker("ferpipe")
"""Marks a function of a plugin as the implementation of the hook of its name."""


@hookspec
def ferpipe_stages() -> Mapping[str, type[Stage[Any]] | str]:  # type: ignore[empty-body]
    """Stages by the name that pipelines use: the class, or "package.module:Class", which is
    imported when a pipeline first uses it.
    """


@hookspec
def ferpipe_pipelines() -> Iterable[Path]:  # type: ignore[empty-body]
    """Folders of ready pipelines, found by `ferpipe run NAME`."""


@hookspec
def ferpipe_models() -> Iterable[Path]:  # type: ignore[empty-body]
    """Folders of models, each model with its side file, found by name."""


@hookspec
def ferpipe_doctor() -> Iterable[Check]:  # type: ignore[empty-body]
    """Checks of the machine that `ferpipe doctor` prints."""
