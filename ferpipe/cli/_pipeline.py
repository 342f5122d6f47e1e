"""Loading the pipeline that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferpipe.config import Definition, find, load
from ferpipe.errors import ConfigError, Problem, UsageError
from ferpipe.plugins import registry_with

__all__ = ["load_named"]


def load_named(
    name: str,
    overrides: Sequence[str] = (),
    plugins: Sequence[str | Path] = (),
    *,
    local_plugins: bool = True,
) -> Definition:
    """The pipeline that `name` means, a file or a ready one, with a registry of its own.

    Raises ConfigError with every mistake.
    """
    registry = registry_with(plugins, "--plugin")
    try:
        path = find(name, registry.pipelines())
    except UsageError as error:
        raise ConfigError([Problem(str(error))]) from error
    return load(path, registry=registry, overrides=overrides, local_plugins=local_plugins)
