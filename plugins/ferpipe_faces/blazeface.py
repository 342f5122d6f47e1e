"""The `blazeface` stage."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from ferpipe import Context
from ferpipe.packet import Image
from ferpipe_faces.blaze_network import LANDMARKS, VARIANTS, BlazeNetwork
from ferpipe_faces.detections import Candidates, Floats, overlaps, suppress, weighted_suppress
from ferpipe_faces.detector import Detector, DetectorOptions
from ferpipe_faces.second_look import open_network
from ferpipe_faces.tiles import look_in_tiles, rows_for, tile_side

__all__ = ["BlazeFace", "BlazeFaceOptions"]

# Threads a stage and one OpenCV thread each is the fastest arrangement measured.
cv2.setNumThreads(1)

_CLOSER_THRESHOLD = 0.4
_LARGE, _MOST_ROWS = 1600, 4
"""The longer side, in pixels, of a film from which one row of tiles costs little beside decoding it; most
rows of a still."""

_SAME_FACE = 0.4
"""Overlap from which what the closer look finds is the face that it was sent to."""


class BlazeFaceOptions(DetectorOptions):
    """The options of `blazeface`."""

    model: Literal["full", "full-sparse", "short", "back"] = Field(
        "back",
        description=(
            "The network: back (256 px, highest recall), full (192 px, half the cost, fewest false "
            "positives), full-sparse (the same with sparse weights) or short (128 px, close faces only, "
            "fastest)."
        ),
    )
    tiles: Literal["auto", "light"] | Annotated[int, Field(ge=0, le=4)] = Field(
        "light",
        description=(
            "Rows of overlapping square tiles that are searched in addition to the whole picture, for small "
            "faces: 0 for none, 1 to 4, or auto, by the size of the frame. light is one row for videos of "
            "1,600 pixels and more, and auto, with at most 4 rows, for stills. Each tile costs one more run "
            "of the network."
        ),
    )
    refine: float = Field(
        0.18,
        ge=0,
        le=1,
        description=(
            "Faces whose height is below this fraction of the longer side of the picture (or of the tile) "
            "are refined with the short-range network, for more accurate landmarks at about 2 ms a face. 0 "
            "refines none, 1 all. Faces that are followed are always seen from close by."
        ),
    )
    threads: int = Field(
        1, ge=1, le=64, description="Number of threads of the network; 1 is best in a pipeline."
    )


class BlazeFace(Detector[BlazeFaceOptions]):
    """Finds faces with Google's BlazeFace on LiteRT: box, score and six landmarks.

    The weights come with ferpipe, under the Apache License 2.0.
    """

    Options = BlazeFaceOptions
    landmark_names = LANDMARKS

    def open(self, context: Context) -> None:
        """Load the network."""
        super().open(context)
        self._variant = VARIANTS[self.options.model]
        self._network = open_network(self.options.model, self.options.threads)
        self._closer = open_network("short", self.options.threads) if self.options.refine else None
        context.note("detector", {"name": "blazeface", "model": self.options.model})

    def close(self) -> None:
        """Release the networks, which keep their files open."""
        super().close()
        for network in ("_network", "_closer"):
            vars(self).pop(network, None)

    def look(self, image: Image, *, still: bool = False) -> Candidates:
        """The faces in the whole picture and in its tiles."""
        height, width = image.shape[:2]
        rows = self._rows(width, height, still=still)
        if rows:
            found = look_in_tiles(image, rows, self._look_once, self.options.nms)
        else:
            found = self._look_once(image)
        if self._closer is None or (self._follow and not still):  # the follower looks closer itself
            return found
        seen = tile_side(width, height, rows) if rows else max(width, height)
        return self._look_closer(self._closer, image, found, self.options.refine * seen)

    def _rows(self, width: int, height: int, *, still: bool) -> int:
        rows = self.options.tiles
        if rows == "auto":
            return rows_for(width, height, self._variant.side)
        if rows == "light":
            if still:
                return min(rows_for(width, height, self._variant.side), _MOST_ROWS)
            return int(max(width, height) >= _LARGE)
        return rows

    def _look_closer(
        self, network: BlazeNetwork, image: Image, found: Candidates, below: float
    ) -> Candidates:
        """The faces; the best of those lower than `below` pixels as a look at each alone shows them."""
        found = found.take(np.argsort(-found.scores, kind="stable"))
        boxes, landmarks = found.boxes.copy(), found.landmarks.copy()
        for i in np.flatnonzero(found.boxes[:, 3] - found.boxes[:, 1] < below)[: self.options.max_faces]:
            box = found.boxes[i]
            x, y, part = _surroundings(image, box)
            closer = weighted_suppress(network(part, _CLOSER_THRESHOLD), self.options.nms).moved(x, y)
            shared = overlaps(box[None], closer.boxes)[0]
            if len(shared) and shared.max() > _SAME_FACE:
                boxes[i], landmarks[i] = closer.boxes[shared.argmax()], closer.landmarks[shared.argmax()]
        # Two boxes may have led to the same face.
        return suppress(Candidates(boxes, found.scores, landmarks), self.options.nms)

    def _look_once(self, image: Image) -> Candidates:
        return weighted_suppress(self._network(image, self.options.threshold), self.options.nms)


def _surroundings(image: Image, box: Floats) -> tuple[int, int, Image]:
    """(x, y, part): a square of the image twice as large as the box, as far as there is one."""
    half = max(float(box[3] - box[1]), 4.0)
    x, y = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
    left = int(np.clip(x - half, 0, image.shape[1] - 1))
    top = int(np.clip(y - half, 0, image.shape[0] - 1))
    right = int(np.clip(x + half, left + 1, image.shape[1]))
    bottom = int(np.clip(y + half, top + 1, image.shape[0]))
    return left, top, image[top:bottom, left:right]
