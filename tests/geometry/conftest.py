"""Real faces: NASA's portrait of Eileen Collins, and meshes that are turned by known angles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from ferpipe import Box, Face
from ferpipe_geometry.fit import Similarity, canonical, turned

NAMES = ("left_eye", "right_eye")


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """(512, 512, 3) BGR, one smiling face of about 100 px."""
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)


@pytest.fixture(scope="session")
def collins() -> Face:
    """The face in `astronaut`, as a detector finds it."""
    eyes = np.array([[205, 102], [248, 104]], np.float32)
    return Face(Box(172, 68, 104, 104), 0.9, eyes, NAMES, track=1)


@pytest.fixture
def landmarker(face_landmarker: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MediaPipe's Face Landmarker, where models are looked for."""
    monkeypatch.setenv("FERPIPE_MODELS", str(face_landmarker.parent))
    return face_landmarker


@pytest.fixture(scope="session")
def turn() -> Callable[..., np.ndarray]:
    """Makes the canonical face's (468, 3) mesh in pixels, turned by yaw, pitch and roll in degrees."""

    def made(
        yaw: float = 0,
        pitch: float = 0,
        roll: float = 0,
        *,
        scale: float = 10.0,
        points: np.ndarray | None = None,
    ) -> np.ndarray:
        rotation = turned(yaw, pitch, roll)
        lies = Similarity(scale, rotation, np.array([320.0, -240.0, 0.0]))
        return lies.ahead(canonical()[0] if points is None else points).astype(np.float32)

    return made
