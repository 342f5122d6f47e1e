"""The edge of a live source: which frame gets under way, and when."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from threading import Condition
from time import monotonic

from ferpipe.packet import Packet
from ferpipe.run.control import Control
from ferpipe.run.ledger import Ledger
from ferpipe.run.message import Message
from ferpipe.run.timing import Histogram

__all__ = ["Gate", "room_for"]

_STILL = 0.02
"""Seconds without any movement after which frames under way count as kept back by a stage."""


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
                self._packet = Packet(
                    dataclasses.replace(packet.frame, discontinuity=True), packet.data, packet.measures
                )
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
        """Count frames that the source dropped because none was requested."""
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
