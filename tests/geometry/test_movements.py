"""Movements against the person's own rest; valence; quality."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ferpipe import Box, Emotion, Face
from ferpipe.testing import check_stage, make_packet, make_packets, run_stage
from ferpipe_geometry.fit import HEIGHT, canonical
from ferpipe_geometry.movements import Movements, MovementsOptions
from ferpipe_geometry.pose import Pose
from ferpipe_geometry.quality import Quality
from ferpipe_geometry.valence import Valence, index

BLACK = np.zeros((480, 640, 3), np.uint8)
Turn = Callable[..., np.ndarray]
SEVEN = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def shifted(**shifts: tuple[list[int], list[float]]) -> np.ndarray:
    points = canonical()[0].copy()
    for which, by in shifts.values():
        points[which] += np.array(by)
    return points


def moves(meshes: list[np.ndarray], *, track: int | None = 1, rate: float = 30) -> list[dict[str, float]]:
    packets = [
        packet.replace(faces=(Face(Box(200, 100, 200, 200), 0.9, track=track, data={"mesh": mesh}),))
        for packet, mesh in zip(
            make_packets([BLACK] * len(meshes), step=round(1e6 / rate)), meshes, strict=True
        )
    ]
    out = run_stage(Movements(MovementsOptions()), run_stage(Pose(), packets))
    return [
        {name: value for name, value in packet.faces[0].measures.items() if name.startswith("move.")}
        for packet in out
    ]


MOVES = [
    ("jaw_drop", [152], [0, -1, 0]),
    ("lips_part", [14], [0, -1, 0]),
    ("lip_corner_puller_left", [61], [-0.5, 1, 0]),
    ("lip_corner_puller_right", [291], [0.5, 1, 0]),
    ("inner_brow_raiser_left", [55, 107], [0, 1, 0]),
    ("inner_brow_raiser_right", [285, 336], [0, 1, 0]),
    ("outer_brow_raiser_left", [70, 63], [0, 1, 0]),
    ("outer_brow_raiser_right", [300, 293], [0, 1, 0]),
    ("brow_lowerer_left", [55, 65, 52], [0.2, -0.6, 0]),
    ("brow_lowerer_right", [285, 295, 282], [-0.2, -0.6, 0]),
    ("upper_lid_raiser_left", [158, 159, 160], [0, 0.5, 0]),
    ("upper_lid_raiser_right", [385, 386, 387], [0, 0.5, 0]),
]


def test_the_stage_keeps_the_contract(turn: Turn) -> None:
    packets = [
        packet.replace(faces=(Face(Box(200, 100, 200, 200), 0.9, track=1, data={"mesh": turn()}),))
        for packet in make_packets([BLACK] * 12, step=200_000)
    ]
    check_stage(Movements, {}, run_stage(Pose(), packets))


@pytest.mark.parametrize(("name", "which", "by"), MOVES)
@pytest.mark.parametrize("pose", [(0, 0, 0), (20, -15, 30)])
def test_a_movement_shows_under_its_name_on_its_side(
    turn: Turn, name: str, which: list[int], by: list[float], pose: tuple[float, float, float]
) -> None:
    """Measured while the head is turned, against the rest of the head that faces the camera."""
    found = moves([turn()] * 40 + [turn(*pose, points=shifted(it=(which, by)))])
    assert found[-1][f"move.{name}"] > 0.015
    other = name.replace("left", "@").replace("right", "left").replace("@", "right")
    if other != name:
        assert abs(found[-1][f"move.{other}"]) < 0.004
    assert max(abs(value) for value in found[-2].values()) < 1e-4, "rest is 0"


def test_a_movement_is_in_face_heights(turn: Turn) -> None:
    found = moves([turn()] * 40 + [turn(scale=25, points=shifted(chin=([152], [0, -0.1 * HEIGHT, 0])))])
    assert found[-1]["move.jaw_drop"] == pytest.approx(0.1, abs=0.005)


def test_pucker_is_a_narrower_mouth(turn: Turn) -> None:
    narrow = shifted(left=([61], [0.8, 0, 0]), right=([291], [-0.8, 0, 0]))
    assert moves([turn()] * 40 + [turn(points=narrow)])[-1]["move.lip_pucker"] > 0.05


def test_the_rest_is_not_moved_by_a_movement(turn: Turn) -> None:
    smile = turn(points=shifted(left=([61], [-0.5, 1, 0])))
    found = moves([turn()] * 60 + [smile] * 45)
    first, last = found[60], found[-1]
    assert last["move.lip_corner_puller_left"] == pytest.approx(
        first["move.lip_corner_puller_left"], abs=1e-3
    )


def test_before_a_second_without_a_track_and_turned_away_nothing_is_known(turn: Turn) -> None:
    found = moves([turn()] * 40)
    assert not any(found[:30])
    assert all(found[31:])
    assert not any(moves([turn()] * 40, track=None))
    assert not moves([turn()] * 40 + [turn(50)])[-1]


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [
        ((0, 0, 0, 1, 0, 0, 0), 1.0),
        ((0.1, 0, 0, 0.2, 0.7, 0, 0), -0.5),
        ((0, 0, 0, 0, 0, 0, 1), 0.0),
        ((0, 0, 0, 0, 0, 1, 0), 0.0),
    ],
)
def test_valence_is_happy_less_the_likeliest_unpleasant(shares: tuple[float, ...], wanted: float) -> None:
    emotion = Emotion.of(SEVEN, shares)
    assert index(emotion) == pytest.approx(wanted)
    face = Face(Box(0, 0, 9, 9), 0.9, emotion=emotion)
    check_stage(Valence, {}, [make_packet(BLACK, faces=[face])])
    (packet,) = run_stage(Valence(), [make_packet(BLACK, faces=[face, face.replace(emotion=None)])])
    assert [each.measures.get("valence") for each in packet.faces] == [pytest.approx(wanted), None]


def test_other_classes_have_no_valence() -> None:
    assert index(Emotion.of(("engaged", "bored"), (0.4, 0.6))) is None
    assert index(Emotion.of(("happy", "neutral"), (0.4, 0.6))) is None


def quality(image: np.ndarray, box: Box) -> dict[str, float]:
    (packet,) = run_stage(Quality(), [make_packet(image, faces=[Face(box, 0.9)])])
    return dict(packet.faces[0].measures)


def test_quality_keeps_the_contract(astronaut: np.ndarray, collins: Face) -> None:
    check_stage(Quality, {}, [make_packet(astronaut, faces=[collins])])


def test_each_disturbance_moves_its_own_measure(astronaut: np.ndarray, collins: Face) -> None:
    box = collins.box
    good = quality(astronaut, box)
    blurred = quality(cv2.GaussianBlur(astronaut, (0, 0), 3), box)
    dark = quality((astronaut * 0.4).astype(np.uint8), box)
    flat = quality((astronaut * 0.3 + 90).astype(np.uint8), box)
    assert blurred["quality.sharpness"] < 0.3 * good["quality.sharpness"]
    assert dark["quality.light"] == pytest.approx(0.4 * good["quality.light"], rel=0.05)
    assert flat["quality.contrast"] == pytest.approx(0.3 * good["quality.contrast"], rel=0.05)
    assert flat["quality.sharpness"] == pytest.approx(good["quality.sharpness"], rel=0.25)
    assert good["quality.size"] == pytest.approx(104)


def test_how_much_of_a_face_lies_outside() -> None:
    grey = np.full((100, 100, 3), 128, np.uint8)
    assert quality(grey, Box(10, 10, 50, 50))["quality.outside"] == 0
    assert quality(grey, Box(-25, 10, 50, 50))["quality.outside"] == pytest.approx(0.5)
    assert quality(grey, Box(75, 75, 50, 50))["quality.outside"] == pytest.approx(0.75)
    gone = quality(grey, Box(300, 300, 50, 50))
    assert gone == {"quality.size": pytest.approx(50), "quality.outside": 1.0}
    assert "quality.sharpness" not in quality(grey, Box(10, 10, 50, 50)), "an even area is not blurred"
    assert quality(grey, Box(0, 0, 0, 5)) == {}
