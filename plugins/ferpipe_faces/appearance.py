"""What a person looks like, in a few hundred numbers: enough to distinguish two who cross."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ferpipe import Box, Frame

__all__ = ["Looks", "likeness", "looks"]

Looks = npt.NDArray[np.float32]

_COLUMNS, _ROWS = 6, 11
_TOP, _BOTTOM = -0.2, 2.0
"""From the hair to the chest, in box heights from the top of the box: clothes differ more than faces."""


def looks(frame: Frame, box: Box) -> Looks:
    """A coarse colour picture of the head and what is worn below it, as a vector of length 1.

    Beyond the picture its border is repeated.  Brightness and contrast cancel out.  The cost does not
    depend on the size of the face.
    """
    place = Box(box.x, box.y + box.h * _TOP, box.w, box.h * (_BOTTOM - _TOP))
    cells = frame.mosaic(place, _COLUMNS, _ROWS)
    vector = (cells - cells.mean()).ravel()
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 1e-6 else vector, np.float32)


def likeness(a: Looks, b: Looks) -> float:
    """The correlation of two looks, -1 to 1."""
    return float(a @ b)
