"""The parts an executor is made of."""

from __future__ import annotations

import collections
import json
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import EXECUTORS, Bench
from support.patience import PATIENCE
from support.stages import Counter, CounterOptions, Keep, Sum, doing

from ferpipe import UsageError
from ferpipe.run.control import Control
from ferpipe.run.files import Files
from ferpipe.run.mailbox import Mailbox
from ferpipe.run.message import END, Message
from ferpipe.run.timing import Histogram


def message(seq: int = 0) -> Message:
    return Message(seq, seq, None)


def test_a_run_is_reported_while_its_stages_count_new_things():
    """The progress line asks at any moment."""

    class Growing(collections.Counter):
        """Counters to which a stage adds while somebody goes through them."""

        def items(self):
            for i, item in enumerate(super().items()):
                self[f"new {i}"] = 1
                yield item

    counts = doing(lambda packet: packet)
    run = Bench("threads").add("in", Counter(CounterOptions(frames=3))).add("counts", counts).start()
    assert run.wait(10)
    run._workers["counts"].counters = Growing({"faces": 2, "errors": 1})
    stage = next(one for one in run.report().stages if one.name == "counts")
    assert stage.counters == {"faces": 2, "errors": 1}


def in_thread(function) -> tuple[threading.Thread, list]:
    result: list = []
    thread = threading.Thread(target=lambda: result.append(function()), daemon=True)
    thread.start()
    return thread, result


class TestMailbox:
    def test_it_keeps_the_order_of_arrival(self):
        box = Mailbox(2, 4, Control())
        sent = [(0, message(1)), (1, message(2)), (0, message(3))]
        for lane, one in sent:
            assert box.put(lane, one)
        assert box.get() + box.get() == sent

    def test_put_waits_for_room(self):
        box = Mailbox(1, 1, Control())
        box.put(0, message(1))
        thread, result = in_thread(lambda: box.put(0, message(2)))
        thread.join(0.1)
        assert thread.is_alive()
        box.get()
        thread.join(PATIENCE)
        assert result == [True]

    def test_at_most_half_is_taken_at_once(self):
        box = Mailbox(1, 4, Control())
        for i in range(4):
            box.put(0, message(i))
        assert [one.seq for _, one in box.get()] == [0, 1]
        assert len(box) == 2

    def test_a_stop_frees_those_who_wait(self):
        control = Control()
        full, empty = Mailbox(1, 1, control), Mailbox(1, 1, control)
        full.put(0, message())
        putting, put = in_thread(lambda: full.put(0, message()))
        getting, got = in_thread(empty.get)
        time.sleep(0.05)
        control.cut()
        putting.join(PATIENCE)
        getting.join(PATIENCE)
        assert put == [False]
        assert got == [[]]

    def test_closing_frees_those_who_put(self):
        box = Mailbox(1, 1, Control())
        box.put(0, message())
        thread, result = in_thread(lambda: box.put(0, message()))
        time.sleep(0.05)
        box.close()
        thread.join(PATIENCE)
        assert result == [False]
        assert not box.put(0, END, force=True)

    def test_a_starved_join_takes_more_than_its_size(self):
        box = Mailbox(2, 1, Control())
        for i in range(5):
            assert box.put(0, message(i))
        box.put(1, message(0))
        thread, _ = in_thread(lambda: box.put(0, message(9)))
        thread.join(0.1)
        assert thread.is_alive()
        box.close()


@given(st.lists(st.floats(1e-6, 10.0), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_percentiles_are_right_to_within_a_bucket(durations, q):
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    exact = sorted(durations)[max(0, -(-round(q * len(durations) * 1000) // 1000) - 1)]
    assert histogram.percentile(q) == pytest.approx(exact, rel=0.046)
    assert histogram.total == pytest.approx(sum(durations))


class TestFiles:
    def test_a_path_goes_below_the_output_folder(self, tmp_path: Path):
        files = Files(str(tmp_path / "out"))
        target = files.output("video", "a/b.mp4")
        assert target == tmp_path / "out" / "a" / "b.mp4"
        assert target.parent.is_dir()

    @pytest.mark.parametrize("path", ["../b.mp4", "a/../../b.mp4", "/tmp/b.mp4", "link/b.mp4"])
    def test_nothing_leaves_the_output_folder(self, tmp_path: Path, path: str):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "link").symlink_to(tmp_path)
        with pytest.raises(UsageError, match="outside the output folder"):
            Files(str(tmp_path / "out")).output("video", path)

    def test_an_existing_file_is_kept_without_overwrite(self, tmp_path: Path):
        (tmp_path / "a.mp4").write_text("x")
        with pytest.raises(UsageError, match="pass overwrite=True"):
            Files().output("video", tmp_path / "a.mp4")
        assert Files(overwrite=True).output("video", tmp_path / "a.mp4") == tmp_path / "a.mp4"

    def test_the_input_is_never_the_output(self, tmp_path: Path):
        (tmp_path / "a.mp4").write_text("x")
        (tmp_path / "same.mp4").symlink_to(tmp_path / "a.mp4")
        files = Files(overwrite=True)
        files.input("file", tmp_path / "a.mp4")
        with pytest.raises(UsageError, match="is what 'file' reads"):
            files.output("video", tmp_path / "same.mp4")

    def test_two_stages_cannot_write_one_file(self, tmp_path: Path):
        files = Files()
        files.output("video", tmp_path / "a.mp4")
        with pytest.raises(UsageError, match="written by 'video' already"):
            files.output("timeline", tmp_path / "a.mp4")

    def test_a_folder_is_no_output(self, tmp_path: Path):
        with pytest.raises(UsageError, match="is a folder"):
            Files().output("video", tmp_path)

    def test_a_parent_that_is_a_file_is_said(self, tmp_path: Path):
        (tmp_path / "a").write_text("x")
        with pytest.raises(UsageError, match="cannot be created"):
            Files().output("video", tmp_path / "a" / "b.mp4")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_trace_is_json_with_a_span_a_call(executor, tmp_path: Path):
    bench = (
        Bench(executor).add("in", Counter(CounterOptions(frames=20))).add("sum", Sum()).add("keep", Keep())
    )
    bench.run(trace=tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())
    spans = [event for event in events if event["ph"] == "X" and event["name"] == "process"]
    assert len(spans) == 40
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert {names[span["tid"]] for span in spans} == {"sum", "keep"}
    assert sorted(span["args"]["frame"] for span in spans if names[span["tid"]] == "sum") == list(range(20))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_large_frames_are_bounded_by_bytes(executor):
    held = []
    started = threading.Event()

    class Slow(Keep):
        def process(self, packet):
            assert started.wait(PATIENCE)  # the run may be quicker than the assignment of `run`
            time.sleep(0.005)
            held.append(run.report().sources[0].in_flight)
            return packet

    frame = CounterOptions(frames=20, shape=(100, 100, 3))
    bench = Bench(executor, queue_bytes=3 * 30_000).add("in", Counter(frame)).add("slow", Slow())
    run = bench.start()
    started.set()
    assert run.wait(10)
    assert max(held) <= 3
    assert run.report().frames == 20
