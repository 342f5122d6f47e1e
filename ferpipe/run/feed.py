"""Frames from a source into the graph: checked, counted, and for live sources dropped here."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from threading import Condition
from time import monotonic, perf_counter
from typing import Any

from ferpipe.errors import StageError
from ferpipe.packet import Packet
from ferpipe.run.control import Control
from ferpipe.run.ledger import Ledger
from ferpipe.run.message import Message
from ferpipe.run.timing import Histogram
from ferpipe.run.worker import Worker
from ferpipe.stages import Source

__all__ = ["Gate", "packets_of", "room_for", "wake"]

_STILL = 0.02
"""Seconds without any movement after which frames under way count as kept back by a stage."""
_IN_A_ROW = 100
"""Errors without a frame between them after which a tolerant source is given up."""


def packets_of(worker: Worker) -> Iterator[Packet]:
    """Everything the worker's source gives, until it or the run ends; never raises.

    What the source gives is checked: packets of its own name, in strictly increasing time.
    A source that raises is asked again only where its policy is not `fail`.
    """
    source = worker.stage
    assert isinstance(source, Source)  # noqa: S101 -- the graph has proven it
    last, failures = -1, 0
    iterator: Iterator[Packet] | None = None
    while not worker.control.ending.is_set():
        try:
            if iterator is None:
                iterator = iter(worker.guarded("frames", source.frames))
            start = perf_counter()
            packet = worker.guarded("frames", iterator.__next__)
            worker.timing.add(perf_counter() - start)
            _check(worker, packet, last)
        except StopIteration:
            return
        except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
            told = error if isinstance(error, StageError) else worker.as_error("frames", error)
            failures += 1
            if worker.control.ending.is_set():
                worker.control.mention(told)
                return
            if failures > _IN_A_ROW:
                worker.fail(told)
            if iterator is None or worker.dead or not worker.tolerate(told):
                return
            continue
        if worker.abandoned:
            return
        last, failures = packet.time, 0
        yield packet


def _check(worker: Worker, packet: object, last: int) -> None:
    name = worker.node.name
    if not isinstance(packet, Packet):
        raise StageError(name, "frames", f"gave a {type(packet).__name__} where a packet was expected")
    frame = packet.frame
    if frame.source != name:
        raise StageError(
            name, "frames", f"gave a frame of '{frame.source}'", frame=frame.index, time=frame.time
        )
    if frame.time <= last:
        raise StageError(
            name,
            "frames",
            f"time went back from {last} to {frame.time} us",
            frame=frame.index,
            time=frame.time,
        )


def wake(workers: Iterable[Worker]) -> None:
    """Interrupt the sources among them, each in a thread of its own: one that blocks holds up nobody."""
    for worker in workers:
        if worker.opened and isinstance(worker.stage, Source) and not worker.abandoned:
            threading.Thread(target=_wake, args=(worker.stage,), name="ferpipe-wake", daemon=True).start()


def _wake(source: Source[Any]) -> None:
    with suppress(Exception):
        source.interrupt()


def room_for(ledger: Ledger, limit: int, idle: Callable[[], bool], control: Control) -> bool:
    """Wait until the frames under way hold less than `limit` bytes; False when the run ends.

    Where nothing moves although frames are under way, a stage keeps them for later: one more
    goes in, or it would wait for ever.
    """
    with ledger.condition:
        while ledger.in_flight and ledger.bytes >= limit:
            if control.ending.is_set():
                return False
            ledger.condition.wait(_STILL)
            if ledger.still(_STILL) and idle():
                break
    return not control.ending.is_set()


class Gate:
    """The edge of a live source: one place, the newest frame wins.

    A frame goes in when fewer than `limit` are under way.  Without a fixed limit it is the
    number that keeps the slowest stage busy without a frame waiting in front of it: the sum of
    the stages' times over the longest of them, rounded down.
    """

    def __init__(
        self,
        ledger: Ledger,
        control: Control,
        stages: Sequence[Histogram],
        limit: int | None,
        idle: Callable[[], bool],
        patience: float = _STILL,
    ) -> None:
        self._ledger = ledger
        self._idle = idle
        self._patience = patience
        self._control = control
        self._stages = stages
        self._limit = limit
        self._packet: Packet | None = None
        self._ended = False
        self._condition: Condition = ledger.condition

    def offer(self, packet: Packet) -> None:
        """Put the newest frame in, in place of one that still waits; a break before that one stays."""
        with self._condition:
            replaced, self._packet = self._packet, packet
            if replaced is not None and replaced.frame.discontinuity:
                self._packet = Packet(dataclasses.replace(packet.frame, discontinuity=True), packet.data)
            self._condition.notify_all()
        if replaced is not None:
            self._ledger.late()

    def wants(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until a frame would get under way at once."""
        until = monotonic() + timeout
        with self._condition:
            while self._packet is not None or not self._room():
                left = until - monotonic()
                if left <= 0 or self._control.ending.is_set():
                    return False
                self._condition.wait(min(left, _STILL))
        return True

    def missed(self, n: int) -> None:
        """Count frames that the source left out since none was wanted."""
        self._ledger.late(n)

    def end(self) -> None:
        """No more frames will come."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def clear(self) -> None:
        """Count a frame that still waits when the run has been cut short."""
        with self._condition:
            left, self._packet = self._packet, None
        if left is not None:
            self._ledger.late()

    def take(self) -> Message | None:
        """Wait for a frame and for room; None when there will be no more.

        Where nothing moves although frames are under way, a stage keeps them for later, and waits
        for this one.
        """
        with self._condition:
            while self._packet is None or not self._room():
                if self._control.stop.is_set() or (self._packet is None and self._ended):
                    return None
                self._condition.wait(_STILL)
            packet, self._packet = self._packet, None
        return self._ledger.enter(packet)

    def _room(self) -> bool:
        return self._ledger.in_flight < self._allowed() or (
            self._ledger.still(self._patience) and self._idle()
        )

    def _allowed(self) -> int:
        if self._limit is not None:
            return self._limit
        times = [stage.recent for stage in self._stages]
        longest = max(times, default=0.0)
        return max(1, int(sum(times) / longest)) if longest > 0 else 1
