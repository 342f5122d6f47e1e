"""The smoother on measures: along each track, in seconds, the raw ones kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from support.graphs import EXECUTORS

from ferpipe import ConfigError, Emotion, Face, Measure, Options, Packet, Pipeline, Stage
from ferpipe.testing import TestContext, check_stage, fake_source, make_packet, run_stage
from ferpipe.timeline import load
from ferpipe_emotion.smooth import Smooth, SmoothOptions

YAW = Measure("head.yaw", "deg", -90, 90, "Where the head turns.")
LIGHT = Measure("light", "", 0, 255, "How bright the picture is.", of="frame")


def face(track: int | None, **measures: float) -> Face:
    named = {name.replace("_", "."): value for name, value in measures.items()}
    return Face((0, 0, 9, 9), 0.9, track=track, measures=named)


def at(seconds: float, *faces: Face, **more: Any) -> Packet:
    return make_packet(time=round(seconds * 1e6), faces=faces, **more)


def smoothed(tmp_path: Path, packets: list[Packet], **options: Any) -> list[Packet]:
    settings = SmoothOptions(**{"measures": ("head.yaw",), **options})
    return run_stage(Smooth(settings), packets, context=TestContext(tmp_path))


def yaws(packets: list[Packet], track: int = 1) -> list[float]:
    faces = [face for packet in packets for face in packet.faces if face.track == track]
    return [face.measures["head.yaw"] for face in faces if "head.yaw" in face.measures]


def test_a_step_follows_the_exponential_and_the_raw_value_is_kept(tmp_path: Path) -> None:
    times = [0, 0.04, 0.1, 0.35, 0.5]  # as irregular as a real clip
    packets = [at(0, face(1, head_yaw=-20.0)), *(at(t, face(1, head_yaw=40.0)) for t in times[1:])]
    given = smoothed(tmp_path, packets, tau=0.3)
    assert yaws(given) == [pytest.approx(40 - 60 * math.exp(-time / 0.3)) for time in times]
    assert [p.faces[0].measures["head.yaw.raw"] for p in given] == [-20.0, 40.0, 40.0, 40.0, 40.0]


def test_each_track_has_a_state_of_its_own_whatever_the_order(tmp_path: Path) -> None:
    packets = [
        at(0, face(1, head_yaw=10.0), face(2, head_yaw=-50.0)),
        at(1, face(2, head_yaw=-50.0), face(1, head_yaw=10.0)),
        at(2, face(None, head_yaw=90.0), face(1, head_yaw=10.0)),
    ]
    given = smoothed(tmp_path, packets)
    assert yaws(given, 1) == [10.0] * 3
    assert yaws(given, 2) == [-50.0] * 2
    assert given[2].faces[0].measures == {"head.yaw": 90.0}


def test_what_is_absent_stays_absent_and_after_a_while_starts_afresh(tmp_path: Path) -> None:
    short = [at(0, face(1, head_yaw=0.0)), at(0.5, face(1)), at(0.9, face(1, head_yaw=60.0))]
    given = smoothed(tmp_path, short)
    assert given[1].faces[0].measures == {}
    assert 0 < yaws(given)[1] < 60
    steps = [at(0.2 * i, face(1, **({"head_yaw": 0.0} if i == 0 else {}))) for i in range(6)]
    assert yaws(smoothed(tmp_path, [*steps, at(1.1, face(1, head_yaw=60.0))])) == [0.0, 60.0]


def test_a_break_of_the_stream_starts_afresh(tmp_path: Path) -> None:
    packets = [at(0, face(1, head_yaw=0.0)), at(0.04, face(1, head_yaw=60.0), discontinuity=True)]
    assert yaws(smoothed(tmp_path, packets)) == [0.0, 60.0]


def test_a_measure_of_the_frame_follows_its_source(tmp_path: Path) -> None:
    packets = [at(0).with_measures({"light": 0.0}), at(0.2).with_measures({"light": 100.0})]
    given = smoothed(tmp_path, packets, measures=("light",))
    assert given[1].measures == {"light": pytest.approx(100 * (1 - math.exp(-1))), "light.raw": 100.0}


def test_measures_that_are_not_named_pass_unchanged(tmp_path: Path) -> None:
    packets = [at(0, face(1, head_yaw=0.0, blink=1.0)), at(0.04, face(1, head_yaw=9.0, blink=0.0))]
    assert [packet.faces[0].measures["blink"] for packet in smoothed(tmp_path, packets)] == [1.0, 0.0]


def test_emotions_are_smoothed_as_well(tmp_path: Path) -> None:
    happy = Emotion.of(("happy", "sad"), (0.9, 0.1))
    packets = [at(t / 10, face(1, head_yaw=float(t)).replace(emotion=happy)) for t in range(3)]
    last = smoothed(tmp_path, packets)[-1].faces[0]
    assert last.emotion.raw == (0.9, 0.1)
    assert last.measures["head.yaw"] < 2


def test_memory_is_bounded(tmp_path: Path) -> None:
    stage = Smooth(SmoothOptions(measures=("head.yaw",)))
    stage.open(TestContext(tmp_path))
    for i in range(500):
        stage.process(at(i * 0.1, face(i, head_yaw=1.0)))
    assert len(stage._filters) < 20


def test_it_keeps_the_contract() -> None:
    seen = face(1, head_yaw=1.0).replace(emotion=Emotion.of(("happy", "sad"), (0.9, 0.1)))
    check_stage(Smooth, {"measures": ["head.yaw"]}, [at(0, seen)])
    check_stage(Smooth, {"measures": ["head.yaw"]}, [at(0, face(1, head_yaw=1.0))])


class Pose(Stage[Options]):
    """Turns every head a little further each frame."""

    needs = frozenset({"faces"})
    measures = (YAW, LIGHT)

    def process(self, packet: Packet) -> Packet:
        faces = [face.with_measures({"head.yaw": 10.0 * packet.frame.index}) for face in packet.faces]
        return packet.replace(faces=faces).with_measures({"light": 50.0})


class Track(Stage[Options]):
    """Everybody is person 1."""

    needs = frozenset({"faces"})
    gives = frozenset({"faces", "tracks"})

    def process(self, packet: Packet) -> Packet:
        return packet.replace(faces=[face.replace(track=1) for face in packet.faces])


class Found(Stage[Options]):
    """A face in the middle."""

    gives = frozenset({"faces"})

    def process(self, packet: Packet) -> Packet:
        return packet.replace(faces=[Face((10, 10, 20, 20), 0.9)])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_timeline_has_the_smoothed_and_the_raw_measure(tmp_path: Path, executor: str) -> None:
    source = fake_source([make_packet(time=i * 200_000, index=i) for i in range(5)])()
    target = str(tmp_path / "t.json")
    Pipeline.of(
        source,
        Found(),
        Track(),
        Pose(),
        ("smooth", {"measures": ["head.yaw", "light"]}),
        ("timeline", {"path": target}),
        executor=executor,
    ).run()
    timeline = load(target)
    assert [(m["name"], m["unit"], m["low"], m["of"]) for m in timeline.measures] == [
        ("head.yaw", "deg", -90, "face"),
        ("light", "", 0, "frame"),
        ("head.yaw.raw", "deg", -90, "face"),
        ("light.raw", "", 0, "frame"),
    ]
    assert timeline.measures[2]["about"] == "Where the head turns. Before smoothing."
    (track,) = timeline.tracks
    assert track["measures"]["head.yaw.raw"]["max"] == 40.0
    assert track["measures"]["head.yaw"]["max"] < 40.0


class Flicker(Stage[Options]):
    """Compares emotions with those before smoothing."""

    needs = frozenset({"smoothed"})


def test_measures_alone_are_no_smoothed_emotions() -> None:
    source = fake_source([make_packet()])()
    with pytest.raises(ConfigError, match=r"needs smoothed, which .* put a classifier before it"):
        Pipeline.of(source, Found(), Track(), Pose(), ("smooth", {"measures": ["head.yaw"]}), Flicker())


def test_a_measure_that_nobody_gives_is_refused_before_the_run() -> None:
    source = fake_source([make_packet()])()
    with pytest.raises(ConfigError, match=r"smooth: needs head\.yaw, which no stage before it gives"):
        Pipeline.of(source, Found(), Track(), ("smooth", {"measures": ["head.yaw"]}))
