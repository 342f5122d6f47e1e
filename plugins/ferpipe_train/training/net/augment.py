"""Augmentation as Keras layers, which run where the network runs, on every backend.

All take and give (N, H, W, C) float32 pictures from 0 to 255, and do nothing outside training.
Each has its own `SeedGenerator`, whose state is one of the model's variables: a training that
goes on from a saved state draws the numbers that it would have drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ferpipe_train.training.net.resample import blur_matrices, low_resolution_matrices, sample
from ferpipe_train.training.recipe_parts import Augmentation, Mixup

__all__ = ["AffineLayer", "make_augmentation"]


def make_augmentation(parts: Sequence[Augmentation], seed: int) -> list[Any]:
    """The layers of a recipe's list, without mixup (it changes the targets too)."""
    pictures = [part for part in parts if not isinstance(part, Mixup)]
    return [_LAYERS[part.use](part, seed + 101 * i) for i, part in enumerate(pictures, 1)]


class _Augment(keras.layers.Layer):  # type: ignore[misc]
    """Changes a part `options.p` of the pictures of a batch."""

    def __init__(self, options: Any, seed: int) -> None:
        super().__init__(name=f"{options.use}_{seed}", trainable=False, dtype="float32")
        self.options = options
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, pictures: Any, training: bool | None = None) -> Any:  # noqa: FBT001 -- Keras's own signature
        """Changed pictures in training, the same otherwise."""
        if not training:
            return pictures
        changed = self.change(pictures)
        if self.options.p >= 1:
            return changed
        chosen = self.draw(pictures, 0.0, 1.0) < self.options.p
        return ops.where(chosen[:, None, None, None], changed, pictures)

    def change(self, pictures: Any) -> Any:
        """All pictures changed."""
        raise NotImplementedError

    def draw(self, pictures: Any, low: float, high: float) -> Any:
        """A uniform number for each picture, (N,)."""
        return keras.random.uniform((ops.shape(pictures)[0],), low, high, seed=self.seeds)

    def compute_output_shape(self, shape: Any) -> Any:
        """That of the input."""
        return shape


class AffineLayer(_Augment):
    """Flip, turn, zoom, stretch and shift about the centre, in one bilinear resampling."""

    def change(self, pictures: Any) -> Any:
        """All pictures moved."""
        a, size = self.options, pictures.shape[1]
        count = ops.shape(pictures)[0]
        turn = keras.random.normal((count,), stddev=a.turn * math.pi / 180, seed=self.seeds)
        limit = a.turn_max * math.pi / 180
        turn = ops.clip(turn, -limit, limit)
        zoom = ops.exp(self.draw(pictures, *a.zoom))
        stretch = ops.exp(self.draw(pictures, -a.stretch, a.stretch))
        mirror = ops.where(self.draw(pictures, 0.0, 1.0) < a.flip, -1.0, 1.0)
        # From a pixel of the result to where it comes from: the inverse of turn, zoom and stretch.
        cos, sin = ops.cos(turn) / zoom, ops.sin(turn) / zoom
        matrix = [mirror * cos / stretch, mirror * sin / stretch, -sin * stretch, cos * stretch]
        reach = a.shift * size
        shift = [self.draw(pictures, -reach, reach), self.draw(pictures, -reach, reach)]
        return sample(pictures, matrix, shift, self._outside(pictures))

    def _outside(self, pictures: Any) -> Any:
        """The value beyond the edge for each picture, (N,); below 0 means the edge's own."""
        if self.options.fill == "edge":
            return None
        value = self.draw(pictures, 0.0, 255.0)
        if self.options.fill == "constant":
            return value
        return ops.where(self.draw(pictures, 0.0, 1.0) < 0.5, value, -1.0)


class _Light(_Augment):
    def change(self, pictures: Any) -> Any:
        a = self.options
        if a.gamma:
            exponent = ops.exp(self.draw(pictures, -a.gamma, a.gamma))[:, None, None, None]
            pictures = 255 * ops.power(ops.clip(pictures / 255, 1e-4, 1.0), exponent)
        if a.contrast:
            factor = ops.exp(self.draw(pictures, -a.contrast, a.contrast))[:, None, None, None]
            mean = ops.mean(pictures, axis=(1, 2, 3), keepdims=True)
            pictures = mean + factor * (pictures - mean)
        if a.brightness:
            pictures = pictures + self.draw(pictures, -a.brightness, a.brightness)[:, None, None, None]
        return ops.clip(pictures, 0, 255)


class _Noise(_Augment):
    """Each picture gets its own stretch of a long table of normal numbers.

    XLA takes 700 ns for a normal number on a CPU, 200 ms for a batch: looking it up takes 3 ms.
    """

    def __init__(self, options: Any, seed: int) -> None:
        super().__init__(options, seed)
        self.table = np.random.default_rng(seed).normal(size=1 << 16).astype(np.float32)

    def change(self, pictures: Any) -> Any:
        shape = pictures.shape[1:]
        start = ops.cast(self.draw(pictures, 0.0, float(len(self.table))), "int32")
        at = (start[:, None] + np.arange(int(np.prod(shape)), dtype=np.int32)) % len(self.table)
        noise = ops.reshape(ops.take(ops.convert_to_tensor(self.table), at), (-1, *shape))
        sigma = self.draw(pictures, *self.options.sigma)[:, None, None, None]
        return ops.clip(pictures + sigma * noise, 0, 255)


class _Matrices(_Augment):
    """One of several (size, size) matrices on the rows and on the columns of each picture."""

    def build(self, shape: Any) -> None:
        self.matrices = self.make(shape[1])

    def make(self, size: int) -> np.ndarray[Any, Any]:
        raise NotImplementedError

    def change(self, pictures: Any) -> Any:
        chosen = ops.cast(ops.floor(self.draw(pictures, 0.0, len(self.matrices) - 1e-3)), "int32")
        matrix = ops.take(ops.convert_to_tensor(self.matrices), chosen, axis=0)
        rows = ops.einsum("nij,njwc->niwc", matrix, pictures)
        return ops.einsum("nij,nhjc->nhic", matrix, rows)


class _Blur(_Matrices):
    def make(self, size: int) -> np.ndarray[Any, Any]:
        low, high = self.options.sigma
        return blur_matrices(size, np.linspace(low, high, 16))


class _LowResolution(_Matrices):
    def make(self, size: int) -> np.ndarray[Any, Any]:
        low, high = self.options.pixels
        return low_resolution_matrices(size, range(low, max(low, high) + 1))


class _Erase(_Augment):
    def change(self, pictures: Any) -> Any:
        size = pictures.shape[1]
        rows = self._inside(pictures, size)[:, :, None, None]
        columns = self._inside(pictures, size)[:, None, :, None]
        grey = self.draw(pictures, 0.0, 255.0)[:, None, None, None]
        return ops.where(ops.logical_and(rows, columns), grey, pictures)

    def _inside(self, pictures: Any, size: int) -> Any:
        """Which of `size` positions lie in a random span, (N, size)."""
        length = size * self.draw(pictures, *self.options.size)
        start = self.draw(pictures, 0.0, 1.0) * (size - length)
        at = ops.arange(size, dtype="float32")[None]
        return ops.logical_and(at >= start[:, None], at < (start + length)[:, None])


_LAYERS: dict[str, Any] = {
    "affine": AffineLayer,
    "light": _Light,
    "noise": _Noise,
    "blur": _Blur,
    "low_resolution": _LowResolution,
    "erase": _Erase,
}
