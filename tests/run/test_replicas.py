"""Several copies of a stage do what one would have done, in the same order."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from itertools import pairwise

import pytest
from support.graphs import Bench, balanced
from support.patience import PATIENCE
from support.stages import Counter, CounterOptions, Keep

FRAMES = 40


class Alone(Keep):
    """A stage that takes each packet by itself; remembers all of its copies."""

    made: list[Alone]
    work = staticmethod(lambda packet: packet)

    @classmethod
    def independent(cls, options):
        return True

    def __init__(self, options=None):
        super().__init__(options)
        type(self).made.append(self)

    def process(self, packet):
        self.packets.append(packet)
        self.context.count("seen")
        return type(self).work(packet)


def alone(work=lambda packet: packet) -> type[Alone]:
    return type("Alone", (Alone,), {"work": staticmethod(work), "made": []})


def bench(kind: type[Alone], executor="threads", copies=3, source=None, **policy) -> Bench:
    made = Bench(executor, copies=copies)
    made.add("in", Counter(CounterOptions(frames=FRAMES, **(source or {}))))
    made.add("alone", kind(), handed=False, **policy)
    kind.made.clear()
    return made.add("keep", Keep())


def given(made: Bench) -> list[int]:
    return [packet.frame.index for packet in made.out]


def test_they_work_at_once_and_give_in_order():
    meet = threading.Barrier(3, timeout=5)

    def work(packet):
        if packet.frame.index < 3:
            meet.wait()  # ends only when three are inside
        time.sleep(7 * packet.frame.index % 5 / 1000)
        return packet

    kind = alone(work)
    made = bench(kind)
    report = made.run()
    assert report.error is None
    assert given(made) == list(range(FRAMES))
    assert len(kind.made) == 3
    assert all(stage.calls == ["open", "flush", "close"] for stage in kind.made)
    assert sorted(p.frame.index for stage in kind.made for p in stage.packets) == list(range(FRAMES))
    stage = next(s for s in report.stages if s.name == "alone")
    assert (stage.copies, stage.frames, dict(stage.counters)) == (3, FRAMES, {"seen": FRAMES})
    assert balanced(report)


@pytest.mark.parametrize(
    ("executor", "copies", "source"), [("inline", 3, {}), ("threads", 1, {}), ("threads", 3, {"live": True})]
)
def test_one_is_enough_inline_where_set_and_live(executor, copies, source):
    kind = alone()
    made = bench(kind, executor, copies, source)
    assert made.run().error is None
    assert len(kind.made) == 1


def test_a_stage_that_was_handed_over_is_not_copied():
    kind = alone()
    made = Bench(copies=3).add("in", Counter(CounterOptions(frames=5))).add("alone", kind())
    assert made.run().frames == 5
    assert len(kind.made) == 1


def broken(at: int):
    """Raises at frame `at` and after it, later frames first."""

    def work(packet):
        if packet.frame.index == at:
            time.sleep(0.05)
        if packet.frame.index >= at:
            raise ValueError(f"frame {packet.frame.index}")
        return packet

    return alone(work)


@pytest.mark.parametrize("attempt", range(3))
def test_the_first_error_in_the_stream_is_the_one_that_ends_the_run(attempt):
    kind = broken(6)
    made = bench(kind)
    report = made.run()
    assert "failed in process at frame 6" in str(report.error)
    assert given(made) == list(range(6))
    assert dict(report.sources[0].failed) == {"alone": 1}
    assert all(stage.calls == ["open", "close"] for stage in kind.made)
    assert balanced(report)


@pytest.mark.parametrize("action", ["skip", "pass"])
def test_a_budget_is_shared(action):
    made = bench(broken(6), on_error=action, budget=4)
    report = made.run()
    assert "at frame 10" in str(report.error)
    assert next(s for s in report.stages if s.name == "alone").errors == 5
    assert balanced(report)


@pytest.mark.parametrize("action", ["skip", "pass"])
def test_errors_are_skipped_and_passed(action):
    made = bench(broken(30), on_error=action)
    report = made.run()
    assert report.error is None
    assert given(made) == list(range(30 if action == "skip" else FRAMES))
    assert balanced(report)


def test_one_that_hangs_ends_the_run():
    release = threading.Event()

    def work(packet):
        if packet.frame.index == 7:
            release.wait()
        return packet

    kind = alone(work)
    made = bench(kind, timeout=0.3)
    report = made.run(PATIENCE)
    release.set()
    assert "'alone' failed in process at frame 7" in str(report.error)
    assert "no response for 0.3 s" in str(report.error)
    assert given(made) == list(range(7))
    assert sum("close" in stage.calls for stage in kind.made) >= 2
    assert balanced(report)


@pytest.mark.parametrize("number", [1, 2])
def test_a_copy_that_does_not_open_ends_the_run(number):
    kind = alone()
    opened = []

    def open_(self, context):
        opened.append(self)
        Keep.open(self, context)
        if len(opened) == number:
            raise ValueError("no memory")

    kind.open = open_  # type: ignore[method-assign]
    made = bench(kind)
    report = made.run()
    assert "stage 'alone' failed in open" in str(report.error)
    assert [stage.calls for stage in kind.made[:number]] == [["open", "close"]] * number
    assert made.out == []


def test_a_trace_gives_each_copy_a_row(tmp_path):
    kind = alone(lambda packet: (time.sleep(0.002), packet)[1])
    made = bench(kind)
    trace = tmp_path / "trace.json"
    assert made.run(trace=trace).error is None
    events = json.loads(trace.read_text())
    rows = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert sorted(rows.values()) == ["alone", "alone", "alone", "in", "keep"]
    spans = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            spans[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    assert set(spans) == set(rows)
    for row in spans.values():
        row.sort()
        assert all(end <= start + 0.2 for (_, end), (start, _) in pairwise(row))
