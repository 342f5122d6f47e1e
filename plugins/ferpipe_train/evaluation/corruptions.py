"""Faces as cameras really give them: small, dim, blurred, turned, compressed.

Every change is a function of the face alone, so that figures repeat.  Sizes are for faces of 48
pixels and scale with larger ones.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["CONDITIONS", "SLIGHT_CHANGES", "disturb"]

cv2.setNumThreads(1)

Picture = npt.NDArray[np.uint8]


def _small(pixels: int) -> Callable[[Picture, int], Picture]:
    """The face was only so many pixels high in its frame."""

    def change(face: Picture, _: int) -> Picture:
        height, width = face.shape[:2]
        tiny = cv2.resize(face, (pixels, pixels), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(tiny, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)

    return change


def _dim(face: Picture, _: int) -> Picture:
    """A third of the light, rounded to the 8 bits that a camera gives."""
    return np.asarray(np.rint(face * 0.33), np.uint8)


def _blurred(face: Picture, _: int) -> Picture:
    """Out of focus: a Gaussian of 1.5 pixels."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), 1.5 * face.shape[0] / 48), np.uint8)


def _turned(degrees: float) -> Callable[[Picture, int], Picture]:
    """Turned about its centre, every other face the other way; the edge is repeated."""

    def change(face: Picture, number: int) -> Picture:
        height, width = face.shape[:2]
        angle = degrees if number % 2 else -degrees
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
        turned = cv2.warpAffine(face, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(turned, np.uint8)

    return change


def _jpeg(quality: int) -> Callable[[Picture, int], Picture]:
    """Compressed as a poor camera does."""

    def change(face: Picture, _: int) -> Picture:
        _, data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])
        flag = cv2.IMREAD_GRAYSCALE if face.ndim == 2 else cv2.IMREAD_COLOR
        return np.asarray(cv2.imdecode(data, flag), np.uint8)

    return change


def _moved(x: float, y: float, scale: float = 1.0) -> Callable[[Picture, int], Picture]:
    """Shifted by pixels and scaled about its centre; every other face the other way, the edge is repeated."""

    def change(face: Picture, number: int) -> Picture:
        height, width = face.shape[:2]
        sign = 1 if number % 2 else -1
        zoom = scale**sign
        shift = np.array([x * width / 48, y * height / 48]) * sign
        middle = np.array([width - 1, height - 1]) / 2
        matrix = np.column_stack([np.eye(2) * zoom, middle * (1 - zoom) + shift])
        moved = cv2.warpAffine(face, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)

    return change


def _gamma(exponent: float) -> Callable[[Picture, int], Picture]:
    """Brighter or darker in the middle of the range."""
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return lambda face, _: table[face]


CONDITIONS: dict[str, Callable[[Picture, int], Picture]] = {
    "20 px": _small(20),
    "30 px": _small(30),
    "40 px": _small(40),
    "dim": _dim,
    "blurred": _blurred,
    "turned 10": _turned(10),
    "turned 20": _turned(20),
    "JPEG 20": _jpeg(20),
}
"""What is tried, by the name it has in reports."""

SLIGHT_CHANGES: dict[str, Callable[[Picture, int], Picture]] = {
    "shifted 1 px across": _moved(1, 0),
    "shifted 1 px down": _moved(0, 1),
    "turned 2": _turned(2),
    "zoomed 3 %": _moved(0, 0, 1.03),
    "JPEG 70": _jpeg(70),
    "gamma 0.9": _gamma(0.9),
}
"""Changes that people do not see, by name: a label that they change flickers in a video."""


def disturb(faces: list[Picture], condition: str) -> list[Picture]:
    """All faces ((H, W) grey or (H, W, 3) BGR) under one condition."""
    change = CONDITIONS.get(condition) or SLIGHT_CHANGES[condition]
    return [change(np.ascontiguousarray(face), number) for number, face in enumerate(faces)]
