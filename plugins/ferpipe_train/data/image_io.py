"""Rows of pixels as text, and pictures as files, made arrays."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["BadPixelsError", "fit", "parse_pixels", "read_image"]

cv2.setNumThreads(1)


class BadPixelsError(ValueError):
    """A row's pixels are not what they should be; the message says how."""


def parse_pixels(text: str) -> npt.NDArray[np.uint8]:
    """The numbers 0 to 255 of a row, separated by blanks.  Raises BadPixelsError."""
    with warnings.catch_warnings():
        # Depending on its version, numpy warns or raises at what is not a number.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            values = np.fromstring(text, np.int32, sep=" ")
        except (ValueError, DeprecationWarning):
            values = np.array([-1])
    if not len(values):
        raise BadPixelsError("no pixels")
    if values.min() < 0 or values.max() > 255:
        raise BadPixelsError(f"'{_first_bad_word(text)}' is not a pixel (a number from 0 to 255)")
    pixels: npt.NDArray[np.uint8] = values.astype(np.uint8)
    return pixels


def _first_bad_word(text: str) -> str:
    bad = (word for word in text.split() if not (word.isascii() and word.isdigit() and int(word) < 256))
    return next(bad, "")[:20]


def fit(image: npt.NDArray[np.uint8], size: int, channels: int) -> npt.NDArray[np.uint8]:
    """`image` ((H, W) grey or (H, W, 3) BGR) as (size, size, channels): grey or RGB.

    Pictures that are not square are stretched, as Keras's own loader does by default.
    """
    if image.shape[:2] != (size, size):
        shrinks = min(image.shape[:2]) > size
        image = cv2.resize(  # type: ignore[assignment]
            image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
    if channels == 1:
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return np.asarray(grey, np.uint8)[..., None]
    code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def read_image(path: Path, size: int, channels: int) -> npt.NDArray[np.uint8] | None:
    """The picture in `path` as (size, size, channels), None where it cannot be read."""
    flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR
    try:
        # Not cv2.imread: it cannot open names outside ASCII on Windows.
        raw = np.fromfile(path, np.uint8)
    except OSError:
        return None
    image = cv2.imdecode(raw, flag) if len(raw) else None
    return None if image is None else fit(image, size, channels)  # type: ignore[arg-type]
