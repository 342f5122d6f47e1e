"""The overlay draws the mesh and the axes of a head where asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ferpipe import Box, Face, Pipeline, UsageError
from ferpipe.testing import make_packet, run_stage
from ferpipe_geometry.pose import Pose
from ferpipe_sinks._palette import YELLOW
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


def test_points_that_are_not_finite_are_omitted(turn: Turn) -> None:
    mesh = turn()
    mesh[:100] = np.nan
    mesh[100] = 1e12
    face = Face(Box(230, 140, 180, 200), 0.9, data={"mesh": mesh, "axes": np.full((4, 2), np.nan)})
    assert drawn(face, "mesh", "axes").any()


def test_a_mesh_that_nobody_fits_is_an_error_before_the_first_frame() -> None:
    with pytest.raises(UsageError, match=r"face\.mesh"):
        Pipeline.of("file", "blazeface", ("overlay", {"show": ["mesh"]})).run()


@pytest.mark.parametrize(("gaze", "side"), [(0.5, 1), (-0.5, -1)])
def test_the_gaze_is_an_arrow_to_its_side(turn: Turn, gaze: float, side: int) -> None:
    face = posed(turn).with_measures({"gaze.x": gaze, "gaze.y": 0.0})
    yellow = np.argwhere((eyes_drawn(face, "gaze") == YELLOW).all(axis=2))[:, 1]
    corners = face.data["mesh"][[33, 133, 362, 263], 0]
    assert np.sign(yellow.mean() - corners.mean()) == side
    assert not eyes_drawn(posed(turn), "gaze").any(), "where it is not known there is no arrow"


def test_closed_eyes_have_a_bar(turn: Turn) -> None:
    for known, drawn_ in (
        ({"eye.closed": 1.0}, True),
        ({"blink.length": 0.1}, True),
        ({"eye.closed": 0.0}, False),
    ):
        assert eyes_drawn(posed(turn).with_measures(known), "blink").any() == drawn_
    broken = Face(Box(0, 0, 9, 9), 0.9, data={"mesh": np.full((468, 3), np.nan)})
    assert not eyes_drawn(broken.with_measures({"eye.closed": 1.0}), "blink").any()


def eyes_drawn(face: Face, part: str) -> np.ndarray:
    """What is drawn of the eyes, by an overlay outside of any pipeline."""
    stage = OverlayStage(OverlayOptions(show=(part,)))
    return stage.process(make_packet(BLACK, faces=[face])).data["canvas"]
