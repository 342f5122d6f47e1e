"""The square of a picture that a mesh network sees: where it lies, and how it is cut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ferpipe import Face
from ferpipe.packet import Image

__all__ = ["Doubles", "Floats", "Region", "cut", "region_of_face", "region_of_points"]

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]

_ROOM = 1.5
"""Side of the square in sides of the face, as in training (MediaPipe's face landmark graphs)."""

RIGHT_CORNER, LEFT_CORNER = 263, 33
"""The outer corners of the eyes on the right and on the left of the picture."""

_LEAST = 4.0
"""Pixels a side below which there is nothing to see."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square: its centre in pixels, its side in pixels, its turn in radians, clockwise in the picture."""

    x: float
    y: float
    side: float
    angle: float

    def matrix(self, size: int) -> Doubles:
        """(2, 3): from the frame to a square of `size` pixels; both count from the corner of a pixel."""
        scale = size / self.side
        turn = scale * _turn(-self.angle)
        centre = turn @ np.array([self.x, self.y])
        return np.column_stack([turn, size / 2 - centre])

    def place(self, points: Floats, size: int) -> Floats:
        """(N, 3) points of a square of `size` pixels, in pixels of the frame."""
        scale = self.side / size
        flat = (points[:, :2] - size / 2) * scale @ _turn(self.angle).T + [self.x, self.y]
        return np.column_stack([flat, points[:, 2] * scale]).astype(np.float32)


def region_of_face(face: Face) -> Region | None:
    """The square about a detected face, upright by its eyes; None where the box is empty or not finite."""
    box = face.box
    if not np.isfinite(box).all() or min(box.w, box.h) < _LEAST:
        return None
    angle = 0.0
    if face.landmarks is not None and len(face.landmarks) >= 2 and np.isfinite(face.landmarks[:2]).all():
        angle = _angle(face.landmarks[0], face.landmarks[1])
    return Region(box.x + box.w / 2, box.y + box.h / 2, _ROOM * max(box.w, box.h), angle)


def region_of_points(points: Floats) -> Region | None:
    """The square about the points of a mesh; None where they have no extent."""
    angle = _angle(points[LEFT_CORNER], points[RIGHT_CORNER])
    upright = points[:, :2] @ _turn(-angle).T
    low, high = upright.min(axis=0), upright.max(axis=0)
    side = float((high - low).max())
    if not np.isfinite(side) or side < _LEAST:
        return None
    x, y = _turn(angle) @ ((low + high) / 2)
    return Region(float(x), float(y), _ROOM * side, angle)


def cut(image: Image, region: Region, size: int) -> Image:
    """The square of a (H, W, 3) picture in `size` pixels; its edge is repeated beyond the picture."""
    matrix = region.matrix(size)
    step = min(max(1, int(region.side / size)), *image.shape[:2])
    if step > 1:
        image, x, y = _smaller(image, region, step)
        matrix = np.column_stack([matrix[:, :2] * step, matrix[:, 2] + matrix[:, :2] @ [x, y]])
    # Between centres of pixels, as OpenCV counts.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    made: Image = cv2.warpAffine(  # type: ignore[assignment]
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return made


def _smaller(image: Image, region: Region, step: int) -> tuple[Image, int, int]:
    """The part that the region needs, averaged over `step` pixels, and its corner: no aliasing."""
    height, width = image.shape[:2]
    reach = region.side * 0.75
    left = int(np.clip(region.x - reach, 0, width - step))
    top = int(np.clip(region.y - reach, 0, height - step))
    across = (int(np.clip(region.x + reach, left + step, width)) - left) // step
    down = (int(np.clip(region.y + reach, top + step, height)) - top) // step
    part = image[top : top + down * step, left : left + across * step]
    small: Image = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return small, left, top


def _turn(angle: float) -> Doubles:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _angle(left: Floats, right: Floats) -> float:
    return float(np.arctan2(right[1] - left[1], right[0] - left[0]))
