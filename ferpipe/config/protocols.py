"""What a pipeline's loader asks of the stages that are installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ferpipe.stages import Stage

__all__ = ["StageEntry", "Stages", "givers"]


class StageEntry(Protocol):
    """One installed stage; `stage` is None where its plugin is broken."""

    @property
    def name(self) -> str:
        """The name that pipelines use."""
        ...

    @property
    def stage(self) -> type[Stage[Any]] | None:
        """The class."""
        ...


class Stages(Protocol):
    """The part of `ferpipe.plugins.Registry` that loading a pipeline needs."""

    def names(self) -> Sequence[str]:
        """Every registered name; imports no stage."""
        ...

    def stage(self, name: str) -> type[Stage[Any]]:
        """The class; KeyError where the name is unknown, UsageError where its plugin is broken."""
        ...

    def entries(self) -> Sequence[StageEntry]:
        """Every stage; imports them all."""
        ...

    def unused(self) -> Sequence[str]:
        """The plugins that are broken, or that `FERPIPE_PLUGINS` leaves out."""
        ...

    def add_file(self, path: Path) -> object:
        """Register the stages of a plugin file; None, or what says why it cannot be."""
        ...


def givers(stages: Stages) -> Mapping[str, frozenset[str]]:
    """For each kind the names of the stages that give it without needing it."""
    kinds: dict[str, set[str]] = {}
    for entry in stages.entries():
        if entry.stage is None:
            continue
        measures = {measure.name for measure in entry.stage.measures}
        for kind in (entry.stage.gives | measures) - entry.stage.needs:
            kinds.setdefault(kind, set()).add(entry.name)
    return {kind: frozenset(names) for kind, names in kinds.items()}
