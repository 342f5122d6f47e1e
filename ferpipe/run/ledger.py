"""Where every frame went: frames in = frames out + dropped + failed."""

from __future__ import annotations

from collections import Counter
from threading import Condition
from time import monotonic

from ferpipe.packet import Packet
from ferpipe.run.control import Control
from ferpipe.run.message import Message

__all__ = ["Ledger"]


class Ledger:
    """The account of one source's frames.

    A frame enters when its source gives it and is settled when every leaf of the source's part
    of the graph has seen it.  It is out when a packet of it reached a leaf, failed when a stage
    raised on it, dropped otherwise.
    """

    def __init__(self, leaves: int, control: Control) -> None:
        self.entered = 0
        self.out = 0
        self.dropped: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.position = 0
        self.bytes = 0
        self.condition = Condition()
        control.wakes(self.condition)
        self._leaves = leaves
        self._moved = monotonic()
        self._under_way: dict[int, list[int]] = {}
        self._best: dict[int, Message] = {}

    @property
    def in_flight(self) -> int:
        """Frames that are under way now."""
        return len(self._under_way)

    def still(self, seconds: float) -> bool:
        """Whether no frame has begun or ended for so long."""
        return monotonic() - self._moved >= seconds

    def enter(self, packet: Packet) -> Message:
        """Count a frame in and put it under way."""
        with self.condition:
            seq = self.entered
            self.entered += 1
            self._moved = monotonic()
            size = packet.frame.nbytes
            self._under_way[seq] = [self._leaves, size]
            self.bytes += size
        return Message(seq, packet.time, packet)

    def late(self, n: int = 1) -> None:
        """Count frames that were replaced by newer ones before they got under way."""
        with self.condition:
            self.entered += n
            self.dropped["late"] += n

    def settle(self, message: Message) -> None:
        """A leaf has seen `message`."""
        with self.condition:
            entry = self._under_way.get(message.seq)
            if entry is None:
                return
            entry[0] -= 1
            self._moved = monotonic()
            best = self._best.get(message.seq)
            if best is None or _rank(message) > _rank(best):
                best = message
            if entry[0] > 0:
                self._best[message.seq] = best
                return
            self._best.pop(message.seq, None)
            self._close(message.seq, best)
            self.condition.notify_all()

    def condemn(self, message: Message) -> None:
        """Say what becomes of a frame that will not reach the leaves; `write_off` closes it."""
        with self.condition:
            if message.seq in self._under_way:
                self._best.setdefault(message.seq, message)

    def write_off(self) -> None:
        """Account for what is still under way after the run was cut short."""
        with self.condition:
            for seq in list(self._under_way):
                self._close(seq, self._best.pop(seq, Message(seq, -1, None, "dropped", "run ended")))

    def _close(self, seq: int, fate: Message) -> None:
        _, size = self._under_way.pop(seq)
        self.bytes -= size
        if fate.packet is not None:
            self.out += 1
            self.position = max(self.position, fate.time)
        elif fate.fate == "failed":
            self.failed[fate.cause] += 1
        else:
            self.dropped[fate.cause] += 1


def _rank(message: Message) -> int:
    if message.packet is not None:
        return 2
    return 1 if message.fate == "failed" else 0
