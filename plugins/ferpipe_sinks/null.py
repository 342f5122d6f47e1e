"""A sink that writes nothing."""

from __future__ import annotations

from ferpipe import Options, Packet, Stage

__all__ = ["NullSink"]


class NullSink(Stage[Options]):
    """Swallows everything; the end of a pipeline whose speed is to be measured."""

    def process(self, packet: Packet) -> Packet:
        """Give the packet on as it came."""
        return packet
