"""Real pictures of faces: NASA's portrait of Eileen Collins and the US Navy's of Grace Hopper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import pytest
import skimage.data

from ferpipe import Packet, Stage
from ferpipe.testing import TestContext, make_packet
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions

ASTRONAUT_EYES = np.array([[205, 102], [248, 104]])
HOPPER_EYES = np.array([[226, 193], [308, 191]])


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """(512, 512, 3) BGR, one smiling face of about 100 px."""
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)


@pytest.fixture(scope="session")
def hopper() -> np.ndarray:
    """(606, 512, 3) BGR, one face of about 200 px."""
    return cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"))


@pytest.fixture(scope="session")
def collage(astronaut: np.ndarray, hopper: np.ndarray) -> np.ndarray:
    """(360, 640, 3): the two side by side, faces of about 60 px at (120, 81) and (448, 80)."""
    picture = np.full((360, 640, 3), 90, np.uint8)
    picture[:300, :300] = cv2.resize(astronaut, (300, 300), interpolation=cv2.INTER_AREA)
    small = cv2.resize(hopper, (200, 237), interpolation=cv2.INTER_AREA)
    picture[:237, 350:550] = small
    return picture


@pytest.fixture(scope="session")
def people(astronaut: np.ndarray, hopper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two real people from hair to chest, each with a face box of 48 pixels at (12, 16)."""
    first = cv2.resize(astronaut[34:274, 146:302], (72, 111), interpolation=cv2.INTER_AREA)
    second = cv2.resize(hopper[50:530, 108:420], (72, 111), interpolation=cv2.INTER_AREA)
    return first, second


@pytest.fixture
def started(tmp_path: Path) -> Any:
    """Open a stage, and close it after the test."""
    stages: list[Stage[Any]] = []

    def start(stage: Stage[Any]) -> Stage[Any]:
        stage.open(TestContext(tmp_path))
        stages.append(stage)
        return stage

    yield start
    for stage in stages:
        stage.close()


@pytest.fixture
def look(started: Any) -> Any:
    """Faces that a BlazeFace with some options finds in a picture, by itself: nobody is followed."""

    def find(picture: np.ndarray, **options: Any) -> Any:
        stage = started(BlazeFace(BlazeFaceOptions(**{"follow": False, **options})))
        return stage.process(make_packet(picture)).faces

    return find


def turned(picture: np.ndarray, degrees: float, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned and scaled about its middle, and the (2, 3) matrix that did it."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), matrix


def packets_of(pictures: list[np.ndarray], step: int = 40_000) -> list[Packet]:
    return [make_packet(picture, time=i * step, index=i) for i, picture in enumerate(pictures)]
