"""One run of a graph, from opening to closing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from ferpipe.errors import FerpipeError, RunError, StageError
from ferpipe.graph.model import Graph, Node, RunSettings
from ferpipe.packet import Packet
from ferpipe.run.claims import claim, release
from ferpipe.run.context import Board, RunContext
from ferpipe.run.control import Control
from ferpipe.run.error_text import explain
from ferpipe.run.executor import Component, Executor, Floor
from ferpipe.run.files import Files
from ferpipe.run.inline import InlineExecutor
from ferpipe.run.ledger import Ledger
from ferpipe.run.memory import release_memory
from ferpipe.run.provenance import provenance
from ferpipe.run.replicas import copies
from ferpipe.run.report import RunReport
from ferpipe.run.source import wake
from ferpipe.run.statements import stream_objection
from ferpipe.run.statistics import summarise
from ferpipe.run.threads import ThreadsExecutor
from ferpipe.run.timing import Ages
from ferpipe.run.trace import Trace
from ferpipe.run.watchdog import Watchdog
from ferpipe.run.worker import Call, Worker
from ferpipe.stages import Source, Stage

__all__ = ["Run"]

_GRACE = 1.0
"""Seconds that frames under way have to reach the outputs after a stop."""
_PATIENCE = 0.3
"""Seconds that calls under way have to return after that, before their stages are left behind."""
_EXECUTORS: dict[str, type[Executor]] = {"inline": InlineExecutor, "threads": ThreadsExecutor}


class Run:
    """Runs a graph once, in threads of its own; the caller's thread stays free.

    `start`, then `wait`; `finish` ends the run early and in good order from any thread or signal
    handler.  `made` holds stages that exist already, by node name; each can be in one run at a time.
    `tap` is called with each packet that leaves the node `at`, or the last one of each component.
    """

    def __init__(
        self,
        graph: Graph,
        settings: RunSettings | None = None,
        *,
        made: Mapping[str, Stage[Any]] | None = None,
        tap: Callable[[Packet], None] | None = None,
        at: str | None = None,
        trace: Path | None = None,
    ) -> None:
        self.graph = graph
        self.settings = settings or RunSettings()
        self.control = Control()
        self.files = Files(self.settings.output_dir, overwrite=self.settings.overwrite)
        self.trace_error: RunError | None = None
        self._board = Board(self._all, partial(provenance, graph))
        self._trace = self._traced(trace) if trace is not None else None
        self._made = dict(made or {})
        ends = [at] if at is not None else [names[-1] for names in graph.components]
        self._taps = {} if tap is None else dict.fromkeys(ends, tap)
        self._workers: dict[str, Worker] = {}
        self._copies: dict[str, list[Worker]] = {}
        self._components: list[Component] = []
        self._executor: Executor | None = None
        self._closing: deque[Worker] = deque()
        self._closer: threading.Thread | None = None
        self._takeover = threading.Lock()
        self._done = threading.Event()
        self._started = 0.0
        self._elapsed: float | None = None
        self._ages = Ages()

    def start(self) -> Run:
        """Begin; returns at once.  Raises UsageError where a stage in `made` is in another run."""
        claim(self._made)
        self._started = monotonic()
        threading.Thread(target=self._work, name="ferpipe-run", daemon=True).start()
        Watchdog(
            self.control,
            self._everyone,
            open_timeout=self.settings.open_timeout,
            hangs=self._hangs,
            ended=lambda: wake(self._workers.values()),
            overdue=self._overdue,
        ).start(self._done)
        return self

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; True when it has come and every output is finished."""
        return self._done.wait(timeout)

    def finish(self, reason: str | None = None) -> None:
        """End the run: sources stop, what is under way is finished, outputs are closed."""
        self.control.finish(reason)

    @property
    def left_behind(self) -> tuple[str, ...]:
        """Stages that are still inside a call that did not end; their threads live on."""
        return tuple(name for name in self._workers if any(w.abandoned for w in self._all(name)))

    def report(self) -> RunReport:
        """The figures now; final once `wait` has returned True."""
        return summarise(
            {name: self._all(name) for name in self._workers},
            self._components,
            self._executor.depths() if self._executor is not None else {},
            self._board,
            RunReport(
                elapsed=self._elapsed if self._elapsed is not None else monotonic() - self._started,
                first_frame=None if self._ages.first is None else self._ages.first - self._started,
                sources=(),
                stages=(),
                outputs=tuple(self.files.finished),
                about=dict(self.files.about),
                notes={name: dict(notes) for name, notes in self._board.notes.items()},
                reason=self.control.reason,
                error=self.control.error,
                others=tuple(self.control.others),
            ),
            self._ages.known,
        )

    def _traced(self, path: Path) -> Trace:
        output = self.files.figures("--trace", path, overwrite=self.settings.overwrite)
        return Trace(output, [node.name for node in self.graph.nodes])

    # -- the run's own thread ------------------------------------------------------------

    def _work(self) -> None:
        try:
            if self._make() and self._open():
                self._execute()
        except BaseException as error:  # noqa: BLE001 -- the run must end whatever happens
            self.control.fail(
                error if isinstance(error, FerpipeError) else RunError(f"the engine failed: {explain(error)}")
            )
        self._close(None)

    def _make(self) -> bool:
        workers = {node.name: self._worker(node) for node in self.graph.nodes if not self.control.error}
        made = {name: worker for name, worker in workers.items() if worker is not None}
        self._workers = made if len(made) == len(self.graph.nodes) else {}
        return bool(self._workers)

    def _worker(self, node: Node) -> Worker | None:
        try:
            stage = self._made[node.name] if node.name in self._made else node.stage(node.options)
            arrival = self.graph.arrivals[node.name]
            worker = Worker(node, stage, self.control, arrival=arrival, trace=self._trace)
        except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
            self.control.fail(StageError(node.name, "__init__", explain(error)))
            return None
        worker.cleared = lambda: self.files.release((node.name,))
        return worker

    def _all(self, name: str) -> list[Worker]:
        """The workers of a node: its own, and its copies."""
        return [self._workers[name], *self._copies.get(name, ())]

    def _everyone(self) -> list[Worker]:
        return [worker for name in self._workers.copy() for worker in self._all(name)]

    def _open(self) -> bool:
        sources = {name: names[0] for names in self.graph.components for name in names}
        for worker in sorted(self._workers.values(), key=lambda worker: not worker.node.is_source):
            name = worker.node.name
            live = partial(self._is_live, sources[name])
            if not self._open_one(worker, live):
                return False
            if isinstance(worker.stage, Source):
                self._announce(worker, worker.stage)
            elif not live() and not self.control.ending.is_set():
                self._copies[name] = [] if name in self._made else copies(worker, self.settings, self._trace)
                if not all(self._open_one(copy, live) for copy in self._copies[name]):
                    return False
        return not self.control.ending.is_set()

    def _open_one(self, worker: Worker, live: Callable[[], bool]) -> bool:
        """Open a stage; False where the run is to end."""
        if self.control.ending.is_set():
            return False
        context = RunContext(
            worker, self.control, self._board, self.files, live=live, trusted=self.settings.trusted
        )
        worker.opened = True
        self._closing.appendleft(worker)
        try:
            worker.guarded("open", partial(worker.stage.open, context))
        except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
            worker.fail(worker.as_error("open", error))
        return not worker.abandoned and not worker.dead

    def _announce(self, worker: Worker, source: Source[Any]) -> None:
        if (wrong := stream_objection(getattr(source, "stream", None))) is not None:
            worker.fail(worker.stage_error("open", wrong))
        else:
            self._board.streams[worker.node.name] = source.stream

    def _is_live(self, source: str) -> bool:
        if self.settings.mode != "auto":
            return self.settings.mode == "live"
        stage = self._workers[source].stage
        return isinstance(stage, Source) and stage.live

    def _execute(self) -> None:
        for names in self.graph.components:
            leaves = sum(not self.graph.consumers[name] for name in names)
            self._components.append(
                Component(names[0], names, Ledger(leaves, self.control), self._is_live(names[0]))
            )
        stages = (self._workers, self._components, self._ages.see, self._copies)
        floor = Floor(self.graph, self.settings, self.control, *stages, self._taps)
        self._executor = _EXECUTORS[self.settings.executor](floor)
        self._executor.execute()
        self.control.settle()

    # -- closing -------------------------------------------------------------------------

    def _close(self, instead_of: threading.Thread | None) -> None:
        """Close what is open, in reverse order; taken over by another thread where a close hangs."""
        with self._takeover:
            if self._closer is not instead_of:
                return
            self._closer = me = threading.current_thread()
        self.control.cut()  # copies of a stage that hangs would wait for their turn for ever
        for worker in self._remaining(me):
            worker.dead = True  # a thread that comes back late must not call a closed stage
            try:
                worker.guarded("close", worker.stage.close)
            except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
                if not worker.abandoned:
                    worker.fail(worker.as_error("close", error))
            if self._closer is not me:
                return
        for component in self._components:
            component.ledger.write_off()
        self.files.release(self._workers.keys() - set(self.left_behind))
        if self._trace is not None and (failure := self._trace.close(keep=not self.report().refused)):
            self.trace_error = failure
            self.control.mention(failure)
        release({name: stage for name, stage in self._made.items() if name not in self.left_behind})
        release_memory()
        self._elapsed = monotonic() - self._started
        self._done.set()

    def _remaining(self, me: threading.Thread) -> Iterator[Worker]:
        while self._closer is me and self._closing:
            worker = self._closing.popleft()
            if not worker.abandoned and not self._still_busy(worker):
                yield worker

    def _still_busy(self, worker: Worker) -> bool:
        """Whether the stage is still inside a call after the run has ended; then it cannot be closed."""
        patience = monotonic() + _PATIENCE
        while worker.call is not None and monotonic() < patience:
            self._done.wait(0.01)
        call = worker.call
        if call is None:
            return False
        if not worker.abandon(call):
            return False
        self.control.mention(worker.stage_error(call.what, "did not end in time and was abandoned"))
        return True

    # -- in the watchdog's thread --------------------------------------------------------

    def _overdue(self, seconds: float) -> None:
        if seconds > _GRACE:
            self.control.cut()
        if seconds > _GRACE + _PATIENCE and self._closer is None:
            self._take_over(None)

    def _hangs(self, worker: Worker, call: Call, limit: float) -> None:
        """Go on without a stage that was left behind in `call`."""
        self.control.fail(worker.stage_error(call.what, f"no response for {limit:g} s", call.message))
        for component in self._components:
            if call.message is not None and worker.node.name in component.names:
                component.ledger.condemn(call.message.without("failed", worker.node.name))
        if call.what == "close":
            self._take_over(self._closer)
        elif call.what == "open" or self._executor is None or not self._executor.abandon(worker.node.name):
            self._take_over(None)

    def _take_over(self, instead_of: threading.Thread | None) -> None:
        threading.Thread(target=self._close, args=(instead_of,), name="ferpipe-close", daemon=True).start()
