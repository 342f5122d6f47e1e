"""The mesh of a face, and the axes of its head."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from ferpipe import Face
from ferpipe.packet import Image
from ferpipe_sinks._labels import Sizes
from ferpipe_sinks._palette import DARK, WHITE, Colour

__all__ = ["KINDS", "draw_geometry"]

KINDS = {"mesh": "face.mesh", "axes": "face.axes"}
"""What is drawn, and the kind that it is drawn from."""

_AXES: tuple[Colour, ...] = ((0, 94, 213), (115, 158, 0), (178, 114, 0))
"""BGR of right, up and forwards: vermilion, bluish green and blue of Okabe and Ito."""

_LIMIT = 100_000


def draw_geometry(picture: Image, face: Face, show: Iterable[str], sizes: Sizes) -> None:
    """Draw what of the face's geometry is in `show` and known; points that are not finite are omitted."""
    if "mesh" in show and "mesh" in face.data:
        for x, y in _finite(face.data["mesh"]):
            cv2.circle(picture, (x, y), max(1, sizes.line // 3), WHITE, -1, cv2.LINE_AA)
    if "axes" in show and "axes" in face.data:
        points = _finite(face.data["axes"])
        if len(points) == 4:
            for end, colour in zip(points[1:], _AXES, strict=True):
                cv2.line(picture, tuple(points[0]), tuple(end), DARK, sizes.line + 2, cv2.LINE_AA)
                cv2.line(picture, tuple(points[0]), tuple(end), colour, sizes.line, cv2.LINE_AA)


def _finite(points: Any) -> list[list[int]]:
    """Whole pixels (x, y) of the points that can be drawn."""
    flat = np.asarray(points, np.float64)[:, :2]
    kept: list[list[int]] = np.rint(flat[(np.abs(flat) < _LIMIT).all(axis=1)]).astype(int).tolist()
    return kept
