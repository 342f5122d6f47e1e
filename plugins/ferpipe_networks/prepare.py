"""From pictures of faces to what a network wants to see."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ferpipe.models import Input

__all__ = ["Batch", "prepare"]

cv2.setNumThreads(1)  # a thread a stage and one in OpenCV is the fastest in a pipeline

Batch = npt.NDArray[np.float32]

_SIGMA_FLOOR = 1e-3
"""Below this standard deviation, of pictures from 0 to 1, there is nothing to see."""


def prepare(images: Sequence[npt.NDArray[np.uint8]], wanted: Input) -> Batch:
    """A batch of `images`, each (H, W) grey or (H, W, 3) BGR uint8 of any size.

    Gives (N, height, width, channels) float32, or (N, channels, height, width) where the
    network wants it so.  A picture is resized by areas where it shrinks and linearly where it
    grows, as the OpenCV manual advises.
    """
    batch = np.empty((len(images), wanted.height, wanted.width, wanted.channels), np.float32)
    for row, image in zip(batch, images, strict=True):
        row[...] = _sized(_coloured(image, wanted), wanted)
    batch = _normalised(_scaled(batch, wanted), wanted)
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2)) if wanted.layout == "NCHW" else batch


def _coloured(image: npt.NDArray[np.uint8], wanted: Input) -> npt.NDArray[np.uint8]:
    flat = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if wanted.channels == 1:
        return flat if flat.ndim == 2 else np.asarray(cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY), np.uint8)
    if flat.ndim == 2:
        return np.repeat(flat[..., None], 3, axis=2)
    return flat[..., ::-1] if wanted.order == "rgb" else flat


def _sized(image: npt.NDArray[np.uint8], wanted: Input) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    if (height, width) != (wanted.height, wanted.width):
        shrinks = height > wanted.height or width > wanted.width
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        # OpenCV refuses the negative strides of a channel order that was turned round.
        contiguous = np.ascontiguousarray(image)
        image = np.asarray(cv2.resize(contiguous, (wanted.width, wanted.height), interpolation=how), np.uint8)
    return image[..., None] if image.ndim == 2 else image


def _scaled(batch: Batch, wanted: Input) -> Batch:
    if wanted.scale == "raw":
        return batch
    if wanted.scale == "signed":
        return np.asarray(batch / 127.5 - 1, np.float32)
    unit = np.asarray(batch / 255, np.float32)
    return _standardized(unit) if wanted.scale == "standardize" else unit


def _standardized(unit: Batch) -> Batch:
    centred = unit - unit.mean(axis=(1, 2, 3), keepdims=True)
    sigma = centred.std(axis=(1, 2, 3), keepdims=True)
    return np.asarray(centred / np.maximum(sigma, _SIGMA_FLOOR), np.float32)


def _normalised(batch: Batch, wanted: Input) -> Batch:
    mean, std = np.asarray(wanted.mean or 0, np.float32), np.asarray(wanted.std or 1, np.float32)
    return batch if wanted.mean is None and wanted.std is None else (batch - mean) / std
