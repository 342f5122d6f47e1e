"""The `blazeface` stage."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
from pydantic import Field

from ferpipe import Context, UsageError
from ferpipe.packet import Image
from ferpipe.resources import shipped
from ferpipe_faces.blaze_network import LANDMARKS, VARIANTS, BlazeNetwork
from ferpipe_faces.candidates import Candidates, weighted_suppress
from ferpipe_faces.detector import Detector, DetectorOptions
from ferpipe_faces.tiles import look_in_tiles, rows_for

__all__ = ["BlazeFace", "BlazeFaceOptions"]

# Threads a stage and one OpenCV thread each is the fastest arrangement measured.
cv2.setNumThreads(1)


class BlazeFaceOptions(DetectorOptions):
    """The options of `blazeface`."""

    model: Literal["full", "full-sparse", "short", "back"] = Field(
        "full",
        description="Network: full (192 px, faces within about 5 m), full-sparse (its sparse weights), short "
        "(128 px, close faces, fastest), back (256 px, small faces).",
    )
    tiles: Literal["auto"] | Annotated[int, Field(ge=0, le=4)] = Field(
        0,
        description="Rows of overlapping square tiles that are searched besides the whole picture, for small "
        "faces: 0 none, 1 to 4, auto by the size of the frame. Each tile costs one more run of the network.",
    )
    threads: int = Field(1, ge=1, le=64, description="Threads of the network; 1 is best in a pipeline.")


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
        file = shipped("models") / "blazeface" / self._variant.file
        if not file.is_file():
            raise UsageError(f"blazeface: the weights {file} are missing: install ferpipe again")
        self._network = BlazeNetwork(self._variant, file, self.options.threads)
        context.note("detector", {"name": "blazeface", "model": self.options.model})

    def look(self, image: Image) -> Candidates:
        """The faces in the whole picture and, where asked for, in its tiles."""
        rows = self.options.tiles
        if rows == "auto":
            rows = rows_for(image.shape[1], image.shape[0], self._variant.side)
        if not rows:
            return self._look_once(image)
        return look_in_tiles(image, rows, self._look_once, self.options.nms)

    def _look_once(self, image: Image) -> Candidates:
        return weighted_suppress(self._network(image, self.options.threshold), self.options.nms)
