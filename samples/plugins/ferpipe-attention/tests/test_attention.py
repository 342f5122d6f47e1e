"""The stage `attention`."""

from pathlib import Path

import numpy as np
import pytest
from ferpipe import Box, Face, Pipeline, timeline
from ferpipe.testing import check_stage, make_packet, run_stage

from ferpipe_attention import Attention

NAMES = ("left_eye", "right_eye", "nose")


def face(nose: float, angle: float = 0.0) -> Face:
    """Eyes 40 pixels apart, the nose `nose` pixels off their middle; turned in the picture by `angle`."""
    points = np.array([[-20, 0], [20, 0], [nose, 25]])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (points @ turn.T + 50).astype(np.float32)
    return Face(Box(20, 20, 60, 60), 0.9, landmarks=landmarks, landmark_names=NAMES)


def attention(given: Face, folder: Path) -> float | None:
    (packet,) = run_stage(Attention(), [make_packet(faces=[given])], folder=folder)
    return packet.faces[0].measures.get("attention")


def test_it_keeps_the_contract() -> None:
    check_stage(Attention, packets=[make_packet(faces=[face(0), face(30)])])


@pytest.mark.parametrize(("nose", "expected"), [(0, 1.0), (4, 0.75), (-8, 0.5), (16, 0.0), (40, 0.0)])
@pytest.mark.parametrize("angle", [0.0, 0.6])
def test_it_falls_as_the_nose_leaves_the_middle(
    nose: float, expected: float, angle: float, tmp_path: Path
) -> None:
    assert attention(face(nose, angle), tmp_path) == pytest.approx(expected, abs=1e-4)


def test_what_is_not_known_is_absent(tmp_path: Path) -> None:
    assert attention(Face(Box(0, 0, 9, 9), 0.9), tmp_path) is None
    assert attention(face(0).replace(landmark_names=("left_eye", "right_eye", "mouth")), tmp_path) is None
    assert attention(face(0).replace(detected=False), tmp_path) is None


def test_it_reaches_the_timeline_once_installed(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    source = ("file", {"path": "ferpipe:samples/demo.mp4", "start": 2, "end": 3})
    Pipeline.of(source, "blazeface", "track", "attention", ("timeline", {"path": str(path)})).run()
    talk = timeline.load(path)
    seen = [
        each["measures"]["attention"]
        for frame in talk.frames
        for each in frame["faces"]
        if "measures" in each
    ]
    assert len(seen) > 10
    assert min(seen) >= 0
    assert max(seen) <= 1
    assert talk.tracks[0]["measures"]["attention"]["mean"] > 0.3
