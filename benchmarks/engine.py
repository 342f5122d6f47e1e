"""What the engine itself costs: six stages that do nothing, both executors.

    python benchmarks/engine.py [FRAMES]

Prints CPU and wall-clock microseconds a frame, median of five runs, source included.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

import numpy as np

from ferpipe import Frame, Options, Packet, Pipeline, Source, Stage, StreamInfo

FRAMES = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000


class Ticks(Source[Options]):
    """As many frames as asked for, all of one image."""

    def open(self, context) -> None:
        super().open(context)
        self.stream = StreamInfo(context.name, "memory")

    def frames(self) -> Iterator[Packet]:
        image = np.zeros((4, 4, 3), np.uint8)
        for i in range(FRAMES):
            yield Packet(Frame(image, i, i, self.context.name))


class Nothing(Stage[Options]):
    """Gives on what it gets."""

    def process(self, packet: Packet) -> Packet:
        return packet


def once(executor: str, trace) -> tuple[float, float]:
    pipeline = Pipeline.of(Ticks(), *(Nothing() for _ in range(6)), executor=executor)
    if trace is not None:
        trace.unlink(missing_ok=True)
    cpu, wall = time.process_time(), time.perf_counter()
    run = pipeline.start(trace=trace)
    while not run.wait(1):
        pass
    assert run.report().frames == FRAMES
    return (time.process_time() - cpu) / FRAMES * 1e6, (time.perf_counter() - wall) / FRAMES * 1e6


def main() -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        for executor in ("inline", "threads"):
            for trace in (None, Path(folder) / "trace.json"):
                cpu, wall = zip(*(once(executor, trace) for _ in range(5)), strict=True)
                print(
                    f"{executor:8} {'with a trace' if trace else 'no trace':12} "
                    f"CPU {statistics.median(cpu):6.1f} us, wall {statistics.median(wall):6.1f} us a frame"
                )


if __name__ == "__main__":
    main()
