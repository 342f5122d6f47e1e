"""A picture as its decoder returned it: brightness and colour apart, in three planes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ferpipe.arrays import freeze, read_only

__all__ = ["Matrix", "Planes", "pooled"]

Plane = npt.NDArray[np.uint8]

Matrix = Literal["bt601", "bt709"]

_WEIGHTS: dict[Matrix, tuple[float, float]] = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
"""What red and blue add to the brightness (ITU-R BT.601 and BT.709)."""

_BLACK, _WHITE, _GREATEST_CHROMA = 16, 235, 240
"""The ends of the limited range of 8 bits (ITU-R BT.601, 2.5.1)."""


class Planes:
    """An 8-bit picture with chroma at half the size (4:2:0), upright, with square pixels.

    y: (H, W) uint8, brightness; H and W are even.  u, v: (H/2, W/2) uint8, blue and red difference.
    matrix: how the planes were made of red, green and blue.
    full_range: whether black and white are 0 and 255, rather than 16 and 235.
    convert: gives the same picture as (H, W, 3) uint8 BGR; called once at the most, in any thread.

    The planes become read-only views.  Raises ValueError where their shapes or types do not fit together.
    """

    __slots__ = ("_convert", "_image", "_lock", "full_range", "matrix", "u", "v", "y")

    def __init__(
        self,
        y: Plane,
        u: Plane,
        v: Plane,
        *,
        matrix: Matrix,
        full_range: bool,
        convert: Callable[[], npt.NDArray[np.uint8]],
    ) -> None:
        height, width = y.shape
        half = height // 2, width // 2
        if not y.size or height % 2 or width % 2 or u.shape != half or v.shape != half:
            raise ValueError(f"planes of {y.shape}, {u.shape} and {v.shape} are no picture in 4:2:0")
        if any(plane.dtype != np.uint8 for plane in (y, u, v)):
            raise ValueError(f"planes of {y.dtype}, {u.dtype} and {v.dtype} where uint8 is expected")
        self.y, self.u, self.v = read_only(y), read_only(u), read_only(v)
        self.matrix: Matrix = matrix
        self.full_range = full_range
        self._convert: Callable[[], npt.NDArray[np.uint8]] | None = convert
        self._image: npt.NDArray[np.uint8] | None = None
        self._lock = Lock()

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 3), the shape of `image()`."""
        return (*self.y.shape, 3)

    @property
    def nbytes(self) -> int:
        """Bytes of the planes and of the image that may be made of them."""
        return self.y.size * 9 // 2

    @property
    def to_bgr(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """(3, 3) and (3,): `yuv @ matrix + offset` is BGR from 0 to 255, to be clipped, in float32."""
        return _to_bgr(self.matrix, self.full_range)

    def image(self) -> npt.NDArray[np.uint8]:
        """The picture as (H, W, 3) uint8 BGR, read-only; made by the first call, then kept."""
        with self._lock:
            if self._image is None:
                assert self._convert is not None  # noqa: S101 -- it is there until the image is
                self._image, self._convert = freeze(self._convert()), None
            return self._image

    def grey(self, x: int, y: int, width: int, height: int) -> npt.NDArray[np.uint8]:
        """The brightness of a part of the picture, (height, width) uint8 from 0 to 255, read-only."""
        part = self.y[y : y + height, x : x + width]
        if self.full_range:
            return part
        return np.frombuffer(part.tobytes().translate(_expansion()), np.uint8).reshape(part.shape)

    def cells(self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """(R/3, C/3, 3) float32 BGR, 0 to 255: means of 3 by 3 of the pixels where rows and columns cross."""
        half = rows // 2, columns // 2
        picked = pooled(self.y, rows, columns), pooled(self.u, *half), pooled(self.v, *half)
        matrix, offset = self.to_bgr
        means = np.stack(picked, axis=2) * np.float32(1 / 9)
        return np.asarray((means @ matrix + offset).clip(0, 255), np.float32)


def pooled(plane: Plane, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> npt.NDArray[np.uint16]:
    """(R/3, C/3, ...) sums of 3 by 3 of the values where `rows` and `columns` cross.

    Rows first, then columns, as whole numbers: eight times as fast as picking pixels and `mean`.
    """
    picked = plane.take(rows, axis=0).take(columns, axis=1)
    down = picked[0::3].astype(np.uint16) + picked[1::3] + picked[2::3]
    sums: npt.NDArray[np.uint16] = down[:, 0::3] + down[:, 1::3] + down[:, 2::3]
    return sums


@cache
def _expansion() -> bytes:
    """The limited range of brightness, spread over 0 to 255."""
    levels = (np.arange(256) - _BLACK) * 255 / (_WHITE - _BLACK)
    return np.rint(levels).clip(0, 255).astype(np.uint8).tobytes()


@cache
def _to_bgr(matrix: Matrix, full_range: bool) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:  # noqa: FBT001
    """(3, 3) and (3,) float32, so that `yuv @ matrix + offset` is BGR."""
    red, blue = _WEIGHTS[matrix]
    green = 1 - red - blue
    brightness = 1.0 if full_range else 255 / (_WHITE - _BLACK)
    chroma = 1.0 if full_range else 255 / (_GREATEST_CHROMA - _BLACK)
    from_u = np.array([2 * (1 - blue), -2 * blue * (1 - blue) / green, 0]) * chroma
    from_v = np.array([0, -2 * red * (1 - red) / green, 2 * (1 - red)]) * chroma
    whole = np.array([np.full(3, brightness), from_u, from_v])
    offset = -np.array([0 if full_range else _BLACK, 128, 128]) @ whole
    return whole.astype(np.float32), offset.astype(np.float32)
