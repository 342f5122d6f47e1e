"""A pipeline that is fed from the caller's own loop."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.stages import Counter, Delay, Keep, Sum, doing, grey

from ferpipe import (
    ConfigError,
    Options,
    Packet,
    Pipeline,
    Stage,
    UsageError,
    timeline,
)


class Total(Stage[Options]):
    """Adds up the grey levels it has seen: a state that lasts."""

    needs = frozenset({"frame"})
    gives = frozenset({"total"})

    def open(self, context: Any) -> None:
        super().open(context)
        self.total = 0

    def process(self, packet: Packet) -> Packet:
        if packet.frame.discontinuity:
            self.total = 0
        self.total += int(packet.frame.image.mean())
        return packet.replace(total=self.total)


def test_each_picture_gives_its_own_packet_and_stages_keep_their_state():
    keep = Keep()
    with Pipeline.of(Total(), keep).session() as session:
        packets = [session.process(grey(level), seconds=level / 10) for level in range(1, 6)]
    assert [packet.data["total"] for packet in packets] == [1, 3, 6, 10, 15]
    assert [packet.time for packet in packets] == [100_000, 200_000, 300_000, 400_000, 500_000]
    assert [packet.frame.index for packet in packets] == [0, 1, 2, 3, 4]
    assert keep.calls == ["open", "flush", "close"]
    assert session.report.frames == 5
    assert session.report.sources[0].entered == 5


def test_a_cut_is_marked():
    with Pipeline.of(Total()).session() as session:
        session.process(grey(5))
        assert session.process(grey(7), discontinuity=True).data["total"] == 7


def test_without_seconds_the_clock_counts():
    with Pipeline.of(Sum()).session() as session:
        first = session.process(grey(1))
        time.sleep(0.02)
        second = session.process(grey(2))
        assert first.time < 1000
        assert 20_000 <= second.time < 10_000_000
        third = session.process(grey(3), seconds=100)
        assert session.process(grey(4)).time == third.time + 1, "time increases, whatever the clock says"


def test_the_caller_s_array_stays_his_own():
    picture = grey(9)
    with Pipeline.of(Sum()).session() as session:
        packet = session.process(picture)
        picture[:] = 200
        assert packet.frame.image.max() == 9
        assert not packet.frame.image.flags.writeable


@pytest.mark.parametrize(
    ("picture", "color", "pixel"),
    [
        (np.dstack([grey(1, (4, 6)), grey(2, (4, 6)), grey(3, (4, 6))]), "bgr", [1, 2, 3]),
        (np.dstack([grey(1, (4, 6)), grey(2, (4, 6)), grey(3, (4, 6))]), "rgb", [3, 2, 1]),
        (np.dstack([grey(n, (4, 6)) for n in (1, 2, 3, 4)]), "rgb", [3, 2, 1]),
        (grey(7, (4, 6)), "bgr", [7, 7, 7]),
        (grey(7, (4, 6, 1)), "rgb", [7, 7, 7]),
    ],
)
def test_what_a_picture_may_be(picture, color, pixel):
    with Pipeline.of("null").session(color=color) as session:
        image = session.process(picture).frame.image
    assert image.shape == (4, 6, 3)
    assert image[0, 0].tolist() == pixel
    assert image.flags.c_contiguous


def test_a_pillow_image_knows_its_colours():
    Image = pytest.importorskip("PIL.Image")  # noqa: N806 -- a module's own name
    picture = Image.fromarray(np.dstack([grey(1, (4, 6)), grey(2, (4, 6)), grey(3, (4, 6))]))
    with Pipeline.of("null").session() as session:
        assert session.process(picture).frame.image[0, 0].tolist() == [3, 2, 1]
        assert session.process(picture.convert("L")).frame.image.shape == (4, 6, 3)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (grey(1).astype(np.float32), "holds float32: scale it to 0 to 255"),
        (grey(1, (3, 8, 8)), r"shape \(H, W\).* has \(3, 8, 8\)"),
        (grey(1, (2, 8, 8, 3)), "several pictures one by one"),
        (np.zeros((0, 4, 3), np.uint8), r"has \(0, 4, 3\)"),
        ("face.jpg", "not a str"),
        (None, "not a NoneType"),
    ],
)
def test_a_wrong_picture_is_refused_and_the_session_goes_on(picture, message):
    with Pipeline.of(Total()).session() as session:
        session.process(grey(1))
        with pytest.raises(UsageError, match=message):
            session.process(picture)
        assert session.process(grey(2)).data["total"] == 3


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, 0.5, 0.1])
def test_a_wrong_time_is_refused_and_the_session_goes_on(seconds):
    with Pipeline.of(Total()).session() as session:
        session.process(grey(1), seconds=0.5)
        with pytest.raises(UsageError, match="seconds: expected"):
            session.process(grey(9), seconds=seconds)
        assert session.process(grey(2), seconds=0.6).data["total"] == 3


def test_a_dropped_picture_gives_none():
    odd = doing(lambda packet: packet if packet.frame.index % 2 else None)
    with Pipeline.of(odd).session() as session:
        assert [session.process(grey(1)) is None for _ in range(4)] == [True, False, True, False]
    assert session.report.sources[0].dropped == {"doing": 2}


def test_what_a_stage_keeps_back_comes_later_in_order_and_the_rest_at_the_end():
    session = Pipeline.of(Sum(), Delay()).session()
    given = [session.process(grey(level)) for level in range(5)]
    levels = [packet and packet.data["level"] for packet in given]
    assert levels == [None, None, 0, 1, 2]
    assert [packet.data["level"] for packet in session.finish()] == [3, 4]
    assert session.finish() == []


def test_several_packets_at_once_come_one_by_one():
    class Pairs(Keep):
        delays = True

        def process(self, packet):
            self.packets.append(packet)
            return self.packets[-2:] if len(self.packets) % 2 == 0 else ()

        def flush(self):
            return self.packets[-1:] if len(self.packets) % 2 else ()

    session = Pipeline.of(Sum(), Pairs()).session()
    levels = [packet and packet.data["level"] for packet in (session.process(grey(n)) for n in range(5))]
    assert levels == [None, 0, 1, 2, 3]
    assert [packet.data["level"] for packet in session.finish()] == [4]


def test_the_pictures_take_the_place_of_a_source_and_any_stage_can_be_asked():
    counter = Counter()
    pipeline = Pipeline.of(counter, Sum(), doing(lambda p: p.replace(level=-1), gives=frozenset({"level"})))
    with pipeline.session(at="sum") as session:
        packet = session.process(grey(77))
    assert packet.data["level"] == 77
    assert packet.frame.source == "counter"
    assert pipeline.run().frames == 10, "the pipeline itself is as it was"


def test_outputs_are_written(tmp_path):
    path = tmp_path / "out.json"
    pipeline = Pipeline.of("blazeface", ("timeline", {"path": path}))
    with pipeline.session() as session:
        for n in range(3):
            session.process(grey(0, (48, 64, 3)), seconds=n)
    assert [frame["time"] for frame in timeline.load(path).frames] == [0.0, 1.0, 2.0]
    with pytest.raises(UsageError, match="exists: choose another name or pass overwrite=True"):
        pipeline.session().process(grey(0))
    with pipeline.with_settings(overwrite=True).session() as session:
        session.process(grey(0))


def test_sessions_of_one_pipeline_are_apart_but_share_no_object():
    pipeline = Pipeline.of("null")
    with pipeline.session() as one, pipeline.session() as two:
        assert one.process(grey(1), seconds=5).time == 5_000_000
        assert two.process(grey(1), seconds=3).time == 3_000_000
    pipeline = Pipeline.of(Total())
    with pipeline.session() as one:
        with pytest.raises(UsageError, match="'total' is an object that another run is using"):
            pipeline.session().process(grey(1))
        assert one.process(grey(4)).data["total"] == 4
    with pipeline.session() as again:
        assert again.process(grey(5)).data["total"] == 5, "a run opens its stages anew"


def test_several_threads_may_share_a_session():
    with Pipeline.of(Total()).session() as session:
        threads = [
            threading.Thread(target=lambda: [session.process(grey(1)) for _ in range(20)]) for _ in "abc"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert session.process(grey(1)).data["total"] == 61


def _in_child(session: Any, queue: Any) -> None:
    try:
        session.process(grey(1))
    except UsageError as error:
        queue.put(str(error))


def test_a_forked_process_gets_an_error_rather_than_waiting():
    context = multiprocessing.get_context("fork")
    with Pipeline.of(Total()).session() as session:
        session.process(grey(1))
        queue = context.Queue()
        child = context.Process(target=_in_child, args=(session, queue))
        child.start()
        assert "another process" in queue.get(timeout=20)
        child.join(20)
        assert child.exitcode == 0


def test_what_cannot_be_a_session():
    with pytest.raises(UsageError, match="feeds one source, and the pipeline has 'counter' and 'counter-2'"):
        Pipeline.of(Counter(), Sum(), Counter(), Keep()).session()
    with pytest.raises(UsageError, match=r"no stage 'sums': did you mean 'sum'\?"):
        Pipeline.of(Sum()).session(at="sums")

    class Deep(Counter):
        gives = frozenset({"frame", "depth"})

    with pytest.raises(UsageError, match="'deep' gives depth too"):
        Pipeline.of(Deep(), Keep()).session()


@pytest.mark.parametrize("use", ["run", "iterate", "start"])
def test_without_a_source_there_is_nothing_to_run(use):
    pipeline = Pipeline.of("blazeface", "null")
    with pytest.raises(
        UsageError, match=r"no source: begin it with one, such as .* or feed it with session\(\)"
    ):
        {"run": pipeline.run, "iterate": lambda: next(iter(pipeline)), "start": pipeline.start}[use]()


def test_needs_are_checked_without_a_source_too():
    with pytest.raises(ConfigError, match="track: needs faces, which no stage before it gives"):
        Pipeline.of("track")
    with pytest.raises(ConfigError, match="unknown stage 'blazefase'"):
        Pipeline.of("blazefase")


def test_a_pipeline_of_a_file_serves_a_session(tmp_path: Path):
    (tmp_path / "p.yaml").write_text(
        "version: 1\nstages:\n  - use: file\n    with: {path: nowhere.mp4}\n  - blazeface\n  - 'null'\n"
    )
    with Pipeline.from_yaml(tmp_path / "p.yaml").session() as session:
        assert session.process(grey(0, (48, 64, 3))).faces == ()
