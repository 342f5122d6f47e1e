"""Small real stages for the tests of the engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ferpipe import Frame, Options, Packet, Source, Stage, StreamInfo


class CounterOptions(Options):
    frames: int = 10
    step: int = 40_000
    shape: tuple[int, int, int] = (8, 8, 3)
    live: bool = False
    period: float = 0.0


class Counter(Source[CounterOptions]):
    """Frames whose grey level is their number."""

    Options = CounterOptions

    def __init__(self, options: CounterOptions | None = None) -> None:
        super().__init__(options)
        self.live = self.options.live

    def open(self, context: Any) -> None:
        super().open(context)
        self.stream = StreamInfo(context.name, "memory", live=self.live, frames=self.options.frames)

    def frames(self) -> Iterator[Packet]:
        for i in range(self.options.frames):
            if self.options.period and self.context.stop.wait(self.options.period):
                return
            image = np.full(self.options.shape, i % 256, np.uint8)
            captured = time.monotonic() if self.live else None
            yield Packet(Frame(image, i * self.options.step, i, self.context.name, captured=captured))


class Sum(Stage[Options]):
    """The mean grey level."""

    needs = frozenset({"frame"})
    gives = frozenset({"level"})

    def process(self, packet: Packet) -> Packet:
        return packet.replace(level=int(packet.frame.image.mean()))


class Keep(Stage[Options]):
    """Remembers what came by, and everything that was called."""

    needs = frozenset({"frame"})

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.calls: list[str] = []
        self.packets: list[Packet] = []

    def open(self, context: Any) -> None:
        super().open(context)
        self.calls.append("open")

    def process(self, packet: Packet) -> Packet:
        self.packets.append(packet)
        return packet

    def flush(self) -> Iterable[Packet]:
        self.calls.append("flush")
        return ()

    def close(self) -> None:
        self.calls.append("close")


def doing(function: Callable[..., Any], **attributes: Any) -> Stage[Options]:
    """A stage whose `process` is `function`."""
    kind = type(
        attributes.pop("kind", "Doing"),
        (Keep,),
        {"process": lambda self, packet: function(packet), **attributes},
    )
    return kind()


class Delay(Keep):
    """Gives every packet two packets later."""

    delays = True

    def process(self, packet: Packet) -> Any:
        self.packets.append(packet)
        return self.packets[-3] if len(self.packets) > 2 else None

    def flush(self) -> Iterable[Packet]:
        self.calls.append("flush")
        return self.packets[-2:]


def grey(level: int, shape: tuple[int, ...] = (8, 8, 3)) -> np.ndarray[Any, Any]:
    return np.full(shape, level, np.uint8)
