"""A plugin file for tests of the command line: numbered frames, and stages that write a line for each."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import Field

from ferpipe import Context, Frame, Options, Output, Packet, Source, Stage, StreamInfo, hookimpl


class CountOptions(Options):
    """The options of `count`."""

    frames: int = Field(5, description="how many")
    period: float = Field(0.0, description="seconds between them")


class Count(Source[CountOptions]):
    """Grey frames."""

    Options = CountOptions

    def open(self, context: Context) -> None:
        """Say what comes."""
        super().open(context)
        self.stream = StreamInfo(context.name, "memory")

    def frames(self) -> Iterator[Packet]:
        """As many as were asked for."""
        for i in range(self.options.frames):
            time.sleep(self.options.period)
            yield Packet(Frame(np.zeros((4, 4, 3), np.uint8), i * 1000, i, self.context.name))


class WriteOptions(Options):
    """The options of `write`."""

    closing: float = Field(0.0, description="seconds that closing takes")
    writes: bool = Field(True, description="whether it writes meanwhile")


class Write(Stage[WriteOptions]):
    """A line a frame."""

    Options = WriteOptions
    output: Output | None = None

    def open(self, context: Context) -> None:
        """Begin the file."""
        super().open(context)
        self.output = context.create("out.txt")

    def process(self, packet: Packet) -> Packet:
        """Write the number of the frame."""
        assert self.output is not None
        self.output.write(b"%d\n" % packet.frame.index)
        return packet

    def close(self) -> None:
        """Complete the file, as slowly as was asked for."""
        if self.output is None:
            return
        until = time.monotonic() + self.options.closing
        while time.monotonic() < until:
            time.sleep(0.05)
            if self.options.writes:
                self.output.write(b".")
        self.context.wrote(self.output.commit(), ["five lines"])


class Talk(Write):
    """The same, and a line a frame on standard error, by its logger and as native libraries do."""

    def process(self, packet: Packet) -> Packet:
        """Write, and talk."""
        self.context.log.warning("frame %d %s", packet.frame.index, "x" * 300)
        if packet.frame.index < 3:
            with contextlib.suppress(OSError):
                os.write(2, b"native\n")
        return super().process(packet)


@hookimpl
def ferpipe_stages() -> Mapping[str, type[Stage]]:
    """The stages, by the names that pipelines use."""
    return {"count": Count, "write": Write, "talk": Talk}
