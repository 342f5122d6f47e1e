"""Faces that are followed between searches: found at once, given up at once, never far from a full look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferpipe import Packet, Pipeline
from ferpipe.testing import make_packet, run_stage
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_faces.haar import Haar, HaarOptions
from ferpipe_faces.track import Track
from ferpipe_faces.yunet import YuNet, YuNetOptions

from .conftest import packets_of, turned

Film = list[np.ndarray]
GREY = np.full((360, 640, 3), 90, np.uint8)


@pytest.fixture
def follow(started: Any) -> Callable[..., tuple[list[Packet], int]]:
    """What a BlazeFace that searches once a minute gives for a film, and how often it searched."""

    def run(film: Film, **options: Any) -> tuple[list[Packet], int]:
        stage = started(BlazeFace(BlazeFaceOptions(**{"search": 60, **options})))
        given = [stage.process(packet) for packet in packets_of(film)]
        return given, stage.context.counts["searches"]

    return run


@pytest.fixture(scope="module")
def walk(astronaut: np.ndarray) -> Film:
    """A face of 60 px that walks to and fro, nods and comes closer, 640x360."""
    film = []
    for i in range(20):
        scale, turn = 0.6 + 0.01 * i, 8 * np.sin(i / 3)
        matrix = cv2.getRotationMatrix2D((226, 120), turn, scale)
        matrix[:, 2] += [300 + 90 * np.sin(i / 4) - 226, 150 - 120]
        film.append(cv2.warpAffine(astronaut, matrix, (640, 360), borderMode=cv2.BORDER_REPLICATE))
    return film


def test_a_moving_face_is_searched_for_once_and_lies_where_a_full_look_finds_it(
    follow: Any, look: Any, walk: Film
) -> None:
    given, searches = follow(walk)
    assert searches == 1
    for packet, picture in zip(given, walk, strict=True):
        (face,), (full,) = packet.faces, look(picture)
        assert face.detected
        assert face.landmark_names == full.landmark_names
        assert np.abs(np.subtract(face.box, full.box)).max() < 0.12 * full.box.h
        assert np.abs(face.landmarks[:4] - full.landmarks[:4]).mean() < 0.05 * full.box.h


def test_a_face_that_is_gone_is_given_up_in_the_same_frame(follow: Any, walk: Film) -> None:
    covered = walk[5].copy()
    covered[80:240, 200:460] = 120
    for last in (GREY, covered, np.ascontiguousarray(walk[5][:, ::-1])[:, :200].repeat(4, axis=1)[:, :640]):
        given, searches = follow([*walk[:5], last, last])
        assert [len(packet.faces) for packet in given] == [1] * 5 + [0] * 2
        assert searches >= 2


def test_a_face_that_comes_back_is_found_in_the_same_frame(follow: Any, walk: Film) -> None:
    covered = walk[5].copy()
    covered[80:240, 200:460] = 120
    given, searches = follow([*walk[:5], covered, covered, covered, *walk[6:9]])
    assert [len(packet.faces) for packet in given] == [1] * 5 + [0] * 3 + [1] * 3
    assert searches == 3


def test_a_new_face_is_found_by_the_next_search(follow: Any, collage: np.ndarray) -> None:
    alone = collage.copy()
    alone[:, 350:550] = 90
    given, searches = follow([alone] * 3 + [collage] * 12, search=0.4)
    counts = [len(packet.faces) for packet in given]
    assert counts == [1] * 10 + [2] * 5
    assert searches == 2
    assert all(face.detected for packet in given for face in packet.faces)


def test_of_two_that_cross_none_is_given_twice(
    follow: Any, astronaut: np.ndarray, hopper: np.ndarray
) -> None:
    film = []
    left, right = (
        cv2.resize(image, (150, 150)) for image in (astronaut[:300, 80:380], hopper[60:460, 60:460])
    )
    for i in range(20):
        picture = np.full((360, 640, 3), 90, np.uint8)
        picture[100:250, 400 - 20 * i : 550 - 20 * i] = right
        picture[90:240, 50 + 20 * i : 200 + 20 * i] = left
        film.append(picture)
    given, _ = follow(film, search=0.4)
    for packet in given:
        centres = [face.box.x + face.box.w / 2 for face in packet.faces]
        assert len(centres) < 2 or abs(centres[0] - centres[1]) > 15
    assert len(given[0].faces) == len(given[-1].faces) == 2


def test_a_face_that_only_the_detector_sees_is_searched_for_now_and_then(
    follow: Any, astronaut: np.ndarray
) -> None:
    half = cv2.copyMakeBorder(
        cv2.resize(np.ascontiguousarray(astronaut[:, 218:]), None, fx=0.7, fy=0.7),
        *(0, 2, 0, 434),
        cv2.BORDER_REPLICATE,
    )
    given, searches = follow([half] * 30)
    assert 12 <= searches <= 16  # each frame for 0.25 s, then one in four
    shown = [len(packet.faces) for packet in run_stage(Track(), given)]
    assert shown[4:] == [1] * 26  # the tracker carries it on


@pytest.mark.parametrize(("tilt", "searches"), [(40, 1), (-40, 1), (70, 5), (-70, 5)])
def test_only_a_face_on_its_side_is_searched_for_in_every_frame(
    follow: Any, astronaut: np.ndarray, tilt: float, searches: int
) -> None:
    """The face is narrowed, as that of a profile: the line of its eyes is steeper than the head is tilted."""
    narrow = cv2.resize(astronaut, None, fx=0.75, fy=1)
    picture, _ = turned(cv2.copyMakeBorder(narrow, *(100, 100, 200, 200), cv2.BORDER_REPLICATE), tilt)
    assert follow([picture] * 5)[1] == searches


def test_after_a_cut_an_interruption_or_a_new_size_there_is_a_search(follow: Any, walk: Film) -> None:
    other = np.random.default_rng(0).integers(0, 255, (9, 16, 3), np.uint8)
    other = cv2.resize(other, (640, 360), interpolation=cv2.INTER_NEAREST)
    given, searches = follow([*walk[:6], other, other, other[:300]])
    assert [packet.data["cut"] for packet in given] == [False] * 6 + [True, False, False]
    assert [len(packet.faces) for packet in given] == [1] * 6 + [0] * 3
    assert searches == 3
    stage = BlazeFace(BlazeFaceOptions(search=60))
    broken = [make_packet(walk[0], time=0), make_packet(GREY, time=40_000, discontinuity=True)]
    assert [len(packet.faces) for packet in run_stage(stage, broken)] == [1, 0]


def test_the_tracker_goes_by_the_cut_that_the_detector_found(walk: Film) -> None:
    packets = [packet.replace(cut=i == 3, faces=[]) for i, packet in enumerate(packets_of([GREY] * 5))]
    assert [p.frame.discontinuity for p in run_stage(Track(), packets)] == [False] * 3 + [True, False]


def test_stills_and_time_that_goes_back_are_searched(started: Any, walk: Film) -> None:
    stage = started(BlazeFace(BlazeFaceOptions(search=60)))
    for moment, picture in ((5, None), (5, None), (4, None), (6, "a.png"), (7, "b.png")):
        packet = make_packet(walk[0], time=moment, picture=picture)
        assert len(stage.process(packet).faces) == 1
    assert stage.context.counts["searches"] == 3


def test_only_a_detector_that_does_not_follow_is_replicated() -> None:
    assert not BlazeFace.independent(BlazeFaceOptions())
    assert BlazeFace.independent(BlazeFaceOptions(follow=False))


def test_faces_that_are_hidden_are_searched_for_in_every_frame(tmp_path: Path, walk: Film) -> None:
    for blur, options, searches in (
        ("none", {}, 1),
        ("soft", {}, None),
        ("soft", {"follow": True, "search": 60}, 1),
    ):
        detector = ("blazeface", {"search": 60, **options})
        source = ("frames", {"images": walk[:6], "rate": 25})
        report = Pipeline.of(source, detector, "track", ("overlay", {"blur": blur}), "null").run()
        (stage,) = [stage for stage in report.stages if stage.name == "blazeface"]
        assert stage.counters.get("searches") == searches


@pytest.mark.shared
def test_yunet_keeps_its_landmarks_while_it_follows(started: Any, yunet: Path, walk: Film) -> None:
    stage = started(YuNet(YuNetOptions(model=str(yunet), search=60)))
    full = started(YuNet(YuNetOptions(model=str(yunet), follow=False)))
    for packet in packets_of(walk):
        (face,), (other,) = stage.process(packet).faces, full.process(packet).faces
        assert face.landmark_names == YuNet.landmark_names
        assert np.abs(face.landmarks - other.landmarks).mean() < 0.07 * other.box.h
        assert np.abs(np.subtract(face.box, other.box)).max() < 0.17 * other.box.h
    assert stage.context.counts["searches"] == 1


@pytest.mark.skipif(not hasattr(cv2, "CascadeClassifier"), reason="OpenCV 5 has no cascades")
def test_haar_keeps_its_boxes_while_it_follows(started: Any, hopper: np.ndarray) -> None:
    stage = started(Haar(HaarOptions(neighbors=8, size=320, search=60)))
    film = [np.roll(hopper, 6 * i, axis=1) for i in range(6)]
    boxes = [stage.process(packet).faces[0].box for packet in packets_of(film)]
    assert stage.context.counts["searches"] == 1
    for i, box in enumerate(boxes):
        assert abs(box.x - boxes[0].x - 6 * i) < 0.05 * box.h
        assert abs(box.h - boxes[0].h) < 0.05 * box.h
