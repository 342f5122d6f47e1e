"""What a person looks like, in a few hundred numbers: enough to tell two who cross apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ferpipe import Box
from ferpipe.packet import Image

__all__ = ["Looks", "likeness", "looks"]

Looks = npt.NDArray[np.float32]

_COLUMNS, _ROWS, _POOL = 6, 11, 3
_TOP, _BOTTOM = -0.2, 2.0
"""From the hair to the chest, in box heights from the top of the box: clothes differ more than faces."""


def looks(image: Image, box: Box) -> Looks:
    """A coarse colour picture of the head and what is worn below it, as a vector of length 1.

    image: (H, W, 3) uint8.  Beyond the picture its border is repeated.  Brightness and contrast
    cancel out.  The cost does not depend on the size of the face.
    """
    height, width = image.shape[:2]
    x = box.x + box.w * (np.arange(_COLUMNS * _POOL) + 0.5) / (_COLUMNS * _POOL)
    steps = (np.arange(_ROWS * _POOL) + 0.5) / (_ROWS * _POOL)
    y = box.y + box.h * (_TOP + (_BOTTOM - _TOP) * steps)
    columns = np.clip(x, 0, width - 1).astype(np.intp)
    rows = np.clip(y, 0, height - 1).astype(np.intp)
    samples = image[rows[:, None], columns].astype(np.float32)
    cells = samples.reshape(_ROWS, _POOL, _COLUMNS, _POOL, 3).mean(axis=(1, 3))
    vector = (cells - cells.mean()).ravel()
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 1e-6 else vector, np.float32)


def likeness(a: Looks, b: Looks) -> float:
    """The correlation of two looks, -1 to 1."""
    return float(a @ b)
