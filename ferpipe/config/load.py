"""Load a pipeline: from a file, a text, or plain Python objects."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ferpipe.config.assemble import Assembly
from ferpipe.config.definition import Definition
from ferpipe.config.document import Run
from ferpipe.config.overrides import read_overrides
from ferpipe.config.protocols import Stages
from ferpipe.documents.located import Item, Notes, Place, from_object
from ferpipe.documents.reader import expand, parse
from ferpipe.documents.text_file import read_text
from ferpipe.documents.validation import validate
from ferpipe.documents.variables import Withheld
from ferpipe.errors import ConfigError, Problem
from ferpipe.graph import RunSettings

__all__ = ["from_dict", "load", "loads", "settings_with"]

AnyStages = Stages | Callable[[], Stages] | None


def load(
    path: str | Path,
    *,
    registry: AnyStages = None,
    overrides: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    local_plugins: bool = True,
) -> Definition:
    """The proven pipeline in a YAML file.

    registry: the installed stages, or what makes them; default: `ferpipe.plugins.Registry()`.
        The plugin files that the pipeline names are added to it.
    overrides: `stage.option=value` or `run.setting=value`, the value in YAML.
    env: the variables that `${VAR}` refers to; default: the environment.
    local_plugins: whether the pipeline is trusted: whether it may name plugin files, which are code,
        read the environment, and have its stages do more than read sources and write files.
    Raises ConfigError with every mistake, each with file, line and column.
    """
    if "://" in str(path):
        # A Path folds the slashes, after which no password is recognised as one.
        raise ConfigError([Problem(f"'{path}' is an address, not a pipeline file")])
    path = Path(path)
    notes = Notes()
    text = read_text(path, notes)
    if text is None:
        raise ConfigError(notes.problems)
    assembly = Assembly(notes, _stages(registry), path.parent, local_plugins=local_plugins)
    item = parse(text, str(path), notes, _variables(env, local_plugins=local_plugins))
    return _build(assembly, item, overrides, path)


def loads(
    text: str,
    *,
    file: str | None = None,
    base_dir: str | Path = ".",
    registry: AnyStages = None,
    overrides: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    local_plugins: bool = True,
) -> Definition:
    """The proven pipeline in a YAML text; `file` is what messages call it.

    Plugin files are taken from `base_dir`.  The rest is as for `load`.
    """
    notes = Notes()
    assembly = Assembly(notes, _stages(registry), Path(base_dir), local_plugins=local_plugins)
    item = parse(text, file, notes, _variables(env, local_plugins=local_plugins))
    return _build(assembly, item, overrides, None)


def from_dict(
    data: Mapping[str, Any],
    *,
    base_dir: str | Path = ".",
    registry: AnyStages = None,
    overrides: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    local_plugins: bool = True,
    variables: bool = True,
    python: bool = False,
) -> Definition:
    """The proven pipeline in plain Python objects, as `yaml.safe_load` gives them.

    Its mistakes have no lines.  variables: whether `${VAR}` in it is resolved.  python: whether messages
    speak of arguments in Python rather than of the keys of a file.  The rest is as for `loads`.
    """
    notes = Notes(python=python)
    assembly = Assembly(notes, _stages(registry), Path(base_dir), local_plugins=local_plugins)
    try:
        item = from_object(data, Place())
    except RecursionError:
        notes.add(Place(), "is nested too deeply")
        raise ConfigError(notes.problems) from None
    if variables:
        expand(item, notes, _variables(env, local_plugins=local_plugins))
    return _build(assembly, item, overrides, None)


def settings_with(base: RunSettings, changes: Mapping[str, Any]) -> RunSettings:
    """`base` with some fields changed; those of a file's `run` are checked as there.

    Raises ConfigError with every mistake.
    """
    own = {key: value for key, value in changes.items() if key == "trusted"}
    given = {key: value for key, value in changes.items() if key not in own}
    notes = Notes(python=True)
    run = validate(Run, from_object(given, Place()), notes, noun="setting", owner="a run")
    if run is None:
        raise ConfigError(notes.problems)
    return replace(base, **own, **{key: getattr(run, key) for key in given})


def _build(assembly: Assembly, item: Item | None, overrides: Sequence[str], path: Path | None) -> Definition:
    notes = assembly.notes
    if item is None:
        raise ConfigError(notes.in_order())
    definition = assembly.build(item, read_overrides(overrides, notes), path)
    if notes.problems or definition is None:
        raise ConfigError(notes.in_order())
    return definition


def _variables(env: Mapping[str, str] | None, *, local_plugins: bool) -> Mapping[str, str]:
    if env is not None:
        return env
    return os.environ if local_plugins else Withheld(os.environ)


def _stages(registry: AnyStages) -> Stages:
    if registry is None:
        from ferpipe.plugins import Registry

        return Registry()
    return registry() if callable(registry) else registry
