"""Whatever a stage raises or gives, the run ends, says what happened, and closes what it opened."""

from __future__ import annotations

import traceback

import pytest
from support.disks import disk_of
from support.failing import FRAMES, bench_with, breaks, raising
from support.graphs import EXECUTORS, Bench, balanced
from support.stages import Counter, CounterOptions, Delay, Keep, Sum, doing

from ferpipe import UsageError

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)


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
    assert str(report.error).endswith("(error 6, over the on_error budget of 5)")
    assert balanced(report)


@pytest.mark.parametrize(
    ("action", "then"), [("skip", "the frame is dropped"), ("pass", "the frame is passed on unchanged")]
)
def test_the_first_error_that_is_let_pass_is_reported_and_no_other(executor, action, then, caplog):
    bench, _, _ = bench_with(executor, doing(lambda p: 1 / 0), on_error=action)
    bench.run(5)
    (told,) = [record.getMessage() for record in caplog.records if record.name == "ferpipe"]
    assert "stage 'bad' failed in process at frame 0" in told
    assert f"{then} (on_error: {action})" in told


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
        (lambda p: 7, "returned an int"),
        (lambda p: "text", "returned a str"),
        (lambda p: [p, p], "returned several packets"),
        (lambda p: Sum().process(p).replace() and type(p)(p.frame), "'level' that it declares"),
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
    assert "another time" in str(report.error)
    assert "at frame 1" in str(report.error)


def test_a_delaying_stage_cannot_invent_packets(executor):
    class Twice(Delay):
        def process(self, packet):
            return [packet, packet]

    report = bench_with(executor, Twice())[0].run(5)
    assert "does not hold" in str(report.error)


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


def test_nonsense_in_flush_is_reported_once(executor):
    class Late(Delay):
        def flush(self):
            return ["junk"]

    report = bench_with(executor, Late())[0].run(5)
    assert str(report.error) == "stage 'bad' failed in flush: returned a str where packets are expected"


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


def test_a_trace_that_cannot_be_written_does_not_disturb_the_run(executor, tmp_path):
    bench = Bench(executor).add("in", Counter(CounterOptions(frames=3000))).add("keep", Keep())
    with disk_of(1000):
        report = bench.run(10, trace=tmp_path / "trace.json")
    assert report.error is None
    assert report.frames == 3000
    assert any("cannot write" in str(error) and "trace.json" in str(error) for error in report.others)


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
