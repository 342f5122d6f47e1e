"""Pictures of a caller's own, made what a frame holds."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ferpipe.arrays import freeze
from ferpipe.errors import UsageError
from ferpipe.packet import Image

__all__ = ["Color", "as_image"]

Color = Literal["bgr", "rgb"]
_COLORS = ("bgr", "rgb")


def as_image(picture: Any, color: Color = "bgr") -> Image:
    """A read-only (H, W, 3) uint8 BGR copy of `picture`, which stays the caller's own.

    picture: an array of uint8, (H, W) or (H, W, 1) grey, (H, W, 3), or (H, W, 4), whose alpha is left
        out; or a `PIL.Image`, which knows its own colours.
    color: the order of the channels of an array: "bgr", as OpenCV has it, or "rgb".

    Raises UsageError for anything else.
    """
    if color not in _COLORS:
        raise UsageError(f"color is 'bgr' or 'rgb', not {color!r}")
    if type(picture).__module__.startswith("PIL."):
        picture, color = np.asarray(picture.convert("RGB")), "rgb"
    if not isinstance(picture, np.ndarray):
        raise UsageError(f"a picture is a numpy array or a PIL.Image, not a {type(picture).__name__}")
    if picture.dtype != np.uint8:
        raise UsageError(
            f"a picture holds uint8, this array holds {picture.dtype}: scale it to 0 to 255 and convert it "
            "with .astype(numpy.uint8)"
        )
    if picture.ndim == 2:
        picture = picture[:, :, np.newaxis]
    channels = picture.shape[2] if picture.ndim == 3 else 0
    if channels not in {1, 3, 4} or not picture.size:
        raise UsageError(
            f"a picture has the shape (H, W), (H, W, 3) or (H, W, 4), this array has {picture.shape}: "
            "put the channels last, and give several pictures one by one"
        )
    image: Image = np.empty((*picture.shape[:2], 3), np.uint8)
    image[...] = picture[:, :, 2::-1] if color == "rgb" and channels > 1 else picture[:, :, :3]
    freeze(image)
    return image
