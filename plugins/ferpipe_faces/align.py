"""The `align` stage."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from ferpipe import Chip, Context, Face, Options, Packet, Stage
from ferpipe.packet import Image
from ferpipe_faces.framing import DEFAULT, load
from ferpipe_faces.resize import halve_towards

__all__ = ["Align", "AlignOptions", "cut"]

cv2.setNumThreads(1)

_BORDERS = {"replicate": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT_101}


class AlignOptions(Options):
    """The options of `align`."""

    size: int = Field(48, ge=8, le=1024, description="Side of the aligned face in pixels.")
    channels: Literal["grey", "bgr"] = Field(
        "grey", description="Colour of the aligned face: grey (H, W), or BGR (H, W, 3)."
    )
    framing: str = Field(
        DEFAULT,
        description=(
            "Position of the landmarks in the aligned face: fer2013, a JSON file with `points`, or the side"
            " file of a model with a `framing`."
        ),
    )
    border: Literal["replicate", "reflect"] = Field(
        "replicate", description="How the part of a face outside the frame is filled."
    )


class Align(Stage[AlignOptions]):
    """Cuts out each face upright, framed as in the classifier's training data.

    A similarity transform of the landmarks; a calibrated box where a detector gives none.
    """

    Options = AlignOptions
    needs = frozenset({"frame", "faces"})
    gives = frozenset({"face.chip"})

    @classmethod
    def independent(cls, options: AlignOptions) -> bool:  # noqa: ARG003
        """Always: each face is cut by itself."""
        return True

    def open(self, context: Context) -> None:
        """Read the framing."""
        super().open(context)
        name = self.options.framing
        self._framing = load(name) if name == DEFAULT else load(name, context.input(name))

    def process(self, packet: Packet) -> Packet:
        """Hang a picture of itself on every face."""
        image = packet.frame.image
        faces = tuple(face.with_data(chip=self._cut(face, image)) for face in packet.faces)
        return packet.replace(faces=faces)

    def _cut(self, face: Face, image: Image) -> Chip:
        size, grey = self.options.size, self.options.channels == "grey"
        matrix = self._framing.matrix(face) * size
        return cut(image, matrix, size, grey=grey, border=_BORDERS[self.options.border])


def cut(
    image: Image,
    matrix: npt.NDArray[np.float64],
    size: int,
    *,
    grey: bool,
    border: int = cv2.BORDER_REPLICATE,
) -> Chip:
    """The square of `size` pixels that `matrix` leads to, without aliasing.

    matrix: (2, 3) from the frame to the chip, where the corner of the first pixel is (0, 0), as
    detectors count; the chip's own matrix is the same for pixel centres, as OpenCV counts.
    """
    x, y, width, height = _region(image, matrix, size)
    part: Image = image[y : y + height, x : x + width]
    if grey and part.ndim == 3:
        part = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)  # type: ignore[assignment]
    part, step = halve_towards(part, 1 / float(np.hypot(matrix[0, 0], matrix[1, 0])))
    turn = matrix[:, :2] * step
    shift = matrix[:, 2] + matrix[:, :2] @ np.array([x, y], np.float64)
    chip = cv2.warpAffine(
        part,
        _centred(np.column_stack([turn, shift])),
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
    )
    return Chip(chip, _centred(matrix))  # type: ignore[arg-type]


def _centred(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The same map between pixel centres, which lie half a pixel from the pixels' corners."""
    centred: npt.NDArray[np.float64] = matrix.copy()
    centred[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    return centred


def _region(image: Image, matrix: npt.NDArray[np.float64], size: int) -> tuple[int, int, int, int]:
    """(x, y, width, height) of the part of the image that the chip sees, with room for averaging."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64)
    seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    room = 2 + 2 / float(np.hypot(matrix[0, 0], matrix[1, 0]))
    limits = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(seen.min(axis=0) - room), 0, limits - 1).astype(int)
    high = np.clip(np.ceil(seen.max(axis=0) + room), low + 1, limits).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])
