"""The pose of the head: known turns, mirrors, distance, and what settles no pose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferpipe import Box, Face
from ferpipe.testing import check_stage, make_packet, run_stage
from ferpipe_geometry.fit import (
    HEIGHT,
    WIDTH,
    angles,
    canonical,
    fit,
    fit_in_perspective,
    turned,
    umeyama,
)
from ferpipe_geometry.pose import Pose, PoseOptions

BLACK = np.zeros((480, 640, 3), np.uint8)


def posed(mesh: np.ndarray, **options: Any) -> Face:
    face = Face(Box(200, 100, 200, 200), 0.9, data={"mesh": mesh})
    (packet,) = run_stage(Pose(PoseOptions(**options)), [make_packet(BLACK, faces=[face])])
    return packet.faces[0]


def test_the_stage_keeps_the_contract(turn: Callable[..., np.ndarray]) -> None:
    face = Face(Box(200, 100, 200, 200), 0.9, data={"mesh": turn(20, 10, -5)})
    check_stage(Pose, {}, [make_packet(BLACK, faces=[face])])


@pytest.mark.parametrize("yaw", [-75, -30, 0, 45, 80])
@pytest.mark.parametrize("pitch", [-60, 0, 35])
@pytest.mark.parametrize("roll", [-120, -20, 0, 15, 170])
def test_a_turned_canonical_face_has_its_angles(
    turn: Callable[..., np.ndarray], yaw: float, pitch: float, roll: float
) -> None:
    found = posed(turn(yaw, pitch, roll)).measures
    assert (found["head.yaw"], found["head.pitch"]) == pytest.approx((yaw, pitch), abs=0.1)
    assert found["head.roll"] == pytest.approx(roll, abs=0.1)


def test_noise_of_a_hundredth_of_the_face_leaves_the_angles_within_a_degree(
    turn: Callable[..., np.ndarray],
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01 * WIDTH * 10 / 2, (468, 3))
    found = posed((turn(25, -15, 10) + noise).astype(np.float32)).measures
    got = [found["head.yaw"], found["head.pitch"], found["head.roll"]]
    assert got == pytest.approx([25, -15, 10], abs=1)


def test_a_mirrored_face_has_mirrored_yaw_and_roll(turn: Callable[..., np.ndarray]) -> None:
    """The canonical face is symmetric: its mirror is the same points on the other side."""
    points = canonical()[0]
    twin = [int(np.argmin(((points * [-1, 1, 1] - p) ** 2).sum(axis=1))) for p in points]
    assert np.abs(points[twin] * [-1, 1, 1] - points).max() < 0.01
    mesh = turn(30, 12, -8)
    mirrored = mesh[twin] * [-1, 1, 1] + [640, 0, 0]
    found = posed(mirrored.astype(np.float32)).measures
    got = [found["head.yaw"], found["head.pitch"], found["head.roll"]]
    assert got == pytest.approx([-30, 12, 8], abs=0.1)


def test_signs_are_those_of_the_picture(turn: Callable[..., np.ndarray]) -> None:
    nose, bridge, chin = 4, 168, 152
    right, up, tilted = turn(yaw=30), turn(pitch=30), turn(roll=30)
    assert right[nose, 0] > right[bridge, 0] + 5, "the nose points to the right of the picture"
    assert up[nose, 1] < turn()[nose, 1] - 5, "the nose points up"
    assert tilted[chin, 0] < tilted[bridge, 0] - 5, "clockwise: the chin goes to the left"


def test_distance_is_focal_length_over_width(turn: Callable[..., np.ndarray]) -> None:
    near, far = turn(scale=20), turn(scale=5)
    assert posed(far).measures["head.distance"] == pytest.approx(4 * posed(near).measures["head.distance"])
    focal = 240 / np.tan(np.radians(30))
    wanted = focal / (5 * WIDTH)
    assert posed(far, field_of_view=60).measures["head.distance"] == pytest.approx(wanted, rel=1e-3)


def test_the_axes_point_where_the_head_does(turn: Callable[..., np.ndarray]) -> None:
    origin, right, up, ahead = posed(turn(yaw=40)).data["axes"]
    assert ahead[0] > origin[0] + 10
    assert right[0] > origin[0] + 10
    assert up[1] < origin[1] - 10


def test_a_face_without_a_mesh_or_with_an_empty_one_has_no_pose() -> None:
    packet = make_packet(BLACK, faces=[Face(Box(0, 0, 9, 9), 0.9)])
    assert not run_stage(Pose(), [packet])[0].faces[0].measures
    assert not posed(np.zeros((468, 3), np.float32)).measures
    assert not posed(np.full((468, 3), np.nan, np.float32)).measures
    line = np.linspace(0, 1, 468)[:, None] * [[1, 2, 3]]
    assert not posed(line.astype(np.float32)).measures


@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(-179, 179))
def test_angles_and_rotations_are_inverse(yaw: float, pitch: float, roll: float) -> None:
    assert np.allclose(turned(*angles(turned(yaw, pitch, roll))), turned(yaw, pitch, roll), atol=1e-6)


def test_the_fit_never_mirrors() -> None:
    points = np.random.default_rng(1).normal(size=(40, 3))
    found = umeyama(points, points * [-1, 1, 1], np.ones(40))
    assert found is None or np.linalg.det(found.rotation) == pytest.approx(1)


def test_the_canonical_face_is_as_large_as_is_said() -> None:
    extent = np.ptp(canonical()[0], axis=0)
    assert (extent[0], extent[1]) == pytest.approx((WIDTH, HEIGHT), abs=0.001)
    assert fit((canonical()[0] * [1, -1, -1]).astype(np.float32)) is not None


def test_in_perspective_a_head_at_the_side_is_turned_by_its_ray() -> None:
    """A head 30 degrees beside the axis of a pinhole camera, pointing along the axis or at the camera."""
    points, focal, depth = canonical()[0], 800.0, 60.0
    away = depth * np.tan(np.radians(30))
    for yaw in (0.0, -30.0):  # along the axis, and at the camera
        there = points @ turned(yaw, 0, 0).T + [away, 0, 0]
        z = depth - there[:, 2]
        scale = focal / depth
        mesh = np.column_stack([640 + focal * there[:, 0] / z, 360 - focal * there[:, 1] / z, scale * z])
        found = fit_in_perspective(mesh.astype(np.float32), 1280, 720, np.degrees(2 * np.arctan(360 / focal)))
        assert found is not None
        # The model of the mesh, one scale for the whole head, is itself up to 1.5 degrees off at 60 cm.
        assert angles(found.rotation) == pytest.approx((yaw, 0, 0), abs=1.6)


def test_both_projections_agree_in_the_middle_of_the_picture(turn: Callable[..., np.ndarray]) -> None:
    """From afar: the field of view is small."""
    mesh = turn(20, -10, 15, scale=5.0)
    parallel = posed(mesh).measures
    near = posed(mesh, projection="perspective", field_of_view=2.0).measures
    for name in ("yaw", "pitch", "roll"):
        assert near[f"head.{name}"] == pytest.approx(parallel[f"head.{name}"], abs=1)
    assert near["head.distance"] > parallel["head.distance"]


def test_nothing_settles_no_pose_in_perspective() -> None:
    assert "head.yaw" not in posed(np.zeros((468, 3), np.float32), projection="perspective").measures
