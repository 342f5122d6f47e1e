"""Eyes: how far they are open, blinks and their length, the iris, facing and looking."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from ferpipe import Box, Face, Packet
from ferpipe.testing import check_stage, make_packet, make_packets, run_stage
from ferpipe_geometry.eyes import Eyes, EyesOptions
from ferpipe_geometry.fit import canonical
from ferpipe_geometry.lids import Lids
from ferpipe_geometry.mesh import Mesh, MeshOptions
from ferpipe_geometry.people import People
from ferpipe_geometry.pose import Pose

BLACK = np.zeros((480, 640, 3), np.uint8)
UPPER, LOWER = [160, 159, 158, 385, 386, 387], [144, 145, 153, 380, 374, 373]
Turn = Callable[..., np.ndarray]


def lidded(share: float, gaze: tuple[float, float] | None = None) -> np.ndarray:
    """The canonical face with its eyes open by `share` of their usual gap; with irises where given."""
    points = canonical()[0].copy()
    middle = (points[UPPER] + points[LOWER]) / 2
    half = (points[UPPER] - points[LOWER]) / 2 * share
    points[UPPER], points[LOWER] = middle + half, middle - half
    if gaze is None:
        return points
    irises = []
    for left, right in ((33, 133), (362, 263)):
        width = (points[right] - points[left]) / 2
        irises.append((points[left] + points[right]) / 2 + gaze[0] * width + [0, gaze[1] * width[0], 0])
    return np.concatenate([points, np.repeat(irises, 5, axis=0)])


def seen(
    meshes: Iterable[np.ndarray], *, track: int | None = 1, rate: float = 30, **options: float
) -> list[Face]:
    packets: list[Packet] = make_packets([BLACK] * len(meshes := list(meshes)), step=round(1e6 / rate))
    packets = [
        packet.replace(faces=(Face(Box(200, 100, 200, 200), 0.9, track=track, data={"mesh": mesh}),))
        for packet, mesh in zip(packets, meshes, strict=True)
    ]
    out = run_stage(Eyes(EyesOptions(**options)), run_stage(Pose(), packets))
    return [packet.faces[0] for packet in out]


def test_the_stage_keeps_the_contract(turn: Turn) -> None:
    face = Face(Box(200, 100, 200, 200), 0.9, track=1, data={"mesh": turn(points=lidded(1, (0, 0)))})
    check_stage(Eyes, {}, run_stage(Pose(), [make_packet(BLACK, faces=[face])]))


def test_half_the_gap_is_half_the_opening_however_the_head_is_turned(turn: Turn) -> None:
    wide, half, turned = seen(
        [turn(points=lidded(1)), turn(points=lidded(0.5)), turn(30, 20, -40, points=lidded(1))]
    )
    for eye in ("eye.left", "eye.right"):
        assert half.measures[eye] == pytest.approx(wide.measures[eye] / 2, rel=0.02)
        assert turned.measures[eye] == pytest.approx(wide.measures[eye], rel=0.02)


def test_a_blink_has_its_start_and_its_length(turn: Turn) -> None:
    shares = [1.0] * 30 + [0.2] * 6 + [1.0] * 20
    faces = seen([turn(points=lidded(share)) for share in shares])
    ends = [(i, face.measures) for i, face in enumerate(faces) if "blink.length" in face.measures]
    ((frame, found),) = ends
    assert frame == 36
    assert found["blink.start"] == pytest.approx(1.0, abs=0.001)
    assert found["blink.length"] == pytest.approx(0.2, abs=0.001)
    closed = [face.measures.get("eye.closed") for face in faces]
    assert closed[25:40] == [0.0] * 5 + [1.0] * 6 + [0.0] * 4


@pytest.mark.parametrize(
    ("shares", "why"),
    [
        ([1.0] * 30 + [0.2] * 40 + [1.0] * 20, "eyes that stay closed for a second"),
        ([1.0] * 30 + [0.8] * 6 + [1.0] * 20, "eyes that are narrowed"),
        ([0.2] * 6 + [1.0] * 40, "eyes that were closed when the face came"),
        ([1.0] * 30 + [0.2] * 6, "eyes that do not open again"),
    ],
)
def test_what_is_no_blink(turn: Turn, shares: list[float], why: str) -> None:
    faces = seen([turn(points=lidded(share)) for share in shares])
    assert not [face for face in faces if "blink.length" in face.measures], why


def test_eyes_that_were_out_of_sight_have_not_blinked() -> None:
    lids = Lids()
    for frame in range(30):
        lids.update(frame * 33_000, 0.3)
    lids.update(1_000_000, 0.05)
    assert lids.closed
    assert lids.update(3_500_000, 0.3) is None
    assert lids.closed is False


def test_two_people_are_kept_apart_and_a_third_is_forgotten_in_time() -> None:
    people = People(list)
    (packet,) = make_packets([BLACK])
    known = people.at(packet.frame)
    known(1).append("a")
    assert known(2) == []
    assert known(1) == ["a"]
    for track in range(10, 300):
        known(track)
    assert known(1) == [], "memory is bounded"


def test_without_a_track_there_are_openings_and_no_blinks(turn: Turn) -> None:
    faces = seen([turn(points=lidded(share)) for share in [1.0] * 30 + [0.2] * 6 + [1.0] * 9], track=None)
    assert all({"eye.left", "eye.right", "facing"} == _eyes(face) for face in faces)


def _eyes(face: Face) -> set[str]:
    return {name for name in face.measures if not name.startswith("head.")}


@pytest.mark.parametrize(
    ("yaw", "hidden", "there"), [(60, "eye.right", "eye.left"), (-60, "eye.left", "eye.right")]
)
def test_an_eye_behind_the_nose_is_not_known(turn: Turn, yaw: float, hidden: str, there: str) -> None:
    (face,) = seen([turn(yaw)])
    assert hidden not in face.measures
    assert there in face.measures


@pytest.mark.parametrize("gaze", [(0.0, 0.0), (0.4, 0.0), (-0.3, 0.1)])
@pytest.mark.parametrize("roll", [0, 30])
def test_the_iris_lies_where_it_was_put(turn: Turn, gaze: tuple[float, float], roll: float) -> None:
    (face,) = seen([turn(0, 0, roll, points=lidded(1, gaze))])
    assert (face.measures["gaze.x"], face.measures["gaze.y"]) == pytest.approx(gaze, abs=0.05)


def test_facing_is_the_head_and_looking_the_eyes_in_it(turn: Turn) -> None:
    ahead = lidded(1, (0, 0))
    away = turn(30, points=lidded(1, (-0.45, 0)))
    straight, aside, back = seen([turn(points=ahead), turn(points=lidded(1, (0.5, 0))), away])
    assert (straight.measures["facing"], straight.measures["looking"]) == (1, 1)
    assert (aside.measures["facing"], aside.measures["looking"]) == (1, 0)
    assert (back.measures["facing"], back.measures["looking"]) == (0, 1)
    (wide,) = seen([turn(30, points=ahead)], within=40)
    assert wide.measures["facing"] == 1


def test_without_irises_nobody_is_said_to_look(turn: Turn) -> None:
    (face,) = seen([turn()])
    assert not {"gaze.x", "gaze.y", "looking"} & face.measures.keys()


def test_a_real_open_eyed_face_faces_and_looks(
    astronaut: np.ndarray, collins: Face, landmarker: Path
) -> None:
    packets = run_stage(Mesh(MeshOptions(model="landmarker")), [make_packet(astronaut, faces=[collins])])
    (packet,) = run_stage(Eyes(EyesOptions(within=25)), run_stage(Pose(), packets))
    found = packet.faces[0].measures
    assert 0.1 < found["eye.left"] < 0.6
    assert 0.1 < found["eye.right"] < 0.6
    assert (found["facing"], found["looking"]) == (1, 1)
