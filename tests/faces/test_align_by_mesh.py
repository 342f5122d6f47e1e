"""Faces that are aligned by their mesh instead of the detector's landmarks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from ferpipe import Box, ConfigError, Face, Pipeline
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_faces.align import Align, AlignOptions
from ferpipe_faces.mesh_points import by_mesh
from ferpipe_geometry.mesh import Mesh

EYES = np.array([[205, 102], [248, 104]], np.float32)


@pytest.fixture(scope="module")
def meshed() -> tuple[np.ndarray, Face]:
    """NASA's portrait of Eileen Collins, and its face with a mesh."""
    picture = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    face = Face(Box(172, 68, 104, 104), 0.9, EYES, ("left_eye", "right_eye"))
    return picture, run_stage(Mesh(), [make_packet(picture, faces=[face])])[0].faces[0]


def matrix(picture: np.ndarray, face: Face, context: TestContext, **options) -> np.ndarray:
    stage = Align(AlignOptions(size=48, **options))
    return (
        run_stage(stage, [make_packet(picture, faces=[face])], context=context)[0]
        .faces[0]
        .data["chip"]
        .matrix
    )


def test_features_lie_where_the_framing_wants_them(meshed, ferpipe_context) -> None:
    picture, face = meshed
    seen = by_mesh(face)
    there = seen.landmarks @ matrix(picture, face, ferpipe_context, points="mesh")[:, :2].T
    there = (there + matrix(picture, face, ferpipe_context, points="mesh")[:, 2]) / 48
    wanted = {"left_eye": (0.318, 0.395), "right_eye": (0.682, 0.395), "mouth": (0.5, 0.776)}
    for name, place in wanted.items():
        assert there[seen.landmark_names.index(name)] == pytest.approx(place, abs=0.06), name


def test_a_box_that_trembles_does_not_move_it(meshed, ferpipe_context) -> None:
    picture, face = meshed
    off = face.replace(box=Box(160, 80, 120, 96), landmarks=EYES + 4)
    still = matrix(picture, face, ferpipe_context, points="mesh")
    assert np.allclose(matrix(picture, off, ferpipe_context, points="mesh"), still)
    assert not np.allclose(matrix(picture, off, ferpipe_context), matrix(picture, face, ferpipe_context))


def test_a_face_without_a_usable_mesh_is_aligned_by_its_landmarks(meshed, ferpipe_context) -> None:
    picture, face = meshed
    bare = Face(face.box, 0.9, EYES, ("left_eye", "right_eye"))
    usual = matrix(picture, bare, ferpipe_context)
    for mesh in (np.full((468, 3), np.nan, np.float32), np.zeros((468, 3), np.float32), np.zeros((9, 3))):
        broken = bare.with_data(mesh=mesh)
        assert by_mesh(broken) is None
        assert np.allclose(matrix(picture, broken, ferpipe_context, points="mesh"), usual)


def test_without_a_mesh_before_it_the_pipeline_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"face\.mesh"):
        Pipeline.of("blazeface", ("align", {"points": "mesh"})).session()
