"""Tees, joins and stages that delay, in both executors."""

from __future__ import annotations

import dataclasses

import pytest
from support.graphs import EXECUTORS, Bench, balanced
from support.stages import Counter, CounterOptions, Delay, Keep, Sum, doing

from ferpipe.errors import ConfigError

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)


def counter(frames: int = 10, **options) -> Counter:
    return Counter(CounterOptions(frames=frames, **options))


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


def test_a_join_keeps_the_mark_of_a_cut_that_one_branch_set(executor):
    def mark(packet):
        cut = packet.frame.index == 3
        return dataclasses.replace(packet, frame=dataclasses.replace(packet.frame, discontinuity=cut))

    bench = Bench(executor).add("in", counter(5)).add("sum", Sum())
    bench.add("plain", Keep(), "sum").add("mark", doing(mark), "sum").add("join", Keep(), "plain", "mark")
    bench.run()
    assert [p.frame.discontinuity for p in bench.out] == [False, False, False, True, False]


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


def test_a_join_of_two_sources_is_refused(executor):
    bench = Bench(executor).add("a", counter()).add("b", counter()).add("j", Keep(), "a", "b")
    with pytest.raises(ConfigError):
        bench.run()
