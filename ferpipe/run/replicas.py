"""Replicas of one stage, each in a thread of its own; their results keep the order of the inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import Condition, Lock

from ferpipe.graph.model import RunSettings
from ferpipe.run.control import Control
from ferpipe.run.mailbox import Mailbox
from ferpipe.run.message import END, Message
from ferpipe.run.trace import Trace
from ferpipe.run.worker import Worker

__all__ = ["Replicas", "copies"]

_COPIES = 4
"""Maximum number of replicas by default; more would wait for the other stages."""


def copies(worker: Worker, settings: RunSettings, trace: Trace | None) -> list[Worker]:
    """Additional workers for the stage of `worker`, as many as the settings specify; none if the
    stage does not process packets independently.  An exception of the plugin fails the stage.
    """
    try:
        return _made(worker, settings, trace)
    except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
        worker.fail(worker.as_error("independent", error))
        return []


def _made(worker: Worker, settings: RunSettings, trace: Trace | None) -> list[Worker]:
    node, stage = worker.node, worker.stage
    alone = stage.independent(node.options) and not stage.delays and len(node.inputs) == 1
    if settings.executor == "inline" or not alone:
        return []
    count = settings.copies or min(_COPIES, _cores())
    return [
        Worker(
            node, node.stage(node.options), worker.control, arrival=worker.arrival, trace=trace, twin=worker
        )
        for _ in range(count - 1)
    ]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Replicas:
    """The workers of one node: they share its input, and each waits for its turn to emit results.

    A turn is the position of a message in the input.  Errors are handled in their turn too, so that
    the output is that of a single worker, up to the same error.
    """

    def __init__(
        self, workers: Sequence[Worker], box: Mailbox, control: Control, give: Callable[[Message], None]
    ) -> None:
        self.workers = workers
        self._box = box
        self._control = control
        self._give = give
        self._taking = Lock()
        self._taken = 0
        self._given = 0
        self._turn = Condition()
        self._left = len(workers)
        self._places: dict[int, int] = {}
        control.wakes(self._turn)

    def work(self, worker: Worker) -> None:
        """Run `worker` until the input ends; the last worker to finish flushes all of them."""
        while (taken := self._take()) is not None:
            place, message = taken
            self._places[id(worker)] = place
            attempt = worker.attempt(message)
            if worker.abandoned or not self._my_turn(place, worker):
                return
            for each in worker.conclude(message, attempt):
                self._give(each)
            if worker.dead:  # it failed, which ends the run: no replica is called any more
                for other in self.workers:
                    other.dead = True
            with self._turn:
                self._given += 1
                self._turn.notify_all()
        with self._turn:
            self._left -= 1
            last = not self._left
        if last:
            for each in (message for worker in self.workers for message in worker.finish()):
                self._give(each)

    def give_up(self) -> None:
        """One replica hangs: results before it are still emitted, everything after it is discarded."""
        self._box.close()
        with self._turn:
            self._turn.notify_all()

    def _never(self, place: int) -> bool:
        """Whether something before `place` hangs."""
        return any(w.abandoned and self._places.get(id(w), place) < place for w in self.workers)

    def _take(self) -> tuple[int, Message] | None:
        """The next message and its place; None at the end of the input or of the run."""
        with self._taking:
            for _, message in self._box.get(1):
                if message is END:
                    self._box.close()
                    return None
                place, self._taken = self._taken, self._taken + 1
                return place, message
        return None

    def _my_turn(self, place: int, worker: Worker) -> bool:
        """Wait until everything before `place` has been given; False where it will not be."""
        with self._turn:
            while self._given != place:
                if self._control.stop.is_set() or worker.abandoned or self._never(place):
                    return False
                self._turn.wait()
        return True
