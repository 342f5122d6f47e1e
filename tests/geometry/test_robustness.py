"""Faces that are hardly there: no error, no NaN, and no measure of what cannot be seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from ferpipe import Box, Face, Packet, Pipeline
from ferpipe.packet import Image
from ferpipe.pipeline import Session
from ferpipe.testing import make_packet, run_stage
from ferpipe_geometry.eyes import Eyes
from ferpipe_geometry.movements import Movements
from ferpipe_geometry.pose import Pose
from ferpipe_geometry.quality import Quality

STAGES = (
    "blazeface",
    "track",
    "mesh",
    "pose",
    "eyes",
    "movements",
    ("align", {"points": "mesh"}),
    "litert",
    "smooth",
    "valence",
    "quality",
    ("overlay", {"show": ["box", "label", "mesh", "axes", "gaze", "blink", "measures"]}),
)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Everything that measures faces, and draws it."""
    opened = Pipeline.of(*STAGES).session()
    yield opened
    opened.close()


def seen(session: Session, picture: Image) -> Packet:
    """The third of three frames of the picture, so that tracks are confirmed."""
    found = [session.process(picture, discontinuity=number == 0) for number in range(3)]
    packet = found[-1]
    assert packet is not None
    for face in packet.faces:
        assert all(math.isfinite(value) for value in face.measures.values()), face.measures
    return packet


@pytest.mark.parametrize("shift", [(-225, 0), (225, 0), (0, -115), (0, 400)])
def test_half_outside(session: Session, astronaut: np.ndarray, shift: tuple[int, int]) -> None:
    moved = cv2.warpAffine(astronaut, np.float64([[1, 0, shift[0]], [0, 1, shift[1]]]), (512, 512))
    for face in seen(session, moved).faces:
        assert 0 <= face.measures["quality"] <= 1


def test_two_that_overlap(session: Session, astronaut: np.ndarray) -> None:
    head = astronaut[40:200, 150:300]
    picture = np.full((300, 400, 3), 120, np.uint8)
    picture[60:220, 60:210] = head
    picture[80:240, 150:300] = head
    faces = seen(session, picture).faces
    assert len(faces) in {1, 2}
    assert len({face.track for face in faces}) == len(faces)
    whole = max(faces, key=lambda face: face.box.x)
    assert abs(whole.measures["head.yaw"]) < 35


def test_dark_glasses(session: Session, astronaut: np.ndarray) -> None:
    picture = astronaut.copy()
    for x in (205, 248):
        cv2.ellipse(picture, (x, 103), (19, 14), 0, 0, 360, (15, 15, 15), -1)
    cv2.line(picture, (205, 100), (248, 100), (15, 15, 15), 4)
    (face,) = [face for face in seen(session, picture).faces if face.box.x < 300]
    assert "head.yaw" in face.measures
    assert "looking" not in face.measures, "the irises are not known"


def test_nobody(session: Session, astronaut: np.ndarray) -> None:
    assert seen(session, np.full((240, 320, 3), 90, np.uint8)).faces == ()
    assert seen(session, np.zeros((1, 1, 3), np.uint8)).faces == ()


@pytest.mark.parametrize("yaw", [-88, -60, 60, 88])
def test_in_profile_what_lies_behind_is_not_known(turn: Callable[..., np.ndarray], yaw: float) -> None:
    face = Face(Box(200, 100, 200, 200), 0.9, track=1, data={"mesh": turn(yaw=yaw)})
    packets = [
        make_packet(np.zeros((480, 640, 3), np.uint8), time=i * 40_000, faces=[face]) for i in range(40)
    ]
    for stage in (Pose(), Eyes(), Movements(), Quality()):
        packets = run_stage(stage, packets)
    known = packets[-1].faces[0].measures
    assert all(math.isfinite(value) for value in known.values())
    assert ("eye.left" in known) != ("eye.right" in known), "one eye is behind the nose"
    assert known["facing"] == 0
    assert not {"mouth.open", "gaze.x", "looking"} & known.keys()
