"""What a stage is handed in `open`."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ferpipe.errors import redact
from ferpipe.measures import Measure
from ferpipe.output import Output
from ferpipe.packet import StreamInfo
from ferpipe.run.control import Control
from ferpipe.run.files import Files
from ferpipe.run.statements import check_note
from ferpipe.run.worker import Worker

__all__ = ["Board", "RunContext"]


class Board:
    """What the stages of one run share: the streams, and notes by the stage that wrote them."""

    def __init__(
        self,
        workers: Callable[[str], Iterable[Worker]] = lambda _: (),
        provenance: Callable[[str], Mapping[str, Any]] = lambda _: {},
    ) -> None:
        self.workers = workers
        self.provenance = provenance
        self.streams: dict[str, StreamInfo] = {}
        self.notes: dict[str, dict[str, Any]] = {}


if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter  # Python 3.10 cannot subscript it


class _Redacted(_Adapter):
    """Puts a message together before it removes the credentials, and a traceback into its text."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        if not self.isEnabledFor(level):
            return
        text = str(msg) % args if args else str(msg)
        if kwargs.pop("exc_info", None):
            text += "\n" + traceback.format_exc()
        self.logger.log(level, "%s", redact(text), **kwargs)


class RunContext:
    """The engine's `Context` (see `ferpipe.stages.Context`) for one stage of one run."""

    def __init__(
        self,
        worker: Worker,
        control: Control,
        board: Board,
        files: Files,
        *,
        live: Callable[[], bool],
        trusted: bool = True,
    ) -> None:
        self.name = worker.node.name
        self._live = live
        self.trusted = trusted
        self.stop: threading.Event = control.ending if worker.node.is_source else control.stop
        self.streams: Mapping[str, StreamInfo] = MappingProxyType(board.streams)
        self.measures: tuple[Measure, ...] = tuple(worker.arrival.measures.values())
        self._worker = worker
        self._control = control
        self._board = board
        self._files = files
        self._lock = threading.Lock()

    @property
    def log(self) -> logging.Logger:
        """A logger named `ferpipe.<stage>`."""
        return _Redacted(logging.getLogger(f"ferpipe.{self.name}"), {})  # type: ignore[return-value]

    @property
    def live(self) -> bool:
        """Whether the source is live; it may say so in its own `open`."""
        return self._live()

    @property
    def complete(self) -> bool:
        """Whether the sources were read to their end and nothing stopped the run before."""
        return self._control.complete

    @property
    def notes(self) -> Mapping[str, Any]:
        """What holds here: the notes of the stages that had a part in what arrives, and the own ones."""
        holding: dict[str, Any] = {}
        for name in (*self._worker.arrival.notes_from, self.name):
            holding.update(self._board.notes.get(name, {}))
        return MappingProxyType(holding)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The stages before this one, and their checksum."""
        return self._board.provenance(self.name)

    def note(self, key: str, value: Any) -> None:
        """Leave a fact for the stages behind."""
        check_note(key, value)
        self._board.notes.setdefault(self.name, {})[key] = value

    def ask(self, kind: str, wanted: Any) -> None:
        """Ask whoever gives `kind` here, and those before it that it has `kind` from."""
        arrival = self._worker.arrival
        while (giver := arrival.givers.get(kind)) is not None:
            workers = list(self._board.workers(giver))
            for worker in workers:
                worker.stage.asked(kind, wanted)
            if not workers or kind not in workers[0].node.needs:
                break
            arrival = workers[0].arrival

    def alive(self, state: str | None = None) -> None:
        """Reset the watchdog; `state` goes into the statistics."""
        self._worker.alive()
        if state is not None:
            self._worker.state = state

    def wanted(self, timeout: float) -> bool:
        """Wait for room at the gate; files have none."""
        gate = self._worker.gate
        return gate is None or gate.wants(timeout)

    def missed(self, n: int = 1) -> None:
        """Count frames that never came to the gate; where there is none, by themselves."""
        if self._worker.gate is not None:
            self._worker.gate.missed(n)
        else:
            self.count("missed", n)

    def incomplete(self, why: str) -> None:
        """Remember that the sources were not read whole; an error in the log, since `--quiet` shows those."""
        self._control.cut_short = True
        self.log.error("%s", why)

    def count(self, what: str, n: int = 1) -> None:
        """Add to a counter of the stage, from any thread."""
        with self._lock:
            self._worker.counters[what] += n

    def input(self, path: str | Path) -> Path:
        """The file to read."""
        return self._files.input(self.name, path)

    def output(self, path: str | Path) -> Path:
        """The file to write."""
        return self.create(path).target

    def create(self, path: str | Path) -> Output:
        """The file to write, locked; finishing what was written may last as long as it moves on."""
        return self._files.create(self.name, path, progress=self._worker.writing)

    def finish(self) -> None:
        """End the run as if the sources had ended."""
        self._control.finish()

    def wrote(self, path: str | Path, about: Iterable[str] = ()) -> None:
        """Remember a finished output."""
        self._files.wrote(path, about)
