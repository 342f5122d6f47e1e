"""Live sources, and runs that are ended before their sources, in both executors."""

from __future__ import annotations

import time

import pytest
from support.graphs import EXECUTORS, Bench, balanced
from support.patience import PATIENCE
from support.stages import Counter, CounterOptions, Delay, Keep, Sum, doing

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)


def counter(frames: int = 10, **options) -> Counter:
    return Counter(CounterOptions(frames=frames, **options))


def test_several_live_sources_need_threads(executor):
    bench = (
        Bench(executor)
        .add("a", counter(3, live=True))
        .add("ka", Keep())
        .add("b", counter(3, live=True))
        .add("kb", Keep())
    )
    report = bench.run()
    if executor == "inline":
        assert report.exit_code == 2
        assert "pass executor='threads'" in str(report.error)
    else:
        assert report.exit_code == 0


def test_live_drops_at_the_source_edge_and_the_newest_wins(executor):
    slow = doing(lambda p: (time.sleep(0.05), p)[1])
    bench = (
        Bench(executor).add("in", counter(60, live=True, period=0.005)).add("slow", slow).add("keep", Keep())
    )
    report = bench.run()
    source = report.sources[0]
    assert source.entered == 60
    assert source.dropped["late"] > 20
    assert bench.out[-1].frame.index >= 58
    assert balanced(report)
    assert source.oldest is not None


def test_live_can_be_set_to_lose_nothing(executor):
    slow = doing(lambda p: (time.sleep(0.01), p)[1])
    bench = Bench(executor, mode="lossless").add("in", counter(20, live=True)).add("slow", slow)
    assert bench.run().frames == 20


def test_a_live_source_feeds_a_stage_that_delays(executor):
    bench = Bench(executor).add("in", counter(30, live=True, period=0.01)).add("delay", Delay())
    report = bench.run(10)
    source = report.sources[0]
    assert source.entered == 30
    assert source.out > 3
    assert bench.out[-1].frame.index == 29
    assert balanced(report)


def test_a_waiting_camera_has_no_share_of_the_work(executor):
    bench = Bench(executor).add("cam", counter(10, live=True, period=0.01)).add("sum", Sum())
    assert [stage.share for stage in bench.run().stages] == [0.0, 1.0]


def test_an_early_end_finishes_what_is_under_way(executor):
    keep = Keep()
    bench = Bench(executor).add("in", counter(100_000, period=0.001)).add("sum", Sum()).add("keep", keep)
    run = bench.start()
    while len(keep.packets) < 20:
        time.sleep(0.005)
    run.finish("SIGINT")
    assert run.wait(PATIENCE)  # the source would go on for 100 s
    report = run.report()
    assert report.exit_code == 130
    assert report.error is None
    assert keep.calls == ["open", "flush", "close"]
    assert balanced(report)
    assert not report.sources[0].dropped


def test_a_stage_can_end_the_run(executor):
    class Enough(Keep):
        def process(self, packet):
            if packet.frame.index == 5:
                self.context.finish()
            return packet

    report = Bench(executor).add("in", counter(10_000, period=0.001)).add("enough", Enough()).run()
    assert report.exit_code == 0
    assert 5 < report.frames < 1000
