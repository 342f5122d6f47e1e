"""What both executors must do alike."""

from __future__ import annotations

import threading
import time

import pytest
from support.graphs import EXECUTORS, Bench, balanced
from support.patience import PATIENCE
from support.stages import Counter, CounterOptions, Keep, Sum, doing

from ferpipe import Options, Packet

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)


def counter(frames: int = 10, **options) -> Counter:
    return Counter(CounterOptions(frames=frames, **options))


def test_a_chain_gives_every_frame_in_order(executor):
    bench = Bench(executor).add("in", counter(25)).add("sum", Sum()).add("keep", Keep())
    report = bench.run()
    assert [p.data["level"] for p in bench.out] == list(range(25))
    assert [p.time for p in bench.out] == [i * 40_000 for i in range(25)]
    assert report.exit_code == 0
    assert report.frames == 25
    assert balanced(report)


def test_stages_are_opened_flushed_and_closed_once(executor):
    keeps = [Keep(), Keep(), Keep()]
    bench = Bench(executor).add("in", counter())
    for i, keep in enumerate(keeps):
        bench.add(f"k{i}", keep)
    bench.run()
    assert [keep.calls for keep in keeps] == [["open", "flush", "close"]] * 3


def test_closing_goes_in_reverse_order(executor):
    order = []
    bench = Bench(executor).add("in", counter(1))
    for name in "abc":
        bench.add(name, type("K", (Keep,), {"close": lambda self, n=name: order.append(n)})())
    bench.run()
    assert order == ["c", "b", "a"]


def test_several_sources_run_side_by_side(executor):
    bench = Bench(executor).add("a", counter(7)).add("ka", Keep()).add("b", counter(9)).add("kb", Keep())
    report = bench.run()
    assert {s.name: s.out for s in report.sources} == {"a": 7, "b": 9}
    assert sorted({p.frame.source for p in bench.out}) == ["a", "b"]


def test_a_stage_object_may_be_empty(executor):
    class Collecting(Keep):
        def __len__(self):
            return len(self.packets)

    keep = Collecting()
    Bench(executor).add("in", counter(4)).add("keep", keep).run()
    assert len(keep) == 4


def test_images_are_read_only_for_every_stage(executor):
    def scribble(packet: Packet):
        packet.frame.image[:] = 1

    report = Bench(executor).add("in", counter()).add("scribble", doing(scribble)).run()
    assert "read-only" in str(report.error)
    assert report.exit_code == 1


def test_no_thread_is_left(executor):
    before = set(threading.enumerate())  # sessions that other tests keep warm, for one
    Bench(executor).add("in", counter()).add("keep", Keep()).run()

    def left() -> list[str]:
        return [t.name for t in threading.enumerate() if t not in before and t.name.startswith("ferpipe")]

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and left():
        time.sleep(0.01)
    assert not left()


def test_notes_and_streams_reach_the_stages_behind(executor):
    seen = {}

    class Tell(Keep):
        def open(self, context):
            super().open(context)
            context.note("model", {"name": "base"})
            context.count("told")

    class Hear(Keep):
        def open(self, context):
            super().open(context)
            seen.update(context.notes, frames=context.streams["in"].frames)

    report = Bench(executor).add("in", counter(3)).add("tell", Tell()).add("hear", Hear()).run()
    assert seen == {"model": {"name": "base"}, "frames": 3}
    assert report.stages[1].counters == {"told": 1}


def test_the_report_has_figures_for_every_stage(executor):
    slow = doing(lambda p: (time.sleep(0.004), p)[1])
    report = Bench(executor).add("in", counter(20)).add("slow", slow).run()
    stage = report.stages[1]
    assert [stage.frames for stage in report.stages] == [20, 20]
    assert 4 <= stage.p50 <= stage.p95 <= stage.p99
    assert stage.share > 0.5
    assert report.first_frame is not None
    assert report.to_dict()["sources"][0]["out"] == 20


def test_options_reach_the_stage(executor):
    bench = Bench(executor).add("in", counter(2, shape=(3, 5, 3))).add("keep", Keep(Options()))
    bench.run()
    assert bench.out[0].frame.image.shape == (3, 5, 3)
