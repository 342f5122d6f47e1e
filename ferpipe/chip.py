"""Pictures of single faces, and in which form a classifier wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ferpipe.arrays import read_only

__all__ = ["Chip", "ChipFormat"]


@dataclass(frozen=True, slots=True)
class ChipFormat:
    """What a classifier wants its faces to be; it asks for it with `context.ask("face.chip", ...)`.

    size: pixels a side.  channels: 1 is grey, 3 is colour (BGR).
    framing: where landmarks lie in the picture, as the JSON text of a side file's `framing`; empty
        where the aligner decides.
    """

    size: int
    channels: Literal[1, 3] = 1
    framing: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Chip:
    """A face cut out and turned upright for a classifier.

    image: (H, W) uint8 grey or (H, W, 3) uint8 BGR; a read-only view of what was given.
    matrix: (2, 3) float64, maps pixels of the frame to pixels of the chip.
    format: what it was cut for, None where nobody asked.
    others: the same face, cut for the other classifiers of the pipeline.
    """

    image: npt.NDArray[np.uint8]
    matrix: npt.NDArray[np.float64]
    format: ChipFormat | None = None
    others: tuple[Chip, ...] = ()

    def __post_init__(self) -> None:
        for name in ("image", "matrix"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def cut_for(self, wanted: ChipFormat | None) -> Chip:
        """The chip that was cut for `wanted`; itself where there is none."""
        return next((chip for chip in self.others if chip.format == wanted), self)
