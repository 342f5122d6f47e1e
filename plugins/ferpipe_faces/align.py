"""The `align` stage."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from ferpipe import Chip, ChipFormat, Context, Face, Frame, Options, Packet, Stage, UsageError
from ferpipe.packet import Image
from ferpipe_faces.framing import DEFAULT, Framing, load, parsed
from ferpipe_faces.mesh_points import BOX, by_mesh
from ferpipe_faces.resize import Region, halve_towards, region_of

__all__ = ["Align", "AlignOptions", "cut"]

cv2.setNumThreads(1)

_BORDERS = {"replicate": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT_101}


_SIZE = 48
"""Pixels a side where nothing says how many."""


class AlignOptions(Options):
    """The options of `align`; omitted ones follow the classifiers after it."""

    size: int | None = Field(
        None,
        ge=8,
        le=1024,
        description="Side of the aligned face in pixels. Default: what each classifier wants, else 48.",
    )
    channels: Literal["grey", "bgr"] | None = Field(
        None,
        description="Colour of the aligned face: grey (H, W), or BGR (H, W, 3). Default: what each "
        "classifier wants, else grey.",
    )
    framing: str | None = Field(
        None,
        description="Position of the landmarks in the aligned face: fer2013, a JSON file with `points`, or "
        "the side file of a model with a `framing`. Default: that of each classifier's model, else fer2013.",
    )
    points: Literal["landmarks", "mesh"] = Field(
        "landmarks",
        description="What faces are aligned by: the landmarks and the box of the detector, or the mesh of an"
        " earlier stage 'mesh', and the former for faces without one.",
    )
    border: Literal["replicate", "reflect"] = Field(
        "replicate", description="How the part of a face outside the frame is filled."
    )


@dataclass(frozen=True, slots=True)
class _Cut:
    """How faces are cut for one format; None is the one for everybody else."""

    size: int
    grey: bool
    framing: Framing
    format: ChipFormat | None


class Align(Stage[AlignOptions]):
    """Cuts out each face upright, framed as in the classifier's training data.

    A similarity transform of the landmarks; a calibrated box where a detector gives none.  Each
    classifier behind it gets the size, the colours and the framing that its model wants, unless an
    option says otherwise.  A face on its side is turned upright; one that the detector marks as
    upside down gets no picture, and so no emotion.
    """

    Options = AlignOptions
    needs = frozenset({"frame", "faces"})
    gives = frozenset({"face.chip"})

    @classmethod
    def contract(cls, options: AlignOptions) -> tuple[frozenset[str], frozenset[str]]:
        """The mesh, where faces are aligned by it."""
        return cls.needs | ({"face.mesh"} if options.points == "mesh" else set()), cls.gives

    @classmethod
    def independent(cls, options: AlignOptions) -> bool:  # noqa: ARG003
        """Always: each face is cut by itself."""
        return True

    def open(self, context: Context) -> None:
        """Read the framing."""
        super().open(context)
        name = self.options.framing
        self._usual = load(DEFAULT)
        self._chosen = (
            None if name is None else self._usual if name == DEFAULT else load(name, context.input(name))
        )
        self._cuts: dict[ChipFormat | None, _Cut] = {}

    def asked(self, kind: str, wanted: Any) -> None:
        """Cut faces in the form `wanted` too; raises UsageError where an option allows no such faces."""
        if kind != "face.chip" or not isinstance(wanted, ChipFormat):
            return
        size, channels = self.options.size, self.options.channels
        if size is not None and size < wanted.size:
            raise UsageError(
                f"the model wants faces of {wanted.size} pixels, and '{self.context.name}' is set to "
                f"size: {size}: leave size out, or set it to {wanted.size} or more"
            )
        if channels == "grey" and wanted.channels == 3:
            raise UsageError(
                f"the model wants faces in colour, and '{self.context.name}' is set to channels: grey: "
                "leave channels out, or set it to bgr"
            )
        self._cuts[wanted] = self._cut_for(wanted)

    def process(self, packet: Packet) -> Packet:
        """Hang a picture of itself on every face, for each classifier behind."""
        cuts = list(self._cuts.values()) or [self._cut_for(None)]
        faces = tuple(
            face if face.data.get("turned") else face.with_data(chip=self._chip(face, packet.frame, cuts))
            for face in packet.faces
        )
        return packet.replace(faces=faces)

    def _cut_for(self, wanted: ChipFormat | None) -> _Cut:
        form = wanted or ChipFormat(_SIZE)
        framing = self._chosen or self._usual
        if self._chosen is None and form.framing:
            framing = parsed(json.loads(form.framing), "the side file of a model", self._usual)
        grey = form.channels == 1 if self.options.channels is None else self.options.channels == "grey"
        return _Cut(self.options.size or form.size, grey, framing, wanted)

    def _chip(self, face: Face, frame: Frame, cuts: list[_Cut]) -> Chip:
        border = _BORDERS[self.options.border]
        meshed = by_mesh(face) if self.options.points == "mesh" else None
        chips = []
        for each in cuts:
            matrix = each.framing.matrix(meshed or face, BOX if meshed else None) * each.size
            chip = cut(frame, matrix, each.size, grey=each.grey, border=border)
            chips.append(replace(chip, format=each.format))
        return replace(chips[0], others=tuple(chips[1:])) if len(chips) > 1 else chips[0]


def cut(
    picture: Image | Frame,
    matrix: npt.NDArray[np.float64],
    size: int,
    *,
    grey: bool,
    border: int = cv2.BORDER_REPLICATE,
) -> Chip:
    """The square of `picture`, of `size` pixels, that `matrix` leads to, without aliasing.

    matrix: (2, 3) from the frame to the chip, where the corner of the first pixel is (0, 0), as
    detectors count; the chip's own matrix is the same for pixel centres, as OpenCV counts.
    """
    region = _region(picture.shape, matrix, size)
    part = region_of(picture, region, grey=grey)
    part, step = halve_towards(part, 1 / float(np.hypot(matrix[0, 0], matrix[1, 0])))
    turn = matrix[:, :2] * step
    shift = matrix[:, 2] + matrix[:, :2] @ np.array(region[:2], np.float64)
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


def _region(shape: tuple[int, ...], matrix: npt.NDArray[np.float64], size: int) -> Region:
    """The part of the picture that the chip sees, with room for averaging."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64)
    seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    room = 2 + 2 / float(np.hypot(matrix[0, 0], matrix[1, 0]))
    limits = np.array([shape[1], shape[0]])
    low = np.clip(np.floor(seen.min(axis=0) - room), 0, limits - 1).astype(int)
    high = np.clip(np.ceil(seen.max(axis=0) + room), low + 1, limits).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])
