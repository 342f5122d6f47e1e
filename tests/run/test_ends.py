"""What stages see at the end of a run, what is left of a run, and what is blamed on whom."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from support.graphs import EXECUTORS, Bench
from support.stages import Counter, CounterOptions, Keep, doing


class Noting(Counter):
    """Notes whether it was interrupted, and whether the run was complete when it closed."""

    def __init__(self, options=None):
        super().__init__(options)
        self.interrupted = threading.Event()
        self.complete = None

    def interrupt(self):
        self.interrupted.set()

    def close(self):
        self.complete = self.context.complete


class Blocking(Noting):
    """Gives its frames, then waits until it is interrupted."""

    def frames(self):
        yield from super().frames()
        self.interrupted.wait(10)


class Closing(Keep):
    def flush(self):
        self.in_flush = self.context.complete
        return super().flush()

    def close(self):
        self.in_close = self.context.complete


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_whole_run_is_complete_to_its_last_call_and_nobody_is_interrupted(executor):
    source, sink = Noting(CounterOptions(frames=5)), Closing()
    # Closed last of all, long enough after the end for a watchdog to look.
    slow = type("Slow", (Keep,), {"close": lambda self: time.sleep(0.2)})()
    Bench(executor).add("in", source).add("sink", sink).add("slow", slow).run()
    assert (sink.in_flush, sink.in_close, source.complete) == (True, True, True)
    assert not source.interrupted.is_set()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_run_that_was_ended_is_not_complete_and_its_source_is_interrupted(executor):
    source, sink = Blocking(CounterOptions(frames=3)), Closing()
    run = Bench(executor).add("in", source).add("sink", sink).start()
    while not sink.packets:
        time.sleep(0.005)
    run.finish("SIGINT")
    assert run.wait(10)
    assert (sink.in_flush, sink.in_close, source.complete) == (False, False, False)
    assert source.interrupted.is_set()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_error_in_close_changes_nothing_about_what_was_seen(executor):
    sink = Closing()

    def broken(self):
        raise ValueError("full")

    bench = Bench(executor).add("in", Counter(CounterOptions(frames=5))).add("sink", sink)
    report = bench.add("broken", type("Broken", (Keep,), {"close": broken})()).run()
    assert "failed in close" in str(report.error)
    assert sink.in_close is True


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_source_that_has_ended_is_not_interrupted_when_another_is(executor):
    if executor == "inline":
        pytest.skip("there, sources run one after the other")
    short, long = Noting(CounterOptions(frames=3)), Blocking(CounterOptions(frames=3))
    bench = Bench(executor).add("short", short).add("a", Keep()).add("long", long).add("b", Keep())
    run = bench.start()
    while run.report().sources == () or run.report().sources[0].out < 3 or not bench.made["b"].packets:
        time.sleep(0.01)
    time.sleep(0.1)
    run.finish("SIGINT")
    assert run.wait(10)
    assert long.interrupted.is_set()
    assert not short.interrupted.is_set()


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("live", [True, False])
def test_a_source_may_say_in_open_whether_it_is_live(executor, live):
    seen = {}

    class Late(Counter):
        def open(self, context):
            seen["before"] = context.live
            super().open(context)
            self.live = not self.live
            seen["source"] = context.live

    class Asking(Keep):
        def open(self, context):
            super().open(context)
            seen["sink"] = context.live

    report = Bench(executor).add("in", Late(CounterOptions(frames=3, live=not live))).add("k", Asking()).run()
    assert seen == {"before": not live, "source": live, "sink": live}
    assert report.sources[0].live is live


def test_live_runs_that_overlap_leave_the_switch_interval_as_it_was():
    before = sys.getswitchinterval()
    runs = []
    for _ in range(3):
        source = Counter(CounterOptions(frames=100_000, period=0.001, live=True))
        keep = Keep()
        runs.append(Bench("threads").add("in", source).add("keep", keep).start())
        while not keep.packets:
            time.sleep(0.005)
    assert sys.getswitchinterval() < before
    # The one that began first ends first, then the last, then the one between them.
    for number in (0, 2, 1):
        assert sys.getswitchinterval() < before
        runs[number].finish()
        assert runs[number].wait(10)
    assert sys.getswitchinterval() == before


def breaks(name):
    """A stage whose class attribute or method `name` cannot be used once the run has begun."""

    def broken(*_):
        raise RuntimeError("never thought of")

    how = {"independent": classmethod(broken), "delays": property(broken), "__init__": broken}[name]
    return type("Breaks", (Keep,), {name: how})


@pytest.mark.parametrize("name", ["independent", "delays"])
def test_a_plugin_that_cannot_be_asked_is_named(name):
    bench = Bench("threads").add("in", Counter()).add("bad", breaks(name)(), handed=False)
    report = bench.add("after", Keep()).run()
    where = {"independent": "independent", "delays": "__init__"}[name]
    assert str(report.error) == f"stage 'bad' failed in {where}: RuntimeError: never thought of"


def test_a_copy_that_cannot_be_made_is_named():
    made = []

    class Once(Keep):
        independent = classmethod(lambda cls, options: True)

        def __init__(self, options=None):
            super().__init__(options)
            made.append(self)
            if len(made) > 2:  # the one of the bench, and the first of the run
                raise MemoryError("no room for another")

    report = Bench("threads", copies=3).add("in", Counter()).add("bad", Once(), handed=False).run()
    assert str(report.error) == "stage 'bad' failed in independent: MemoryError: no room for another"


def test_the_stage_stream_reports_what_its_thread_met(tmp_path):
    from ferpipe.testing import TestContext, make_packet
    from ferpipe_sinks.stream import StreamOptions, StreamSink

    sink = StreamSink(StreamOptions(url="x.m3u8"))
    sink.open(TestContext(tmp_path))
    sink._target = "a\0b"  # Popen refuses it with a ValueError
    sink.process(make_packet())
    deadline = time.monotonic() + 10
    while sink._failure is None and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(ValueError, match="null byte"):
        sink.process(make_packet(time=1))
    sink.close()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_limit_of_a_call_still_holds_for_a_stage_that_computes(executor):
    """Whoever holds the interpreter's lock delays the watchdog, and is not forgiven for that."""

    def busy(packet):
        until = time.monotonic() + 3
        while time.monotonic() < until:
            sum(range(2_000_000))
        return packet

    bench = Bench(executor).add("in", Counter(CounterOptions(frames=2))).add("busy", doing(busy), timeout=1.5)
    assert "no response for 1.5 s" in str(bench.run(10).error)
