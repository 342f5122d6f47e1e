"""Put the branches of one frame together again."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

from ferpipe.errors import RunError
from ferpipe.packet import Packet
from ferpipe.run.message import Message

__all__ = ["Join"]


class Join:
    """Waits until every input has settled a frame, then gives the frame once.

    A frame that a branch dropped is dropped behind the join too: its finding is missing, and
    what stands behind the join was promised it.
    """

    def __init__(self, inputs: int, merge: Mapping[str, int]) -> None:
        self._waiting: list[deque[Message]] = [deque() for _ in range(inputs)]
        self._merge = merge

    def add(self, lane: int, message: Message) -> list[Message]:
        """Take a message of one input; give the frames that are complete now, in order."""
        self._waiting[lane].append(message)
        complete = []
        while all(self._waiting):
            complete.append(self._combine([lane.popleft() for lane in self._waiting]))
        return complete

    def _combine(self, parts: list[Message]) -> Message:
        if any(part.time != parts[0].time for part in parts):
            raise RunError(f"a join received different times: {[part.time for part in parts]} us")
        for part in parts:
            if part.packet is None:
                return part
        packets = [part.packet for part in parts if part.packet is not None]
        found: dict[str, object] = {}
        for packet in reversed(packets):
            found.update(packet.data)
        for kind, index in self._merge.items():
            if kind in packets[index].data:
                found[kind] = packets[index].data[kind]
        # Where the branch that counts does not know a measure, it is not known: an older value is not it.
        names = dict.fromkeys(name for packet in packets for name in packet.measures)
        taken = {name: packets[self._merge.get(name, 0)].measures.get(name) for name in names}
        measures = {name: value for name, value in taken.items() if value is not None}
        first = parts[0]
        # A stage of any branch may have marked a cut.
        frame = next((packet.frame for packet in packets if packet.frame.discontinuity), packets[0].frame)
        return Message(first.seq, first.time, Packet(frame, MappingProxyType(found), measures))
