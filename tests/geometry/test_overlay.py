"""The overlay draws the mesh and the axes of a head where asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ferpipe import Box, Face, Pipeline, UsageError
from ferpipe.testing import make_packet, run_stage
from ferpipe_geometry.pose import Pose
from ferpipe_sinks.overlay import OverlayOptions, OverlayStage

Turn = Callable[..., np.ndarray]
BLACK = np.zeros((480, 640, 3), np.uint8)


def drawn(face: Face, *show: str) -> np.ndarray:
    (packet,) = run_stage(OverlayStage(OverlayOptions(show=show)), [make_packet(BLACK, faces=[face])])
    return packet.data["canvas"]


def posed(turn: Turn, **angles: float) -> Face:
    face = Face(Box(230, 140, 180, 200), 0.9, data={"mesh": turn(**angles)})
    return run_stage(Pose(), [make_packet(BLACK, faces=[face])])[0].faces[0]


def test_every_point_of_the_mesh_is_drawn(turn: Turn) -> None:
    face = posed(turn)
    canvas = drawn(face, "mesh")
    x, y = np.rint(face.data["mesh"][:, :2]).astype(int).T
    assert (canvas[y, x] > 100).all()
    assert not drawn(face, "box")[240, 320].any()


@pytest.mark.parametrize(("yaw", "side"), [(50, 1), (-50, -1)])
def test_the_forward_axis_points_where_the_head_does(turn: Turn, yaw: float, side: int) -> None:
    face = posed(turn, yaw=yaw)
    canvas = drawn(face, "axes").astype(int)
    blue = np.argwhere((canvas[..., 0] > 150) & (canvas[..., 2] < 60))[:, 1]
    assert np.sign(blue.mean() - face.data["axes"][0, 0]) == side


def test_points_that_are_not_finite_are_left_out(turn: Turn) -> None:
    mesh = turn()
    mesh[:100] = np.nan
    mesh[100] = 1e12
    face = Face(Box(230, 140, 180, 200), 0.9, data={"mesh": mesh, "axes": np.full((4, 2), np.nan)})
    assert drawn(face, "mesh", "axes").any()


def test_a_mesh_that_nobody_fits_is_an_error_before_the_first_frame() -> None:
    with pytest.raises(UsageError, match=r"face\.mesh"):
        Pipeline.of("file", "blazeface", ("overlay", {"show": ["mesh"]})).run()
