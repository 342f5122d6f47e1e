"""Where the eyes look, and that they blink."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ferpipe import Face
from ferpipe.packet import Image
from ferpipe_sinks._labels import Sizes
from ferpipe_sinks._palette import DARK, WHITE, YELLOW

__all__ = ["NEEDS", "draw_blink", "draw_gaze"]

NEEDS = {
    "gaze": frozenset({"face.mesh", "gaze.x", "gaze.y"}),
    "blink": frozenset({"face.mesh", "eye.closed", "blink.length"}),
}
"""What is drawn, and the kinds and measures that it is drawn from."""

_EYES = ((33, 133), (362, 263))
"""MediaPipe's points of the corners of the eyes, from the left of the picture to the right."""

_REACH = 2.5
"""Length of the arrow of an iris at the corner of its eye, in half widths of the eye."""


def draw_gaze(picture: Image, face: Face, sizes: Sizes) -> None:
    """An arrow from the middle of each eye, as long as its iris lies off it, where that is known."""
    x, y = face.measures.get("gaze.x"), face.measures.get("gaze.y")
    if x is None or y is None:
        return
    for middle, half in _eyes(face):
        up = np.array([half[1], -half[0]])
        end = middle + _REACH * (x * half + y * up)
        start, tip = (tuple(np.rint(point).astype(int).tolist()) for point in (middle, end))
        for colour, line in ((DARK, sizes.line + 2), (YELLOW, sizes.line)):
            cv2.arrowedLine(picture, start, tip, colour, line, cv2.LINE_AA, tipLength=0.3)


def draw_blink(picture: Image, face: Face, sizes: Sizes) -> None:
    """A bar over each eye that is closed, and in the frame in which a blink has ended."""
    if not (face.measures.get("eye.closed") or "blink.length" in face.measures):
        return
    for middle, half in _eyes(face):
        ends = [tuple(np.rint(middle + side * half).astype(int).tolist()) for side in (-1, 1)]
        for colour, line in ((DARK, 2 * sizes.line + 2), (WHITE, 2 * sizes.line)):
            cv2.line(picture, ends[0], ends[1], colour, line, cv2.LINE_AA)


def _eyes(face: Face) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """The middle of each eye, and half of the way from its left corner to its right one, in pixels."""
    mesh = face.data.get("mesh")
    if mesh is None or len(mesh) <= max(max(_EYES)):
        return []
    found = []
    for left, right in _EYES:
        start, end = np.asarray(mesh[left, :2], np.float64), np.asarray(mesh[right, :2], np.float64)
        middle, half = (start + end) / 2, (end - start) / 2
        if (np.abs([middle, half]) < 100_000).all():
            found.append((middle, half))
    return found
