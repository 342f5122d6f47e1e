"""Where the tests find real clips and data, and how they skip where those are absent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair.
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")

# As ferpipe sets it before TensorFlow is imported: a test that imports it first must not compute otherwise.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("FERPIPE_SHARED", ROOT.parent / "shared"))


def need(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.name} is not here: set FERPIPE_SHARED to the folder that holds it")
    return path


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real clips (Intel sample-videos previews, 480x270)."""
    return need(SHARED / "media")


@pytest.fixture(scope="session")
def case() -> Callable[[str], Path]:
    """Small inputs that once went wrong, by folder and name."""
    return lambda name: need(SHARED / "cases" / name)


@pytest.fixture(scope="session")
def fer2013() -> Path:
    """The folder of FER2013 mosaics."""
    return need(SHARED / "fer2013")


@pytest.fixture(scope="session")
def yunet() -> Path:
    """OpenCV Zoo's YuNet network."""
    return need(SHARED / "models" / "face_detection_yunet_2023mar.onnx")


@pytest.fixture(scope="session")
def face_landmarker() -> Path:
    """MediaPipe's Face Landmarker, as Google publishes it."""
    return need(SHARED / "models" / "face_landmarker.task")
