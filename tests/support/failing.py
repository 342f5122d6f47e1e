"""Benches with a stage that fails."""

from __future__ import annotations

from support.graphs import Bench
from support.stages import Counter, CounterOptions, Keep

FRAMES = 12


def breaks(where: str, how, *, at: int = 4, kind=Keep):
    """A stage that does `how()` in `where`."""

    def process(self, packet):
        if packet.frame.index == at:
            how()
        return kind.process(self, packet)

    def other(self, *args):
        result = getattr(kind, where)(self, *args)
        how()
        return result

    return type("Breaks", (kind,), {"process": process} if where == "process" else {where: other})()


def raising():
    raise ValueError("no such thing")


def bench_with(executor, stage, **policy):
    before, after = Keep(), Keep()
    bench = Bench(executor).add("in", Counter(CounterOptions(frames=FRAMES)))
    bench.add("before", before).add("bad", stage, **policy).add("after", after)
    return bench, before, after
