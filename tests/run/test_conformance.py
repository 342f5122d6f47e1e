"""What both executors must do alike."""

from __future__ import annotations

import threading
import time

import pytest
from support.graphs import EXECUTORS, Bench
from support.stages import Counter, CounterOptions, Delay, Keep, Sum, doing

from ferpipe import Options, Packet
from ferpipe.errors import ConfigError

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)


def counter(frames: int = 10, **options) -> Counter:
    return Counter(CounterOptions(frames=frames, **options))


def balanced(report) -> bool:
    return all(
        s.entered == s.out + sum(s.dropped.values()) + sum(s.failed.values()) and s.in_flight == 0
        for s in report.sources
    )


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


def test_a_tee_shares_packets_and_a_join_merges_what_its_branches_found(executor):
    left = doing(lambda p: p.replace(left=p.frame.index), gives=frozenset({"left"}))
    right = doing(lambda p: p.replace(right=-p.frame.index), gives=frozenset({"right"}))
    bench = Bench(executor).add("in", counter(40)).add("sum", Sum())
    bench.add("left", left, "sum").add("right", right, "sum").add("join", Keep(), "left", "right")
    report = bench.run()
    assert [(p.data["left"], p.data["right"], p.data["level"]) for p in bench.out] == [
        (i, -i, i) for i in range(40)
    ]
    assert balanced(report)


def test_a_join_takes_the_renewed_kind(executor):
    renew = doing(
        lambda p: p.replace(level=1000 + p.data["level"]),
        needs=frozenset({"level"}),
        gives=frozenset({"level"}),
    )
    bench = Bench(executor).add("in", counter(5)).add("sum", Sum())
    bench.add("renew", renew, "sum").add("other", Keep(), "sum").add("join", Keep(), "other", "renew")
    bench.run()
    assert [p.data["level"] for p in bench.out] == [1000, 1001, 1002, 1003, 1004]


def test_a_branch_that_drops_does_not_hold_up_the_join(executor):
    odd = doing(lambda p: p if p.frame.index % 2 else None)
    bench = Bench(executor).add("in", counter(50)).add("odd", odd, "in").add("all", Keep(), "in")
    bench.add("join", Keep(), "odd", "all")
    report = bench.run()
    assert [p.frame.index for p in bench.out] == list(range(1, 50, 2))
    assert dict(report.sources[0].dropped) == {"odd": 25}
    assert balanced(report)


def test_a_frame_that_reaches_one_of_two_leaves_is_out(executor):
    bench = (
        Bench(executor)
        .add("in", counter(10))
        .add("none", doing(lambda p: None), "in")
        .add("all", Keep(), "in")
    )
    report = bench.run()
    assert report.frames == 10
    assert balanced(report)


def test_a_delaying_stage_gives_all_at_the_end(executor):
    bench = Bench(executor).add("in", counter(12)).add("delay", Delay()).add("keep", Keep())
    report = bench.run()
    assert [p.frame.index for p in bench.out] == list(range(12))
    assert balanced(report)


def test_a_join_with_a_branch_that_delays_beyond_the_queues_still_runs(executor):
    class Long(Keep):
        delays = True

        def process(self, packet):
            self.packets.append(packet)

        def flush(self):
            return self.packets

    bench = Bench(executor, queue=2).add("in", counter(60)).add("long", Long(), "in").add("b", Keep(), "in")
    bench.add("join", Keep(), "long", "b")
    report = bench.run()
    assert report.frames == 60
    assert balanced(report)


def test_a_delaying_stage_may_hold_more_than_the_byte_budget(executor):
    class Long(Delay):
        def process(self, packet):
            self.packets.append(packet)

        def flush(self):
            return self.packets

    bench = Bench(executor, queue_bytes=1000).add("in", counter(30)).add("long", Long()).add("keep", Keep())
    assert bench.run().frames == 30


def test_what_a_delaying_stage_never_gives_is_dropped(executor):
    class Every(Delay):
        def process(self, packet):
            self.packets.append(packet)
            return packet if packet.frame.index % 3 == 2 else None

        def flush(self):
            return ()

    bench = Bench(executor).add("in", counter(10)).add("third", Every()).add("keep", Keep())
    report = bench.run()
    assert [p.frame.index for p in bench.out] == [2, 5, 8]
    assert dict(report.sources[0].dropped) == {"third": 7}
    assert balanced(report)


def test_several_sources_run_side_by_side(executor):
    bench = Bench(executor).add("a", counter(7)).add("ka", Keep()).add("b", counter(9)).add("kb", Keep())
    report = bench.run()
    assert {s.name: s.out for s in report.sources} == {"a": 7, "b": 9}
    assert sorted({p.frame.source for p in bench.out}) == ["a", "b"]


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
        assert "--executor threads" in str(report.error)
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


def test_live_can_be_told_to_lose_nothing(executor):
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


def test_a_generator_is_as_good_as_a_packet(executor):
    class Two(Delay):
        def process(self, packet):
            self.packets.append(packet)
            if len(self.packets) % 2 == 0:
                yield from self.packets[-2:]

        def flush(self):
            return ()

    def one(packet):
        yield packet

    bench = Bench(executor).add("in", counter(8)).add("two", Two()).add("one", doing(one))
    assert bench.run().frames == 8


def test_a_stage_object_may_be_empty(executor):
    class Collecting(Keep):
        def __len__(self):
            return len(self.packets)

    keep = Collecting()
    Bench(executor).add("in", counter(4)).add("keep", keep).run()
    assert len(keep) == 4


def test_a_waiting_camera_has_no_share_of_the_work(executor):
    bench = Bench(executor).add("cam", counter(10, live=True, period=0.01)).add("sum", Sum())
    assert [stage.share for stage in bench.run().stages] == [0.0, 1.0]


def test_an_early_end_finishes_what_is_under_way(executor):
    keep = Keep()
    bench = Bench(executor).add("in", counter(100_000, period=0.001)).add("sum", Sum()).add("keep", keep)
    run = bench.start()
    while len(keep.packets) < 20:
        time.sleep(0.005)
    asked = time.monotonic()
    run.finish("SIGINT")
    assert run.wait(2)
    assert time.monotonic() - asked < 2
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


def test_images_are_read_only_for_every_stage(executor):
    def scribble(packet: Packet):
        packet.frame.image[:] = 1

    report = Bench(executor).add("in", counter()).add("scribble", doing(scribble)).run()
    assert "read-only" in str(report.error)
    assert report.exit_code == 1


def test_no_thread_is_left(executor):
    Bench(executor).add("in", counter()).add("keep", Keep()).run()
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and any(t.name.startswith("ferpipe") for t in threading.enumerate()):
        time.sleep(0.01)
    assert not [t.name for t in threading.enumerate() if t.name.startswith("ferpipe")]


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


def test_a_join_of_two_sources_is_refused(executor):
    bench = Bench(executor).add("a", counter()).add("b", counter()).add("j", Keep(), "a", "b")
    with pytest.raises(ConfigError):
        bench.run()


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
