"""A stage that hangs is noticed, left behind, and closed when it comes back."""

from __future__ import annotations

import threading
import time

import pytest
from support.failing import bench_with, breaks, raising
from support.graphs import EXECUTORS, Bench, balanced
from support.patience import PATIENCE
from support.stages import Counter, CounterOptions, Keep, doing

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)


@pytest.mark.parametrize("where", ["process", "flush", "close"])
def test_a_stage_that_hangs_is_noticed_and_left_behind(executor, where):
    release = threading.Event()
    bench, before, after = bench_with(executor, breaks(where, release.wait), timeout=0.4)
    report = bench.run(PATIENCE)
    assert f"stage 'bad' failed in {where}" in str(report.error)
    assert "no response for 0.4 s" in str(report.error)
    if where == "process":
        assert "at frame 4" in str(report.error)
    assert before.calls[-1] == "close"
    assert after.calls[-1] == "close"
    assert balanced(report)
    release.set()


def test_a_generator_that_hangs_is_noticed(executor):
    release = threading.Event()

    def slow(packet):
        release.wait()
        yield packet

    report = bench_with(executor, doing(slow), timeout=0.3)[0].run(PATIENCE)
    assert "no response for 0.3 s" in str(report.error)
    release.set()


def test_a_source_whose_interrupt_blocks_does_not_stop_the_watch(executor):
    release = threading.Event()

    class Blocked(Counter):
        def interrupt(self):
            release.wait()

    bench = Bench(executor).add("in", Blocked(CounterOptions(frames=10_000, period=0.01))).add("keep", Keep())
    run = bench.start()
    time.sleep(0.2)
    run.finish("SIGINT")
    assert run.wait(PATIENCE)
    release.set()


def test_a_source_that_raises_because_of_the_end_does_not_change_the_exit_code(executor):
    class Upset(Counter):
        def frames(self):
            for packet in super().frames():
                yield packet
                if self.context.stop.wait(0.01):
                    raise OSError("read interrupted")

    bench = Bench(executor).add("in", Upset(CounterOptions(frames=10_000))).add("keep", Keep())
    run = bench.start()
    time.sleep(0.2)
    run.finish("SIGINT")
    assert run.wait(PATIENCE)
    report = run.report()
    assert report.exit_code == 130
    assert any("read interrupted" in str(error) for error in report.others)


def test_a_stage_that_hangs_in_open_is_noticed(executor):
    release = threading.Event()
    before = Keep()
    bench = Bench(executor, open_timeout=0.3).add("in", Counter()).add("before", before)
    bench.add("bad", breaks("open", release.wait))
    report = bench.run(PATIENCE)
    assert "stage 'bad' failed in open: no response for 0.3 s" in str(report.error)
    assert before.calls == ["open", "close"]
    release.set()


def test_a_hanging_stage_is_closed_when_it_comes_back(executor):
    release = threading.Event()
    stage = breaks("process", release.wait)
    bench_with(executor, stage, timeout=0.3)[0].run(PATIENCE)
    assert "close" not in stage.calls
    release.set()
    deadline = time.monotonic() + PATIENCE
    while "close" not in stage.calls and time.monotonic() < deadline:
        time.sleep(0.01)
    assert stage.calls[-1] == "close"


def test_a_source_that_hangs_is_noticed(executor):
    release = threading.Event()

    class Stuck(Counter):
        def frames(self):
            for packet in super().frames():
                if packet.frame.index == 3:
                    release.wait()
                yield packet

    keep = Keep()
    bench = Bench(executor).add("in", Stuck(), timeout=0.3).add("keep", keep)
    report = bench.run(PATIENCE)
    assert "stage 'in' failed in frames: no response for 0.3 s" in str(report.error)
    assert len(keep.packets) == 3
    assert keep.calls[-1] == "close"
    release.set()


def test_waiting_on_purpose_is_not_hanging(executor):
    class Patient(Counter):
        def frames(self):
            for _ in range(12):
                self.context.alive("connecting")
                self.context.stop.wait(0.1)
            yield from super().frames()

    bench = Bench(executor).add("in", Patient(CounterOptions(frames=3)), timeout=0.5).add("keep", Keep())
    report = bench.run(PATIENCE)
    assert report.frames == 3
    assert report.stages[0].state == "connecting"


def test_the_first_error_wins_and_the_others_hang_on_to_it(executor):
    bench, _, _ = bench_with(executor, breaks("process", raising))
    bench.add("later", breaks("close", raising))
    report = bench.run(PATIENCE)
    assert "stage 'bad' failed in process" in str(report.error)
    assert [str(e) for e in report.others] == ["stage 'later' failed in close: ValueError: no such thing"]


def test_a_source_deaf_to_the_stop_is_left_behind(executor):
    deaf, release = threading.Event(), threading.Event()

    class Deaf(Counter):
        def frames(self):
            yield from super().frames()
            deaf.set()
            release.wait()

    bench = Bench(executor).add("in", Deaf(CounterOptions(frames=3, live=True))).add("keep", Keep())
    run = bench.start()
    assert deaf.wait(PATIENCE)
    run.finish("SIGINT")
    assert run.wait(PATIENCE)
    assert run.report().exit_code == 130
    assert any("was abandoned" in str(error) for error in run.report().others)
    release.set()
