"""Faces as cameras really give them: small, dim, blurred, turned, compressed.

Every change is a function of the face alone, so that figures repeat.  Sizes are for faces of 48
pixels and scale with larger ones.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["CONDITIONS", "disturb"]

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


def disturb(faces: list[Picture], condition: str) -> list[Picture]:
    """All faces ((H, W) grey or (H, W, 3) BGR) under one condition."""
    change = CONDITIONS[condition]
    return [change(np.ascontiguousarray(face), number) for number, face in enumerate(faces)]
