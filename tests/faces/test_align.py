"""The aligner: where things come to lie in a chip, at any size, turn and place of the face."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferpipe import Box, Face, UsageError
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_faces import framing
from ferpipe_faces.align import Align, AlignOptions, cut
from ferpipe_faces.resize import halve_towards, shrink

from .conftest import turned

NAMES = ("left_eye", "right_eye", "nose", "mouth", "left_ear", "right_ear")
FRAMING = framing.load("fer2013")


def ideal(x: float, y: float, size: float, degrees: float = 0) -> Face:
    """A face that lies exactly as FER2013's do in a square of `size`, turned about its middle."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    places = np.array([*(FRAMING.points[name] for name in NAMES[:4]), (0.15, 0.45), (0.85, 0.45)])
    points = ((places - 0.5) * size) @ turn.T + [x + size / 2, y + size / 2]
    dx, dy, side = FRAMING.boxes["six"]
    height = size / side
    middle = np.array([x + size / 2, y + size / 2]) - turn @ (np.array([dx, dy]) * height)
    box = Box(middle[0] - height / 2, middle[1] - height / 2, height, height)
    return Face(box, 1.0, points.astype(np.float32), NAMES)


def eyes_in_chip(stage: Any, picture: np.ndarray, eyes: np.ndarray, **options: Any) -> np.ndarray:
    """Where known eyes come to lie, as shares of the chip."""
    packet = stage.process(make_packet(picture))
    (face,) = run_stage(Align(AlignOptions(**options)), [packet])[0].faces
    chip = face.data["chip"]
    return ((eyes @ chip.matrix[:, :2].T + chip.matrix[:, 2]) + 0.5) / chip.image.shape[0]


@given(
    st.floats(-40, 300),
    st.floats(-40, 300),
    st.floats(10, 800),
    st.floats(-40, 40),
    st.sampled_from([32, 48, 96]),
)
def test_a_face_that_lies_right_is_cut_out_exactly(
    x: float, y: float, size: float, degrees: float, side: int
) -> None:
    face = ideal(x, y, size, degrees)
    angle = np.deg2rad(degrees)
    corner = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ [
        -size / 2,
        -size / 2,
    ]
    corner += [x + size / 2, y + size / 2]
    matrix = FRAMING.matrix(face) * side
    # The calibrated box does not turn with the face, and stands for a share of the place.
    assert np.abs(matrix[:, :2] @ corner + matrix[:, 2]).max() < side * 0.06
    assert np.hypot(matrix[0, 0], matrix[1, 0]) == pytest.approx(side / size, rel=0.01)
    assert np.rad2deg(np.arctan2(-matrix[1, 0], matrix[0, 0])) == pytest.approx(degrees, abs=0.1)


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (20, 1.0), (-20, 0.8), (12, 0.5)])
def test_real_eyes_come_to_lie_level_and_in_place(
    started: Any, hopper: np.ndarray, degrees: float, scale: float
) -> None:
    from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions

    from .conftest import HOPPER_EYES

    picture, matrix = turned(hopper, degrees, scale)
    eyes = HOPPER_EYES @ matrix[:, :2].T + matrix[:, 2]
    left, right = eyes_in_chip(started(BlazeFace(BlazeFaceOptions(model="back"))), picture, eyes)
    assert left == pytest.approx(FRAMING.points["left_eye"], abs=0.09)
    assert right == pytest.approx(FRAMING.points["right_eye"], abs=0.09)
    assert abs(right[1] - left[1]) < 0.05


@pytest.mark.parametrize("degrees", [75, 90, -90])
def test_a_face_on_its_side_is_turned_upright(started: Any, hopper: np.ndarray, degrees: float) -> None:
    from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions

    from .conftest import HOPPER_EYES

    picture, matrix = turned(hopper, degrees)
    eyes = HOPPER_EYES @ matrix[:, :2].T + matrix[:, 2]
    left, right = eyes_in_chip(started(BlazeFace(BlazeFaceOptions(model="back"))), picture, eyes)
    assert left == pytest.approx(FRAMING.points["left_eye"], abs=0.15)
    assert right == pytest.approx(FRAMING.points["right_eye"], abs=0.15)


def test_yunets_five_points_frame_the_face_alike(started: Any, yunet: Path, astronaut: np.ndarray) -> None:
    from ferpipe_faces.yunet import YuNet, YuNetOptions

    from .conftest import ASTRONAUT_EYES

    left, right = eyes_in_chip(started(YuNet(YuNetOptions(model=str(yunet)))), astronaut, ASTRONAUT_EYES)
    assert left == pytest.approx(FRAMING.points["left_eye"], abs=0.09)
    assert right == pytest.approx(FRAMING.points["right_eye"], abs=0.09)


def test_the_chips_matrix_maps_back_where_its_pixels_come_from() -> None:
    rng = np.random.default_rng(3)
    smooth = cv2.resize(
        rng.integers(0, 255, (12, 16, 3), dtype=np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC
    )
    for size in (30, 60, 200):
        chip = cut(smooth, FRAMING.matrix(ideal(60, 20, size, 17)) * 48, 48, grey=False)
        expected = cv2.warpAffine(
            cv2.GaussianBlur(smooth, (0, 0), max(0.1, size / 48 * 0.4)),
            chip.matrix,
            (48, 48),
            flags=cv2.INTER_LINEAR,
        )
        assert np.abs(chip.image.astype(int) - expected.astype(int)).mean() < 2.5


def test_a_large_face_is_averaged_and_not_sampled() -> None:
    board = (np.indices((768, 768)).sum(axis=0) % 2 * 255).astype(np.uint8)
    chip = cut(np.dstack([board] * 3), FRAMING.matrix(ideal(100, 100, 500, 9)) * 48, 48, grey=True)
    assert chip.image.std() < 12
    assert abs(chip.image.mean() - 127.5) < 3


@pytest.mark.parametrize(("channels", "size", "shape"), [("grey", 48, (48, 48)), ("bgr", 96, (96, 96, 3))])
def test_size_and_channels(astronaut: np.ndarray, channels: Any, size: int, shape: tuple[int, ...]) -> None:
    packet = make_packet(astronaut, faces=(ideal(160, 50, 130), ideal(10, 300, 60)))
    (result,) = run_stage(Align(AlignOptions(size=size, channels=channels)), [packet])
    assert [face.data["chip"].image.shape for face in result.faces] == [shape, shape]
    assert not result.faces[0].data["chip"].image.flags.writeable
    assert result.faces[0].data["chip"].image.mean() > result.faces[1].data["chip"].image.mean() / 3


def test_no_faces_no_chips() -> None:
    (result,) = run_stage(Align(), [make_packet(faces=())])
    assert result.faces == ()


@pytest.mark.parametrize("border", ["replicate", "reflect"])
@pytest.mark.parametrize("place", [(-60, 40), (400, -30), (460, 470), (-2000, 5000)])
def test_a_face_at_the_edge_is_filled_up(astronaut: np.ndarray, border: Any, place: tuple[int, int]) -> None:
    packet = make_packet(astronaut, faces=(ideal(*place, 120),))
    (result,) = run_stage(Align(AlignOptions(border=border)), [packet])
    assert result.faces[0].data["chip"].image.shape == (48, 48)


def test_without_landmarks_the_calibrated_box_counts() -> None:
    matrix = FRAMING.matrix(Face(Box(100, 80, 60, 60), 1.0))
    side = FRAMING.boxes["none"][2] * 60
    assert matrix[0, 0] == pytest.approx(1 / side)
    assert matrix[1, 0] == 0
    assert matrix @ [130, 110, 1] == pytest.approx([0.5, 0.5], abs=0.03)


def test_landmarks_that_contradict_the_box_are_not_believed() -> None:
    good = ideal(100, 100, 80)
    assert good.landmarks is not None
    profile = good.landmarks.copy()
    profile[:2, 0] = [139, 143]
    upside_down = good.landmarks[[1, 0, 2, 3, 5, 4]]
    upside_down[:, 1] = 280 - upside_down[:, 1]
    point = np.full_like(good.landmarks, 140)
    far = good.landmarks * 4
    by_box = FRAMING.matrix(good.replace(landmarks=None, landmark_names=NAMES))
    on_its_side = (good.landmarks - 140) @ np.array([[0, 1], [-1, 0]], np.float32) + 140
    assert FRAMING.matrix(good.replace(landmarks=on_its_side))[1, 0] != 0
    mouth_elsewhere = on_its_side.copy()
    mouth_elsewhere[3] = (mouth_elsewhere[3] - 140) @ np.array(
        [[0.77, -0.64], [0.64, 0.77]], np.float32
    ) + 140
    for landmarks in (profile, upside_down, point, far, mouth_elsewhere):
        assert FRAMING.matrix(good.replace(landmarks=landmarks)) == pytest.approx(by_box)
    turned_a_little = good.landmarks @ np.array([[0.98, 0.17], [-0.17, 0.98]], np.float32)
    assert FRAMING.matrix(good.replace(landmarks=turned_a_little))[1, 0] != 0


def test_a_models_side_file_may_bring_its_framing(tmp_path: Path, astronaut: np.ndarray) -> None:
    points = {"left_eye": [0.4, 0.5], "right_eye": [0.6, 0.5]}
    side_file = tmp_path / "model.json"
    side_file.write_text(json.dumps({"classes": ["happy"], "framing": {"points": points}}))
    packet = make_packet(astronaut, faces=(ideal(160, 50, 130),))
    wide = run_stage(Align(AlignOptions(framing=str(side_file))), [packet])[0].faces[0].data["chip"]
    left, right = packet.faces[0].landmarks[:2] @ wide.matrix[:, :2].T + wide.matrix[:, 2] + 0.5
    assert left / 48 == pytest.approx([0.4, 0.5], abs=0.03)
    assert right / 48 == pytest.approx([0.6, 0.5], abs=0.03)


@pytest.mark.parametrize(
    "content", ["", "[1]", '{"points": {}}', '{"points": {"left_eye": [0.3]}}', '{"framing": {"boxes": {}}}']
)
def test_a_file_without_a_framing_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=r"wrong\.json") as caught:
        Align(AlignOptions(framing=str(file))).open(TestContext(tmp_path))
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"absent\.json"):
        Align(AlignOptions(framing=str(tmp_path / "absent.json"))).open(TestContext(tmp_path))


@pytest.mark.parametrize("size", [(192, 108), (192, 192), (97, 55), (640, 360)])
def test_shrinking_keeps_places(size: tuple[int, int]) -> None:
    picture = np.zeros((721, 1283, 3), np.uint8)
    cv2.circle(picture, (900, 300), 60, (255, 255, 255), -1)
    small, (x, y) = shrink(picture, size)
    assert small.shape == (size[1], size[0], 3)
    mass = small[..., 0].astype(float)
    rows, columns = np.indices(mass.shape) + 0.5
    middle = np.array([(columns * mass).sum(), (rows * mass).sum()]) / mass.sum()
    assert middle * [x, y] == pytest.approx([900.5, 300.5], abs=0.5)


def test_halving_stops_before_it_would_be_too_small() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    assert halve_towards(picture, 1.9)[1] == 1
    assert halve_towards(picture, 4.1)[0].shape == (25, 25, 3)
    assert halve_towards(picture, 1000)[1] <= 32
