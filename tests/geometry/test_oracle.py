"""Mesh, pose and blendshapes against MediaPipe's own Face Landmarker, from the same file.

PyPI's `mediapipe` brings another OpenCV, so it gets an environment of its own.  Its angles are those to the
axis of a camera in perspective (`projection: perspective`).  It scales the depth of a face by the width of
the picture along x and by its height along y, so that the depth of a rolled head in a picture that is not
square comes out too large; that is put right before angles are compared.  It also cuts faces out without
regard to half a pixel, and frames a rolled face by its upright extent, which moves points by up to 1 % of
these faces.
"""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

import av
import numpy as np
import pytest

from ferpipe import Face
from ferpipe.testing import make_packet, run_stage
from ferpipe_faces.blazeface import BlazeFace
from ferpipe_faces.track import Track
from ferpipe_geometry import blendshapes
from ferpipe_geometry.fit import angles, fit_in_perspective
from ferpipe_geometry.mesh import Mesh, MeshOptions
from ferpipe_geometry.pose import Pose, PoseOptions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FIELD_OF_VIEW = 63.0
CLIPS = ("intel_head-pose-male.mp4", "intel_head-pose-female.mp4", "intel_head-pose-female-and-male.mp4")

SCRIPT = """
import sys
import mediapipe as mp, numpy as np
from mediapipe.tasks.python import BaseOptions, vision
file, model, target, faces = sys.argv[1:]
options = vision.FaceLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=model), running_mode=vision.RunningMode.VIDEO,
    num_faces=int(faces), output_face_blendshapes=True, output_facial_transformation_matrixes=True)
points, matrices, shapes, frames = [], [], [], []
with vision.FaceLandmarker.create_from_options(options) as landmarker:
    for i, frame in enumerate(np.load(file)):
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
        found = landmarker.detect_for_video(image, i * 80)
        for k, face in enumerate(found.face_landmarks):
            points.append([[p.x, p.y, p.z] for p in face])
            matrices.append(found.facial_transformation_matrixes[k])
            shapes.append([each.score for each in found.face_blendshapes[k]])
            frames.append(i)
np.savez(target, points=points, matrices=matrices, shapes=shapes, frames=frames)
"""


@pytest.fixture(scope="module")
def mediapipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with `mediapipe`; skipped where it cannot be had."""
    folder = tmp_path_factory.mktemp("mediapipe")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "mediapipe"]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=400, check=False)
    if done.returncode:
        pytest.skip(f"mediapipe cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    tried = subprocess.run(
        [python, "-c", "from mediapipe.tasks.python import vision"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"mediapipe cannot be used here: {tried.stderr.strip().splitlines()[-1:]}")
    return python


@pytest.mark.parametrize("clip", CLIPS)
def test_it_agrees_with_mediapipe(
    clip: str, mediapipe: Path, landmarker: Path, media: Path, tmp_path: Path
) -> None:
    frames = _frames(media / clip)
    np.save(tmp_path / "frames.npy", frames)
    most = 2 if "and" in clip else 1
    given = [mediapipe, "-c", SCRIPT, tmp_path / "frames.npy", landmarker, tmp_path / "theirs.npz", str(most)]
    subprocess.run(given, check=True, capture_output=True, timeout=200)
    theirs = dict(np.load(tmp_path / "theirs.npz"))
    height, width = frames.shape[1:3]
    pixels = theirs["points"] * [width, height, width]
    ours = _ours(frames)
    away, turned, upright, shapes = [], [], [], []
    for points, matrix, known, frame in zip(
        pixels, theirs["matrices"], theirs["shapes"], theirs["frames"].tolist(), strict=True
    ):
        matrix_angles = np.array(angles(matrix[:3, :3]))
        copied = _angles(points, width, height)
        assert copied == pytest.approx(matrix_angles, abs=0.1), "the same fit of the same points"
        face = _nearest(ours[frame], points)
        if face is None:
            continue
        mesh, across = face.data["mesh"], float(np.linalg.norm(points[454] - points[234]))
        righted = _righted(points, width / height)
        away.append(float(np.median(np.linalg.norm((mesh - righted)[:, :2], axis=1))) / across)
        got = np.array([face.measures[f"head.{name}"] for name in ("yaw", "pitch", "roll")])
        turned.append(np.abs(got - _angles(righted, width, height)))
        if abs(matrix_angles[2]) < 10:
            upright.append(np.abs(got - matrix_angles))
        values = np.array([face.measures[measure.name] for measure in blendshapes.MEASURES])
        shapes.append(float(np.abs(values - known).mean()))
    assert len(away) > 0.8 * len(pixels)
    assert np.median(away) < 0.012
    assert (np.median(turned, axis=0) < 2).all()
    assert not upright or (np.median(upright, axis=0) < 2).all()
    assert np.mean(shapes) < 0.03


def _frames(file: Path) -> np.ndarray:
    """(N, H, W, 3) RGB, every second one."""
    with av.open(str(file)) as container:
        return np.array([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][::2])


def _ours(frames: np.ndarray) -> list[tuple[Face, ...]]:
    packets = [
        make_packet(np.ascontiguousarray(frame[..., ::-1]), time=i * 80_000, index=i)
        for i, frame in enumerate(frames)
    ]
    pose = Pose(PoseOptions(projection="perspective", field_of_view=FIELD_OF_VIEW))
    for stage in (BlazeFace(), Track(), Mesh(MeshOptions(model="landmarker")), pose):
        packets = run_stage(stage, packets)
    return [packet.faces for packet in packets]


def _nearest(faces: tuple[Face, ...], points: np.ndarray) -> Face | None:
    """The face whose mesh lies there."""
    middle = points[:, :2].mean(axis=0)
    known = [face for face in faces if "mesh" in face.data]
    away = [float(np.linalg.norm(face.data["mesh"][:, :2].mean(axis=0) - middle)) for face in known]
    return known[int(np.argmin(away))] if away and min(away) < 20 else None


def _angles(points: np.ndarray, width: int, height: int) -> np.ndarray:
    found = fit_in_perspective(points, width, height, FIELD_OF_VIEW)
    assert found is not None
    return np.array(angles(found.rotation))


def _righted(points: np.ndarray, aspect: float) -> np.ndarray:
    """Their points with a depth in pixels."""
    across = points[263, :2] - points[33, :2]
    cosine, sine = across / np.linalg.norm(across)
    return points * [1, 1, 1 / float(np.hypot(cosine, sine * aspect))]
