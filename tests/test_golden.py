"""The shipped sample through the shipped pipeline gives the shipped timeline, in both executors."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.graphs import EXECUTORS

from ferpipe import Pipeline
from ferpipe.resources import shipped
from ferpipe.timeline import Timeline, load


def made(folder: Path, executor: str) -> Path:
    target = folder / f"{executor}.json"
    overrides = [f"video.path={folder / executor}.mp4", f"timeline.path={target}", f"run.executor={executor}"]
    Pipeline.from_yaml("demo", overrides=overrides).run()
    return target


@pytest.fixture(scope="module")
def timelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("golden")
    return {executor: made(folder, executor) for executor in EXECUTORS}


@pytest.fixture(scope="module")
def golden() -> Timeline:
    return load(shipped("samples") / "demo.timeline.json")


def test_both_executors_write_the_same_bytes(timelines):
    assert timelines["inline"].read_bytes() == timelines["threads"].read_bytes()


def test_every_frame_has_its_time(timelines, golden):
    told = load(timelines["threads"])
    assert [frame["time"] for frame in told.frames] == [frame["time"] for frame in golden.frames]
    assert told.source["name"] == golden.source["name"] == "demo.mp4"


def test_people_come_and_go_as_they_did(timelines, golden):
    told = load(timelines["threads"])
    assert [track["id"] for track in told.tracks] == [track["id"] for track in golden.tracks]
    for track, expected in zip(told.tracks, golden.tracks, strict=True):
        assert track["first"] == pytest.approx(expected["first"], abs=0.1)
        assert track["last"] == pytest.approx(expected["last"], abs=0.1)
        assert track["dominant"] == expected["dominant"]
    nobody = [frame["time"] for frame in told.frames if not frame["faces"]]
    assert any(5.9 < time < 6.5 for time in nobody)


def test_faces_lie_and_look_as_they_did(timelines, golden):
    """Not to the bit: other processors round otherwise."""
    told = load(timelines["threads"])
    compared = 0
    for frame, expected in zip(told.frames, golden.frames, strict=True):
        before = {face["track"]: face for face in expected["faces"]}
        for face in frame["faces"]:
            if face["track"] not in before:
                continue
            other = before[face["track"]]
            assert face["box"] == pytest.approx(other["box"], abs=2.0)
            for name, probability in (face["probabilities"] or {}).items():
                assert probability == pytest.approx((other["probabilities"] or {})[name], abs=0.05)
            compared += 1
    assert compared > 0.97 * sum(len(frame["faces"]) for frame in golden.frames)
