"""A thread a stage and bounded queues between them: the executor to work with."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial

from ferpipe.errors import RunError
from ferpipe.run.error_text import explain
from ferpipe.run.executor import Component, Executor, Floor
from ferpipe.run.gate import Gate, room_for
from ferpipe.run.mailbox import Mailbox
from ferpipe.run.message import END, Message
from ferpipe.run.replicas import Replicas
from ferpipe.run.source import packets_of
from ferpipe.run.worker import Worker

__all__ = ["ThreadsExecutor"]

_LIVE_SWITCH = 0.0005
"""Seconds for which a thread may keep the interpreter from the others on a live run.  Reading a stream
takes it for a moment some ten times a frame; behind a stage that computes in Python it came too late
with 5 ms, the interpreter's own choice."""


class _Switching:
    """The interpreter's switch interval, which is one for the process: the first of the live runs that
    overlap changes it, the last changes it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._before = 0.0

    @contextmanager
    def quickly(self) -> Iterator[None]:
        """Switch threads as often as a live run needs, until the body has ended."""
        with self._lock:
            self._runs += 1
            if self._runs == 1:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before, _LIVE_SWITCH))
        try:
            yield
        finally:
            with self._lock:
                self._runs -= 1
                if not self._runs:
                    sys.setswitchinterval(self._before)


_switching = _Switching()


class ThreadsExecutor(Executor):
    """Stages overlap in time: their native calls release the interpreter's lock."""

    def __init__(self, floor: Floor) -> None:
        super().__init__(floor)
        nodes = floor.graph.nodes
        self._lanes = {node.name: floor.lanes(node.name) for node in nodes}
        self._silent = frozenset(node.name for node in nodes if floor.is_silent(node.name))
        self._boxes = {
            node.name: Mailbox(len(node.inputs), floor.settings.queue, floor.control)
            for node in nodes
            if not node.is_source
        }
        self._done = {node.name: threading.Event() for node in nodes}
        self._working: dict[str, int] = {}
        self._replicas: dict[str, Replicas] = {}
        self._ending = threading.Lock()

    def execute(self) -> None:
        """Start a thread a node and wait for all of them."""
        live = any(component.live for component in self.floor.components)
        with _switching.quickly() if live else nullcontext():
            for component in self.floor.components:
                for name in reversed(component.names):
                    self._start(component, name)
            for done in self._done.values():
                done.wait()

    def abandon(self, name: str) -> bool:
        """Disconnect a stage that hangs: its input is discarded, and its consumers receive the end."""
        if name in self._replicas:
            self._replicas[name].give_up()
            self._leave(name)
            return True
        if name in self._boxes:
            self._boxes[name].close()
        self._end(name)
        return True

    def depths(self) -> Mapping[str, tuple[int, int]]:
        """Queue lengths."""
        return {name: (len(box), box.deepest) for name, box in self._boxes.items()}

    def _start(self, component: Component, name: str) -> None:
        """A thread for each worker of a node; the node has ended when all of them have."""
        workers = [self.floor.workers[name], *self.floor.copies.get(name, ())]
        if name == component.source:
            work: Callable[[Worker], None] = partial(self._source, component)
        elif len(workers) > 1:
            give = partial(self._give, component, name)
            self._replicas[name] = Replicas(workers, self._boxes[name], self.floor.control, give)
            work = self._replicas[name].work
        else:
            work = partial(self._stage, component)
        self._working[name] = len(workers)
        for worker in workers:
            threading.Thread(
                target=self._guard, args=(work, worker), name=f"ferpipe-{name}", daemon=True
            ).start()

    def _guard(self, work: Callable[[Worker], None], worker: Worker) -> None:
        name = worker.node.name
        try:
            work(worker)
        except BaseException as error:  # noqa: BLE001 -- a thread that dies in silence would hang the run
            self.floor.control.fail(RunError(f"the engine itself failed at '{name}': {explain(error)}"))
        if not worker.abandoned:  # or it has been counted already
            self._leave(name)

    def _leave(self, name: str) -> None:
        with self._ending:
            self._working[name] -= 1
            last = not self._working[name]
        if last:
            self._end(name)

    def _end(self, name: str) -> None:
        with self._ending:
            if self._done[name].is_set():
                return
            self._done[name].set()
        for consumer, lane in self._lanes[name]:
            self._boxes[consumer].put(lane, END, force=True)

    def _give(self, component: Component, name: str, message: Message) -> None:
        if name not in self._silent:
            self.floor.leave(component, name, message)
        for consumer, lane in self._lanes[name]:
            self._boxes[consumer].put(lane, message)

    def _source(self, component: Component, worker: Worker) -> None:
        name = worker.node.name
        if component.live:
            self._live(component, worker)
        else:
            for packet in packets_of(worker):
                if not room_for(
                    component.ledger, self.floor.settings.queue_bytes, self._idle, self.floor.control
                ):
                    break
                self._give(component, name, component.ledger.enter(packet))

    def _live(self, component: Component, worker: Worker) -> None:
        """Read in a thread of its own, so that reading never waits for the graph."""
        name = worker.node.name
        stages = [self.floor.workers[stage].timing for stage in component.names[1:]]
        limit = self.floor.settings.in_flight
        gate = worker.gate = Gate(component.ledger, self.floor.control, stages, limit, self._idle)

        def read() -> None:
            for packet in packets_of(worker):
                gate.offer(packet)
            gate.end()

        threading.Thread(target=read, name=f"ferpipe-{name}-read", daemon=True).start()
        while (message := gate.take()) is not None:
            self._give(component, name, message)
        gate.clear()

    def _stage(self, component: Component, worker: Worker) -> None:
        name = worker.node.name
        box = self._boxes[name]
        open_lanes = len(worker.node.inputs)
        while open_lanes and (received := box.get()):
            for lane, message in received:
                if self.floor.control.stop.is_set():
                    break
                if message is END:
                    open_lanes -= 1
                    continue
                for given in worker.accept(lane, message):
                    self._give(component, name, given)
                if worker.abandoned:
                    return
        for given in worker.finish():
            self._give(component, name, given)

    def _idle(self) -> bool:
        """Whether no stage works, no message waits, and nobody outside is handed a result."""
        return (
            not any(component.tapping for component in self.floor.components)
            and not any(len(box) for box in self._boxes.values())
            and all(worker.call is None for worker in self.floor.everyone if not worker.node.is_source)
        )
