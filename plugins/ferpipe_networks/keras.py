"""Keras and SavedModel networks, run by TensorFlow, which is imported when one is opened."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe.models import Found
from ferpipe_networks.keras_files import compiled
from ferpipe_networks.prepare import Batch

__all__ = ["KerasNetwork"]


class KerasNetwork:
    """A network compiled into one `tf.function`, all the faces of a frame in one call.

    `Model.predict` is not used: it costs tens of milliseconds a call and leaks in a loop.

    network: what `load_keras` returned for `found`, where that has been called already.
    """

    def __init__(self, found: Found, threads: int = 1, network: Any = None) -> None:
        self._network = compiled(found, threads, network)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of one picture, without the batch."""
        return self._network.shape[1:]

    @property
    def output_sizes(self) -> tuple[int, ...]:
        """How many numbers a picture each output has."""
        return self._network.sizes

    def run(self, batch: Batch) -> tuple[npt.NDArray[np.float32], ...]:
        """Every output, (N, its size)."""
        size = self._network.shape[0]
        parts = [batch] if size is None else _padded(batch, size)
        answers = [[np.asarray(out, np.float32) for out in self._network.call(part)] for part in parts]
        joined = (np.concatenate(column)[: len(batch)] for column in zip(*answers, strict=True))
        return tuple(column.reshape(len(batch), -1) for column in joined)

    def close(self) -> None:
        """Release the network."""
        del self._network


def _padded(batch: Batch, size: int) -> list[Batch]:
    """Parts of exactly `size` pictures, the last one filled up with black."""
    missing = -len(batch) % size
    filled = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.float32)])
    return [filled[start : start + size] for start in range(0, len(filled), size)]
