"""What passes along the edges of a running graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ferpipe.packet import Packet

__all__ = ["END", "Fate", "Message"]

Fate = Literal["", "dropped", "failed"]


@dataclass(slots=True, eq=False)
class Message:
    """One moment of one source on one edge.

    Every frame a source gives makes exactly one message on every edge behind it, in order: with
    its packet, or without one where a stage left it out.  Joins can therefore wait for their
    inputs without clocks, and every frame can be accounted for at the leaves.

    seq: number of the frame within the run of its source.
    fate, cause: why `packet` is None, and the stage or reason that decided it.
    """

    seq: int
    time: int
    packet: Packet | None
    fate: Fate = ""
    cause: str = ""

    def without(self, fate: Fate, cause: str) -> Message:
        """The same moment without its packet."""
        return Message(self.seq, self.time, None, fate, cause)


END = Message(-1, -1, None)
"""The last message on an edge."""
