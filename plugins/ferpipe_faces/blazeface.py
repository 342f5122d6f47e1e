"""The `blazeface` stage."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from ferpipe import Context, UsageError
from ferpipe.packet import Image
from ferpipe.resources import shipped
from ferpipe_faces.blaze_network import LANDMARKS, VARIANTS, BlazeNetwork, Variant
from ferpipe_faces.detections import Candidates, Floats, overlaps, suppress, weighted_suppress
from ferpipe_faces.detector import Detector, DetectorOptions
from ferpipe_faces.tiles import look_in_tiles, rows_for, tile_side

__all__ = ["BlazeFace", "BlazeFaceOptions"]

# Threads a stage and one OpenCV thread each is the fastest arrangement measured.
cv2.setNumThreads(1)

_CLOSER_THRESHOLD = 0.4
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
    tiles: Literal["auto"] | Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        description=(
            "Rows of overlapping square tiles that are searched in addition to the whole picture, for small"
            " faces: 0 for none, 1 to 4, or auto, by the size of the frame. Each tile costs one more run of"
            " the network."
        ),
    )
    refine: float = Field(
        0.18,
        ge=0,
        le=1,
        description=(
            "Faces whose height is below this fraction of the longer side of the picture (or of the tile) "
            "are refined with the short-range network, for more accurate landmarks at about 2 ms a face. 0 "
            "refines none, 1 all."
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
        self._network = self._load(self._variant)
        self._closer = self._load(VARIANTS["short"]) if self.options.refine else None
        context.note("detector", {"name": "blazeface", "model": self.options.model})

    def close(self) -> None:
        """Release the networks, which keep their files open."""
        for network in ("_network", "_closer"):
            vars(self).pop(network, None)

    def _load(self, variant: Variant) -> BlazeNetwork:
        file = shipped("models") / "blazeface" / variant.file
        if not file.is_file():
            raise UsageError(f"blazeface: the weights {file} are missing: install ferpipe again")
        return BlazeNetwork(variant, file, self.options.threads)

    def look(self, image: Image) -> Candidates:
        """The faces in the whole picture and, where asked for, in its tiles."""
        height, width = image.shape[:2]
        rows = self.options.tiles
        if rows == "auto":
            rows = rows_for(width, height, self._variant.side)
        if rows:
            found = look_in_tiles(image, rows, self._look_once, self.options.nms)
        else:
            found = self._look_once(image)
        if self._closer is None:
            return found
        seen = tile_side(width, height, rows) if rows else max(width, height)
        return self._look_closer(self._closer, image, found, self.options.refine * seen)

    def _look_closer(
        self, network: BlazeNetwork, image: Image, found: Candidates, below: float
    ) -> Candidates:
        """The best faces; those lower than `below` pixels as a look at each alone shows them."""
        found = found.take(np.argsort(-found.scores, kind="stable")[: self.options.max_faces])
        boxes, landmarks = found.boxes.copy(), found.landmarks.copy()
        for i in np.flatnonzero(found.boxes[:, 3] - found.boxes[:, 1] < below):
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
