"""What loading a pipeline gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ferpipe.errors import Problem
from ferpipe.graph.model import Graph, RunSettings

__all__ = ["Definition"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A proven pipeline, ready to be made and run.

    path: the file it was read from, None where it came from text or objects.
    warnings: what is allowed and still looks like a mistake, with its place.
    plugins: the plugin files that the pipeline names, as absolute paths.
    """

    name: str
    path: Path | None
    graph: Graph
    settings: RunSettings = field(default_factory=RunSettings)
    warnings: tuple[Problem, ...] = ()
    plugins: tuple[Path, ...] = ()
