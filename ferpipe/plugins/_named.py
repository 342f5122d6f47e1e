"""The registry for someone who names plugin files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferpipe.errors import ConfigError, Problem
from ferpipe.plugins._registry import Registry

__all__ = ["registry_with"]


def registry_with(files: Sequence[str | Path], named_by: str) -> Registry:
    """A registry that has the stages of `files`.

    An installed plugin that is broken does not stop anything, as it was not requested; a file
    was.  Raises ConfigError with each that is broken; `named_by` is what named them.
    """
    registry = Registry()
    broken = [problem for file in files if (problem := registry.add_file(file)) is not None]
    if broken:
        raise ConfigError([Problem(str(problem), named_by) for problem in broken])
    return registry
