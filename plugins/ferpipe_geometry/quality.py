"""The `quality` stage."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ferpipe import Box, Context, Face, Measure, Options, Packet, Stage
from ferpipe.packet import Image
from ferpipe_geometry.worth import shipped_worth

__all__ = ["Quality"]

cv2.setNumThreads(1)

_SIZE = 64
"""Pixels a side in which faces are compared, whatever their size."""


class Quality(Stage[Options]):
    """Measures how well each face is shown: its size, sharpness, light, contrast, and how much lies outside.

    Sharpness is the variance of the Laplacian over that of the grey levels, of the face's box in 64 by 64
    pixels: it does not depend on contrast, and a face of fewer pixels is less sharp.  How far a face is
    turned is `head.turned` of `pose`, how much of it is hidden shows in `mesh.presence`.  `quality` is one
    number of all of these: the accuracy that the shipped classifier has on such faces.  Behind `mesh` and
    `pose` it counts what they know too.
    """

    needs = frozenset({"frame", "faces"})
    measures = (
        Measure(
            "quality", "", 0, 1, "Expected accuracy of the shipped classifier on faces that are shown so."
        ),
        Measure("quality.size", "px", 0, None, "Root of the area of the face's box."),
        Measure("quality.outside", "", 0, 1, "Share of the face's box that lies outside the picture."),
        Measure("quality.sharpness", "", 0, None, "Variance of the Laplacian over that of the grey levels."),
        Measure("quality.light", "", 0, 1, "Mean grey level of the face, from black to white."),
        Measure(
            "quality.contrast", "", 0, 1, "Standard deviation of the grey levels; 1 is the most there can be."
        ),
    )

    @classmethod
    def independent(cls, options: Options) -> bool:  # noqa: ARG003
        """Always: each face is measured by itself."""
        return True

    def open(self, context: Context) -> None:
        """Read the fit."""
        super().open(context)
        self._worth = shipped_worth()

    def process(self, packet: Packet) -> Packet:
        """Measure each face."""
        measured = ((face, self._rated(packet.frame.image, face)) for face in packet.faces)
        # A face of which nothing is known goes on as it came: what is wrong with it is not of this stage.
        faces = tuple(face.with_measures(found) if found else face for face, found in measured)
        return packet.replace(faces=faces)

    def _rated(self, image: Image, face: Face) -> dict[str, float]:
        found = _measured(image, face)
        # Of a box without a picture there is nothing to be expected.
        return {"quality": self._worth.of({**face.measures, **found})} | found if len(found) > 2 else found


def _measured(image: Image, face: Face) -> dict[str, float]:
    """What is known of the face; only size and place where none of it is in the picture."""
    box = face.box
    if not all(map(math.isfinite, box)) or min(box.w, box.h) <= 0:
        return {}
    part = _inside(image, box)
    found = {"quality.size": math.sqrt(box.w * box.h), "quality.outside": _outside(image, box)}
    if part.size == 0:
        return found
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    shrinks = min(part.shape[:2]) >= _SIZE
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(grey, (_SIZE, _SIZE), interpolation=way).astype(np.float32) / 255
    spread = float(small.var())
    found |= {"quality.light": float(small.mean()), "quality.contrast": min(1.0, 2 * math.sqrt(spread))}
    if spread > 1e-6:  # an even area is neither sharp nor blurred
        found["quality.sharpness"] = float(cv2.Laplacian(small, cv2.CV_32F).var()) / spread
    return found


def _inside(image: Image, box: Box) -> Image:
    height, width = image.shape[:2]
    left, right = (int(np.clip(round(x), 0, width)) for x in (box.x, box.x + box.w))
    top, bottom = (int(np.clip(round(y), 0, height)) for y in (box.y, box.y + box.h))
    return image[top:bottom, left:right]


def _outside(image: Image, box: Box) -> float:
    height, width = image.shape[:2]
    across = max(0.0, min(box.x + box.w, width) - max(box.x, 0.0))
    down = max(0.0, min(box.y + box.h, height) - max(box.y, 0.0))
    return float(min(1.0, max(0.0, 1 - across * down / (box.w * box.h))))
