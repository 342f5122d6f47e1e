"""Several copies of one stage, each in a thread of its own, that give in the order of arrival."""

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

__all__ = ["Crew", "copies"]

_COPIES = 4
"""Most copies of a stage where the settings do not say; more would wait for the other stages."""


def copies(worker: Worker, settings: RunSettings, trace: Trace | None) -> list[Worker]:
    """Further workers for the stage of `worker`, as many as the settings want; none where the
    stage does not take each packet by itself.  What the plugin raises fails the stage.
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


class Crew:
    """The workers of one node: they share its input, and each waits for its turn to give.

    A turn is the place of a message in the input.  Errors are judged when their turn has come too,
    so that what comes out is what a single worker would have given, up to the same error.
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
        """Work as `worker` until the input ends; the last one to leave flushes them all."""
        while (taken := self._take()) is not None:
            place, message = taken
            self._places[id(worker)] = place
            attempt = worker.attempt(message)
            if worker.abandoned or not self._my_turn(place, worker):
                return
            for each in worker.conclude(message, attempt):
                self._give(each)
            if worker.dead:  # it failed, which ends the run: none is called any more
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
        """One of them hangs: what came before it is still given, what waits behind it is let go."""
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
