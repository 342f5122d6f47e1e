"""Resampling that every Keras backend can compile.

`keras.ops.image.affine_transform` cannot be compiled by XLA on TensorFlow, and a separable
filter is, for faces of 48 pixels, quickest as a product with a small matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

__all__ = ["blur_matrices", "low_resolution_matrices", "sample"]

Matrices = npt.NDArray[np.float32]


def sample(pictures: Any, matrix: Any, shift: Any, outside: Any = None) -> Any:
    """(N, H, W, C) `pictures` resampled bilinearly.

    The pixel (x, y) of the result, from the centre, comes from (m0 x + m1 y, m2 x + m3 y) + shift;
    `matrix` is four (N,) tensors, `shift` two.  Beyond the edge the edge's value stands, or
    `outside` (N,) where it is not negative.
    """
    _, height, width, channels = pictures.shape
    ys, xs = np.mgrid[:height, :width].astype(np.float32).reshape(2, 1, -1)
    xs, ys = xs - (width - 1) / 2, ys - (height - 1) / 2
    m = [part[:, None] for part in matrix]
    x = m[0] * xs + m[1] * ys + shift[0][:, None] + (width - 1) / 2
    y = m[2] * xs + m[3] * ys + shift[1][:, None] + (height - 1) / 2
    inside_x, inside_y = ops.clip(x, 0, width - 1), ops.clip(y, 0, height - 1)
    left, top = ops.floor(ops.minimum(inside_x, width - 2)), ops.floor(ops.minimum(inside_y, height - 2))
    fx, fy = (inside_x - left)[..., None], (inside_y - top)[..., None]
    corner = ops.cast(top * width + left, "int32")
    flat = ops.reshape(pictures, (-1, height * width, channels))

    def at(offset: int) -> Any:
        return ops.take_along_axis(flat, (corner + offset)[..., None], axis=1)

    if channels != 1:  # take_along_axis broadcasts no last axis on every backend

        def at(offset: int) -> Any:
            index = ops.repeat((corner + offset)[..., None], channels, axis=-1)
            return ops.take_along_axis(flat, index, axis=1)

    upper = at(0) * (1 - fx) + at(1) * fx
    lower = at(width) * (1 - fx) + at(width + 1) * fx
    result = upper * (1 - fy) + lower * fy
    if outside is not None:
        beyond = ops.logical_or(ops.abs(x - inside_x) > 0.5, ops.abs(y - inside_y) > 0.5)
        value = outside[:, None, None]
        result = ops.where(ops.logical_and(beyond[..., None], value >= 0), value, result)
    return ops.reshape(result, (-1, height, width, channels))


def blur_matrices(size: int, sigmas: Iterable[float]) -> Matrices:
    """For each sigma the (size, size) matrix of a Gaussian blur; the edge is repeated outside."""
    pixels = np.arange(size)
    found = []
    for sigma in sigmas:
        reach = max(1, int(np.ceil(3 * sigma)))
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        matrix = np.zeros((size, size))
        for offset, weight in zip(range(-reach, reach + 1), weights / weights.sum(), strict=True):
            np.add.at(matrix, (pixels, np.clip(pixels + offset, 0, size - 1)), weight)
        found.append(matrix)
    return np.asarray(found, np.float32)


def low_resolution_matrices(size: int, pixels: Iterable[int]) -> Matrices:
    """For each number of pixels the (size, size) matrix of shrinking to it by areas and
    enlarging again linearly.
    """
    return np.asarray([_enlarge(n, size) @ _shrink(size, n) for n in pixels], np.float32)


def _shrink(size: int, small: int) -> npt.NDArray[np.float64]:
    """(small, size): each small pixel is the mean of the span it covers."""
    edges = np.linspace(0, size, small + 1)
    starts, ends = edges[:-1, None], edges[1:, None]
    at = np.arange(size)[None]
    covered = np.clip(np.minimum(ends, at + 1) - np.maximum(starts, at), 0, None)
    return np.asarray(covered / (ends - starts), np.float64)


def _enlarge(small: int, size: int) -> npt.NDArray[np.float64]:
    """(size, small): linear between the centres of the small pixels."""
    at = np.clip((np.arange(size) + 0.5) * small / size - 0.5, 0, small - 1)
    left = np.minimum(np.floor(at).astype(int), max(small - 2, 0))
    matrix = np.zeros((size, small))
    rows = np.arange(size)
    np.add.at(matrix, (rows, left), 1 - (at - left))
    np.add.at(matrix, (rows, np.minimum(left + 1, small - 1)), at - left)
    return matrix
