"""Whatever a stage does, the run ends, says what happened, and closes what it opened."""

from __future__ import annotations

import threading
import time
import traceback
from pathlib import Path

import pytest
from support.graphs import EXECUTORS, Bench
from support.stages import Counter, CounterOptions, Delay, Keep, Sum, doing

from ferpipe import UsageError

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)
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


def balanced(report):
    return all(
        s.entered == s.out + sum(s.dropped.values()) + sum(s.failed.values()) and s.in_flight == 0
        for s in report.sources
    )


@pytest.mark.parametrize("where", ["open", "process", "flush", "close"])
def test_an_exception_ends_the_run_and_names_stage_and_call(executor, where):
    bench, before, after = bench_with(executor, breaks(where, raising))
    report = bench.run(5)
    assert f"stage 'bad' failed in {where}" in str(report.error)
    assert "ValueError: no such thing" in str(report.error)
    assert report.exit_code == 1
    assert before.calls[-1] == "close"
    assert after.calls[-1:] == ([] if where == "open" else ["close"])
    assert balanced(report)


def test_the_frame_is_named_and_those_before_it_are_finished(executor):
    bench, _, after = bench_with(executor, breaks("process", raising))
    report = bench.run(5)
    assert "at frame 4 (0.160 s)" in str(report.error)
    assert [p.frame.index for p in after.packets] == [0, 1, 2, 3]
    assert after.calls == ["open", "flush", "close"]
    assert dict(report.sources[0].failed) == {"bad": 1}
    assert balanced(report)


def test_skip_leaves_the_frame_out(executor):
    bench, _, after = bench_with(executor, breaks("process", raising), on_error="skip")
    report = bench.run(5)
    assert report.exit_code == 0
    assert [p.frame.index for p in after.packets] == [i for i in range(FRAMES) if i != 4]
    assert dict(report.sources[0].failed) == {"bad": 1}
    assert next(s for s in report.stages if s.name == "bad").errors == 1
    assert balanced(report)


def test_pass_gives_the_frame_on_as_it_came(executor):
    bench, _, after = bench_with(executor, breaks("process", raising), on_error="pass")
    report = bench.run(5)
    assert report.exit_code == 0
    assert [p.frame.index for p in after.packets] == list(range(FRAMES))
    assert not report.sources[0].failed


@pytest.mark.parametrize("action", ["skip", "pass"])
def test_a_delaying_stage_can_be_skipped_and_passed(executor, action):
    stage = breaks("process", raising, kind=Delay)
    bench, _, after = bench_with(executor, stage, on_error=action)
    report = bench.run(5)
    expected = list(range(FRAMES)) if action == "pass" else [i for i in range(FRAMES) if i != 4]
    assert [p.frame.index for p in after.packets] == expected
    assert balanced(report)


@pytest.mark.parametrize("action", ["skip", "pass"])
def test_a_budget_ends_the_patience(executor, action):
    bench, _, _ = bench_with(executor, doing(lambda p: 1 / 0), on_error=action, budget=5)
    report = bench.run(5)
    assert "at frame 5" in str(report.error)
    assert "ZeroDivisionError" in str(report.error)
    assert balanced(report)


@pytest.mark.parametrize("error", [SystemExit(3), MemoryError(), KeyboardInterrupt(), AssertionError()])
def test_even_errors_that_would_end_a_process_end_only_the_run(executor, error):
    def how():
        raise error

    report = bench_with(executor, breaks("process", how))[0].run(5)
    assert type(error).__name__ in str(report.error)


def test_a_usage_error_keeps_its_exit_code(executor):
    def how():
        raise UsageError("out.mp4 exists: add --overwrite")

    report = bench_with(executor, breaks("open", how))[0].run(5)
    assert report.exit_code == 2
    assert str(report.error) == "stage 'bad': out.mp4 exists: add --overwrite"


@pytest.mark.parametrize(
    ("nonsense", "says"),
    [
        (lambda p: 7, "gave a int"),
        (lambda p: "text", "gave a str"),
        (lambda p: [p, p], "gave several packets"),
        (lambda p: Sum().process(p).replace() and type(p)(p.frame), "'level' it promises"),
    ],
)
def test_nonsense_is_said_to_be_nonsense(executor, nonsense, says):
    stage = doing(nonsense, gives=frozenset({"level"}))
    report = bench_with(executor, stage)[0].run(5)
    assert says in str(report.error)
    assert "at frame 0" in str(report.error)


def test_a_packet_of_another_moment_is_nonsense(executor):
    first = []

    def stale(packet):
        first.append(packet)
        return first[0]

    report = bench_with(executor, doing(stale))[0].run(5)
    assert "another moment" in str(report.error)
    assert "at frame 1" in str(report.error)


def test_a_delaying_stage_cannot_invent_packets(executor):
    class Twice(Delay):
        def process(self, packet):
            return [packet, packet]

    report = bench_with(executor, Twice())[0].run(5)
    assert "does not hold" in str(report.error)


@pytest.mark.parametrize("where", ["process", "flush", "close"])
def test_a_stage_that_hangs_is_noticed_and_left_behind(executor, where):
    release = threading.Event()
    bench, before, after = bench_with(executor, breaks(where, release.wait), timeout=0.4)
    started = time.monotonic()
    report = bench.run(0.4 + 2)
    assert time.monotonic() - started < 0.4 + 2
    assert f"stage 'bad' failed in {where}" in str(report.error)
    assert "no answer for 0.4 s" in str(report.error)
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

    report = bench_with(executor, doing(slow), timeout=0.3)[0].run(2.3)
    assert "no answer for 0.3 s" in str(report.error)
    release.set()


def test_nonsense_after_a_good_packet_loses_no_frame_and_mixes_none(executor):
    class Half(Delay):
        def process(self, packet):
            self.packets.append(packet)
            return [packet, "junk"] if packet.frame.index == 4 else packet

        def flush(self):
            return ()

    bench = Bench(executor).add("in", Counter(CounterOptions(frames=FRAMES))).add("sum", Sum())
    bench.add("half", Half(), "sum", on_error="skip").add("join", Keep(), "half", "sum")
    report = bench.run(5)
    assert all(p.data["level"] == p.frame.index for p in bench.out)
    assert balanced(report)


def test_a_source_whose_interrupt_blocks_does_not_stop_the_watch(executor):
    release = threading.Event()

    class Blocked(Counter):
        def interrupt(self):
            release.wait()

    bench = Bench(executor).add("in", Blocked(CounterOptions(frames=10_000, period=0.01))).add("keep", Keep())
    run = bench.start()
    time.sleep(0.2)
    run.finish("SIGINT")
    assert run.wait(2)
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
    assert run.wait(3)
    report = run.report()
    assert report.exit_code == 130
    assert any("read interrupted" in str(error) for error in report.others)


def test_a_source_that_only_raises_is_given_up(executor):
    class Hopeless(Counter):
        def frames(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            raise OSError("no")

    report = Bench(executor).add("in", Hopeless(), on_error="skip").add("keep", Keep()).run(5)
    assert report.exit_code == 1
    assert report.stages[0].errors < 200


def test_a_source_without_a_stream_is_blamed_itself(executor):
    class Silent(Counter):
        def open(self, context):
            super().open(context)
            self.stream = "camera"

    report = Bench(executor).add("in", Silent()).add("keep", Keep()).run(5)
    assert "stage 'in' failed in open: the source did not set its stream" in str(report.error)


def test_nonsense_in_flush_is_told_once(executor):
    class Late(Delay):
        def flush(self):
            return ["junk"]

    report = bench_with(executor, Late())[0].run(5)
    assert str(report.error) == "stage 'bad' failed in flush: gave a str where packets were expected"


def test_a_password_is_in_no_traceback_and_no_log(executor, caplog):
    secret = "rtsp://anna:secret@camera/1"

    class Leaky(Keep):
        def process(self, packet):
            self.context.log.warning("opened %s", secret)
            try:
                raise OSError(secret)
            except OSError:
                self.context.log.exception("lost %s", secret)
                raise

    with caplog.at_level("INFO", logger="ferpipe"):
        report = bench_with(executor, Leaky())[0].run(5)
    assert report.error is not None
    told = "".join(traceback.format_exception(report.error))
    assert "secret@" not in told
    assert "rtsp://***@camera/1" in told
    assert "secret@" not in "".join(record.getMessage() for record in caplog.records)
    assert len(caplog.records) == 2


def test_a_trace_that_cannot_be_written_does_not_disturb_the_run(executor):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    bench = Bench(executor).add("in", Counter(CounterOptions(frames=3000))).add("keep", Keep())
    report = bench.run(10, trace=full)
    assert report.error is None
    assert report.frames == 3000
    assert any("trace could not be written" in str(error) for error in report.others)


def test_a_stage_that_hangs_in_open_is_noticed(executor):
    release = threading.Event()
    before = Keep()
    bench = Bench(executor, open_timeout=0.3).add("in", Counter()).add("before", before)
    bench.add("bad", breaks("open", release.wait))
    report = bench.run(2.3)
    assert "stage 'bad' failed in open: no answer for 0.3 s" in str(report.error)
    assert before.calls == ["open", "close"]
    release.set()


def test_a_hanging_stage_is_closed_when_it_comes_back(executor):
    release = threading.Event()
    stage = breaks("process", release.wait)
    bench_with(executor, stage, timeout=0.3)[0].run(3)
    assert "close" not in stage.calls
    release.set()
    deadline = time.monotonic() + 2
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
    report = bench.run(2.3)
    assert "stage 'in' failed in frames: no answer for 0.3 s" in str(report.error)
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
    report = bench.run(10)
    assert report.frames == 3
    assert report.stages[0].state == "connecting"


@pytest.mark.parametrize(("action", "code"), [("fail", 1), ("skip", 0), ("pass", 0)])
def test_a_source_that_raises(executor, action, code):
    class Torn(Counter):
        def frames(self):
            for packet in super().frames():
                if packet.frame.index == 3:
                    raise OSError("the disk is gone")
                yield packet

    keep = Keep()
    report = Bench(executor).add("in", Torn(), on_error=action).add("keep", keep).run(5)
    assert report.exit_code == code
    assert len(keep.packets) == 3
    assert keep.calls == ["open", "flush", "close"]
    assert report.stages[0].errors == 1


def test_time_that_goes_back_is_refused(executor):
    report = Bench(executor).add("in", Counter(CounterOptions(step=0))).add("keep", Keep()).run(5)
    assert "time went back from 0 to 0 us" in str(report.error)


def test_the_first_error_wins_and_the_others_hang_on_to_it(executor):
    bench, _, _ = bench_with(executor, breaks("process", raising))
    bench.add("later", breaks("close", raising))
    report = bench.run(5)
    assert "stage 'bad' failed in process" in str(report.error)
    assert [str(e) for e in report.others] == ["stage 'later' failed in close: ValueError: no such thing"]


def test_a_stage_that_cannot_be_made(executor):
    class Unmade(Keep):
        def __init__(self, options=None):
            raise RuntimeError("no licence")

    bench = Bench(executor).add("in", Counter())
    bench.nodes.append(type(bench.nodes[0])("bad", "bad", Unmade, Unmade.Options(), ("in",)))
    report = bench.run(5)
    assert "stage 'bad' failed in __init__: RuntimeError: no licence" in str(report.error)


def test_passwords_do_not_reach_the_error(executor):
    def how():
        raise OSError("rtsp://anna:secret@camera/1 does not answer")

    report = bench_with(executor, breaks("process", how))[0].run(5)
    assert "secret" not in str(report.error)
    assert "rtsp://***@camera/1" in str(report.error)


def test_a_source_deaf_to_the_stop_is_left_behind(executor):
    release = threading.Event()

    class Deaf(Counter):
        def frames(self):
            yield from super().frames()
            release.wait()

    bench = Bench(executor).add("in", Deaf(CounterOptions(frames=3, live=True))).add("keep", Keep())
    run = bench.start()
    time.sleep(0.3)
    run.finish("SIGINT")
    asked = time.monotonic()
    assert run.wait(4)
    assert time.monotonic() - asked < 3
    assert run.report().exit_code == 130
    assert any("left behind" in str(error) for error in run.report().others)
    release.set()
