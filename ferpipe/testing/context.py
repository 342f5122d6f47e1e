"""A `Context` for stages that run outside of a run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferpipe.measures import Measure
from ferpipe.output import Output
from ferpipe.packet import StreamInfo
from ferpipe.run.statements import check_note

__all__ = ["TestContext"]


@dataclass
class TestContext:
    """A `Context` outside a run: it writes under `folder` and records what the stage reports."""

    __test__ = False

    folder: Path
    name: str = "stage"
    live: bool = False
    complete: bool = True
    trusted: bool = True
    streams: dict[str, StreamInfo] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    asks: list[tuple[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    outputs: list[Path] = field(default_factory=list)
    about: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("ferpipe.testing"))

    def note(self, key: str, value: Any) -> None:
        """Keep a fact in `notes`."""
        check_note(key, value)
        self.notes[key] = value

    def ask(self, kind: str, wanted: Any) -> None:
        """Record the request in `asks`."""
        self.asks.append((kind, wanted))

    def alive(self, state: str | None = None) -> None:
        """Keep the state in `states`."""
        if state is not None:
            self.states.append(state)

    def wanted(self, timeout: float) -> bool:  # noqa: ARG002
        """There is always room."""
        return True

    def missed(self, n: int = 1) -> None:
        """Add to the count `missed`."""
        self.count("missed", n)

    def incomplete(self, why: str) -> None:
        """Set `complete` to False and log why."""
        self.complete = False
        self.log.error("%s", why)

    def count(self, what: str, n: int = 1) -> None:
        """Add to `counts`."""
        self.counts[what] = self.counts.get(what, 0) + n

    def input(self, path: str | Path) -> Path:
        """The path itself."""
        return Path(path)

    def output(self, path: str | Path) -> Path:
        """A path under `folder`."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def create(self, path: str | Path) -> Output:
        """A file under `folder`; one that is there already is replaced."""
        return Output(self.output(path), overwrite=True)

    def finish(self) -> None:
        """Set `stop`."""
        self.stop.set()

    def wrote(self, path: str | Path, about: Iterable[str] = ()) -> None:
        """Keep the path in `outputs`, the lines in `about`."""
        self.outputs.append(Path(path))
        self.about[Path(path)] = tuple(about)
