"""The detectors on real pictures: where the faces are, and what their options do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from ferpipe import UsageError
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_faces.blaze_network import VARIANTS, anchors
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_faces.haar import Haar, HaarOptions
from ferpipe_faces.yunet import YuNet, YuNetOptions

from .conftest import ASTRONAUT_EYES, HOPPER_EYES, packets_of, turned


def centre(face: Any) -> np.ndarray:
    return np.array([face.box.x + face.box.w / 2, face.box.y + face.box.h / 2])


@pytest.mark.parametrize("model", list(VARIANTS))
def test_blazeface_finds_eyes_where_they_are(
    look: Any, astronaut: np.ndarray, hopper: np.ndarray, model: str
) -> None:
    for picture, eyes, size in ((astronaut, ASTRONAUT_EYES, 100), (hopper, HOPPER_EYES, 200)):
        (face,) = look(picture, model=model, refine=0)
        assert np.abs(face.landmarks[:2] - eyes).max() < 0.06 * size
        assert 0.85 * size < face.box.h < 1.2 * size
        assert face.score > 0.7
        assert face.landmark_names[:4] == ("left_eye", "right_eye", "nose", "mouth")
        left, right, nose, mouth, left_ear, right_ear = face.landmarks
        assert left_ear[0] < left[0] < nose[0] < right[0] < right_ear[0]
        assert left[1] < nose[1] < mouth[1]


@pytest.mark.parametrize(
    ("model", "number"), [("short", 896), ("full", 2304), ("full-sparse", 2304), ("back", 896)]
)
def test_every_output_has_its_anchor(model: str, number: int) -> None:
    points = anchors(VARIANTS[model])
    assert points.shape == (number, 2)
    assert points.min() > 0
    assert points.max() < VARIANTS[model].side


def test_boxes_follow_a_turned_and_shrunk_picture(look: Any, astronaut: np.ndarray) -> None:
    for degrees, scale in ((15, 1.0), (-15, 0.7), (0, 0.5)):
        picture, matrix = turned(astronaut, degrees, scale)
        (face,) = look(picture, model="back")
        eyes = ASTRONAUT_EYES @ matrix[:, :2].T + matrix[:, 2]
        assert np.abs(face.landmarks[:2] - eyes).max() < 8 * scale


@pytest.mark.parametrize("shape", [(720, 1280), (1080, 720), (271, 483)])
def test_letterboxing_keeps_places_in_any_shape(
    look: Any, astronaut: np.ndarray, shape: tuple[int, int]
) -> None:
    picture = np.full((*shape, 3), 60, np.uint8)
    part = cv2.resize(astronaut, (250, 250), interpolation=cv2.INTER_AREA)
    x, y = shape[1] - 260, shape[0] - 260
    picture[y : y + 250, x : x + 250] = part
    (face,) = look(picture, model="back", threshold=0.4)
    assert np.abs(face.landmarks[:2] - (ASTRONAUT_EYES * 250 / 512 + [x, y])).max() < 6


def test_tiles_find_what_is_too_small_for_the_whole_picture(look: Any, astronaut: np.ndarray) -> None:
    picture = np.full((720, 1280, 3), 120, np.uint8)
    small = cv2.resize(astronaut, (128, 128), interpolation=cv2.INTER_AREA)
    places = [(30, 40), (600, 300), (1140, 580), (330, 560)]
    for x, y in places:
        picture[y : y + 128, x : x + 128] = small
    assert len(look(picture, model="full")) < len(places)
    found = look(picture, model="full", tiles="auto", threshold=0.4)
    expected = {(round(x + 0.44 * 128), round(y + 0.23 * 128)) for x, y in places}
    assert len(found) == len(places)
    for face in found:
        assert min(np.hypot(*(centre(face) - place)) for place in expected) < 6


def test_tiles_give_a_face_seen_in_several_of_them_once(look: Any, hopper: np.ndarray) -> None:
    for rows in (1, 2, 3):
        assert len(look(hopper, tiles=rows)) == 1


def test_a_closer_look_places_the_eyes_of_small_faces_better(look: Any, hopper: np.ndarray) -> None:
    errors: dict[float, list[float]] = {0.18: [], 0: []}
    for width in (60, 75, 90, 105, 120):
        picture = np.full((480, 640, 3), 100, np.uint8)
        small = cv2.resize(hopper, (width, width * 606 // 512), interpolation=cv2.INTER_AREA)
        picture[200 : 200 + small.shape[0], 300 : 300 + width] = small
        eyes = HOPPER_EYES * width / 512 + [300, 200]
        for refine, some in errors.items():
            for face in look(picture, refine=refine):
                some.append(float(np.abs(face.landmarks[:2] - eyes).mean() / width))
    assert len(errors[0.18]) == len(errors[0]) >= 4
    assert np.mean(errors[0.18]) < 0.8 * np.mean(errors[0])


def test_large_faces_are_not_looked_at_closer(look: Any, hopper: np.ndarray) -> None:
    (plain,), (closer,), (all_of_them,) = (look(hopper, refine=refine) for refine in (0, 0.18, 1))
    assert plain.box == closer.box
    assert plain.box != all_of_them.box


def test_faces_come_from_the_best_down_and_at_most_as_many_as_asked(look: Any, collage: np.ndarray) -> None:
    both = look(collage, model="back")
    assert len(both) == 2
    assert both[0].score >= both[1].score
    (best,) = look(collage, model="back", max_faces=1)
    assert best.box == both[0].box
    assert look(collage, model="back", min_size=150) == ()
    assert look(collage, model="back", threshold=0.999) == ()


@pytest.mark.parametrize("model", list(VARIANTS))
def test_pictures_without_faces_have_none(look: Any, model: str) -> None:
    assert look(np.zeros((120, 200, 3), np.uint8), model=model) == ()
    assert look(np.full((1, 1, 3), 255, np.uint8), model=model) == ()


def test_every_nth_frame_is_looked_at_and_the_faces_repeated(astronaut: np.ndarray) -> None:
    blank = np.zeros_like(astronaut)
    packets = packets_of([astronaut, blank, blank, blank, astronaut])
    results = run_stage(BlazeFace(BlazeFaceOptions(every=3)), packets)
    assert [len(packet.faces) for packet in results] == [1, 1, 1, 0, 0]
    assert [face.detected for packet in results for face in packet.faces] == [True, False, False]
    assert results[1].faces[0].box == results[0].faces[0].box


def test_an_interrupted_stream_or_a_new_size_is_looked_at_at_once(astronaut: np.ndarray) -> None:
    stage = BlazeFace(BlazeFaceOptions(every=100))
    blank = np.zeros_like(astronaut)
    packets = [
        make_packet(astronaut, time=0),
        make_packet(blank, time=1, discontinuity=True),
        make_packet(astronaut[:400], time=2),
    ]
    results = run_stage(stage, packets)
    assert [len(packet.faces) for packet in results] == [1, 0, 1]
    assert results[2].faces[0].detected


def test_yunet_finds_the_same_eyes(
    started: Any, yunet: Path, astronaut: np.ndarray, hopper: np.ndarray
) -> None:
    stage = started(YuNet(YuNetOptions(model=str(yunet), size=320)))
    for picture, eyes, size in ((astronaut, ASTRONAUT_EYES, 100), (hopper, HOPPER_EYES, 200)):
        (face,) = stage.process(make_packet(picture)).faces
        assert np.abs(face.landmarks[:2] - eyes).max() < 0.08 * size
        assert face.landmark_names == ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
        assert face.landmarks[3, 0] < face.landmarks[4, 0]


def test_yunet_is_found_where_models_are_pulled_to(
    started: Any, yunet: Path, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERPIPE_MODELS", str(yunet.parent))
    assert len(started(YuNet()).process(make_packet(astronaut)).faces) == 1


def test_yunet_says_how_to_get_its_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path))
    with pytest.raises(UsageError, match="ferpipe models pull yunet"):
        YuNet().open(TestContext(tmp_path))
    with pytest.raises(UsageError, match=r"no file .*absent\.onnx"):
        YuNet(YuNetOptions(model=str(tmp_path / "absent.onnx"))).open(TestContext(tmp_path))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(UsageError, match=r"broken\.onnx' is not a network .* YuNet, .* download it again"):
        YuNet(YuNetOptions(model=str(broken))).open(TestContext(tmp_path))


def test_only_an_unknown_yunet_is_tried_in_a_process_of_its_own(
    started: Any, yunet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, astronaut: np.ndarray
) -> None:
    tried: list[Path] = []
    monkeypatch.setattr("ferpipe_faces.yunet.YuNet._try", tried.append)
    started(YuNet(YuNetOptions(model=str(yunet))))
    assert tried == []
    monkeypatch.undo()
    other = tmp_path / "other.onnx"
    other.write_bytes(yunet.read_bytes() + b"\x32\x00")  # an empty field behind it: the same network
    assert len(started(YuNet(YuNetOptions(model=str(other)))).process(make_packet(astronaut)).faces) == 1
    other.write_bytes(yunet.read_bytes()[:100_000])
    with pytest.raises(UsageError, match="download it again"):
        started(YuNet(YuNetOptions(model=str(other))))


def test_haar_finds_a_box_without_landmarks(started: Any, hopper: np.ndarray) -> None:
    pytest.importorskip("cv2")
    if not hasattr(cv2, "CascadeClassifier"):
        pytest.skip("OpenCV 5 has no cascades")
    (face,) = started(Haar(HaarOptions(neighbors=8, size=320))).process(make_packet(hopper)).faces
    assert face.landmarks is None
    assert np.abs(centre(face) - HOPPER_EYES.mean(axis=0) - [0, 40]).max() < 30


def test_haar_on_opencv_5_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier", raising=False)
    with pytest.raises(UsageError, match="opencv-python<5"):
        Haar().open(TestContext(tmp_path))


@pytest.mark.parametrize(
    "wrong",
    [{"tiles": 9}, {"tiles": "many"}, {"threshold": 1.5}, {"every": 0}, {"model": "huge"}, {"nsm": 0.3}],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BlazeFaceOptions(**wrong)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("clip", "model", "faces"),
    [
        ("intel_head-pose-male", "full", 1),
        ("intel_head-pose-female-and-male", "full", 2),
        ("intel_face-demographics-walking-and-pause", "full", 3),
        ("intel_face-demographics-walking", "back", 2),
        ("intel_classroom", "back", 4),
    ],
)
def test_the_clips_show_as_many_faces_as_there_are(
    look: Any, media: Path, clip: str, model: str, faces: int
) -> None:
    capture = cv2.VideoCapture(str(media / f"{clip}.mp4"))
    assert len(look(capture.read()[1], model=model)) == faces
