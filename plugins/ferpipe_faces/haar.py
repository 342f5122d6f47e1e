"""The `haar` stage."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from pydantic import Field

from ferpipe import Context, UsageError
from ferpipe.packet import Image
from ferpipe_faces.detections import Candidates, nothing
from ferpipe_faces.detector import Detector, DetectorOptions
from ferpipe_faces.resize import at_most

__all__ = ["Haar", "HaarOptions"]

cv2.setNumThreads(1)

_CASCADE = "haarcascade_frontalface_default.xml"


class HaarOptions(DetectorOptions):
    """The options of `haar`."""

    size: int = Field(
        640,
        ge=0,
        description=(
            "The picture is reduced to this many pixels on its longer side before detection; a smaller one "
            "is not enlarged. 0 keeps the size of the frame."
        ),
    )
    scale: float = Field(
        1.1, ge=1.01, le=10, description="Ratio between successive face sizes that are searched."
    )
    neighbors: int = Field(
        5, ge=0, description="Number of overlapping detections that make a face; a higher number is stricter."
    )


class Haar(Detector[HaarOptions]):
    """Finds faces with OpenCV's Haar cascade, as the tutorials do: box and score, no landmarks.

    P. Viola and M. Jones 2001.  Slower and with more false faces than the networks; it is here to
    compare with.  OpenCV 5 has no cascades.
    """

    Options = HaarOptions

    def open(self, context: Context) -> None:
        """Load the cascade that OpenCV 4 ships."""
        super().open(context)
        if not hasattr(cv2, "CascadeClassifier"):
            raise UsageError(
                f"OpenCV {cv2.__version__} has no Haar cascades: install 'opencv-python<5', or use "
                "blazeface or yunet instead"
            )
        file = Path(cv2.__file__).parent / "data" / _CASCADE
        self._cascade = cv2.CascadeClassifier(str(file))
        if self._cascade.empty():
            raise UsageError(f"OpenCV cannot read {file}: reinstall 'opencv-python<5'")
        context.note("detector", {"name": "haar", "model": _CASCADE.removesuffix(".xml")})

    def look(self, image: Image, *, still: bool = False) -> Candidates:  # noqa: ARG002
        """The faces in the picture, looked at in at most `size` pixels."""
        image, factors = at_most(image, self.options.size)
        grey = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        boxes, _, weights = self._cascade.detectMultiScale3(
            grey,
            scaleFactor=self.options.scale,
            minNeighbors=self.options.neighbors,
            minSize=(20, 20),
            outputRejectLevels=True,
        )
        if not len(boxes):
            return nothing()
        found = np.asarray(boxes, np.float32)
        scale = np.tile(np.array(factors, np.float32), 2)
        corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], axis=1) * scale
        # The last stage's margin is all the confidence a cascade has; 0 is its own threshold.
        margins = np.asarray(weights, np.float32).reshape(-1)
        scores = 1 / (1 + np.exp(-margins))
        return Candidates(corners, scores.astype(np.float32), np.zeros((len(found), 0, 2), np.float32))
