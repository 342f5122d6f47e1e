"""Where a pipeline lies that was named on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ferpipe.errors import UsageError
from ferpipe.text import did_you_mean, listing

__all__ = ["find"]

_SUFFIXES = (".yaml", ".yml")


def find(name: str, ready: Mapping[str, Path]) -> Path:
    """The pipeline file that `name` means: a path, or the name of a ready pipeline.

    ready: the pipelines that `ferpipe.plugins.Registry.pipelines` gives.
    Raises UsageError where there is none, with the names that there are.
    """
    if "://" in name:
        raise UsageError(f"'{name}' is an address, not a pipeline (set it as an option of a source)")
    path = Path(name)
    if (path.exists() and not path.is_dir()) or path.suffix in _SUFFIXES or len(path.parts) > 1:
        return path
    if name in ready:
        return ready[name]
    hint = did_you_mean(name, ready)
    known = f"ready pipelines are {listing(sorted(ready), 'and')}" if ready else "give the path of a file"
    raise UsageError(f"no pipeline file or ready pipeline '{name}' ({hint or known})")
