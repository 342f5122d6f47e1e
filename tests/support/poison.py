"""A plugin whose stage fails by the name of the video: as a crash, a hang, a want of memory, an error."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ferpipe import Context, Options, Packet, Stage, hookimpl
from ferpipe.quiet import without_lines


class Poison(Stage[Options]):
    """Fails by the name of the video.

    POISON_LOG is the file that gets a line for each start, POISON_SLOW the seconds a frame takes: in the
    environment, since options are written into timelines.
    """

    def open(self, context: Context) -> None:
        super().open(context)
        self.kept: list[Any] = []
        self.name = Path(next(iter(context.streams.values())).path or "").stem
        if log_to := os.environ.get("POISON_LOG"):
            with Path(log_to).open("a") as log:
                log.write(f"{self.name}\n")

    def process(self, packet: Packet) -> Packet:
        time.sleep(float(os.environ.get("POISON_SLOW", "0")))
        if packet.frame.index == 1:
            if "crash" in self.name:
                with without_lines("of a library") if "muted" in self.name else nullcontext():
                    os.abort()
            if "hang" in self.name:
                time.sleep(1000)
            if "error" in self.name:
                raise ValueError("as it was asked for")
            while "memory" in self.name:
                self.kept.append(b"x" * 20_000_000)
                time.sleep(0.01)
        return packet


@hookimpl
def ferpipe_stages() -> dict[str, type[Stage[Any]]]:
    return {"poison": Poison}
