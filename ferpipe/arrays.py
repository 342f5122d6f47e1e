"""Arrays that nobody may change."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

__all__ = ["freeze", "read_only"]


def freeze(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Make `image` read-only, in place, and return it: for arrays that nobody else holds."""
    image.flags.writeable = False
    return image


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`array` if it is read-only, else a read-only view of it, so that it stays its owner's to write to."""
    return freeze(array.view()) if array.flags.writeable else array
