"""The stage `keras`: classify faces with a Keras or SavedModel network, run by TensorFlow.

TensorFlow is imported when the stage opens, never before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ferpipe import UsageError
from ferpipe_emotion.classify import Classify, ClassifyOptions
from ferpipe_emotion.find import Found
from ferpipe_emotion.keras_files import compiled
from ferpipe_emotion.prepare import Batch

__all__ = ["Keras", "KerasNetwork", "KerasOptions"]


class KerasNetwork:
    """A network compiled into one `tf.function`, all the faces of a frame in one call.

    `Model.predict` is not used: it costs tens of milliseconds a call and leaks in a loop.
    """

    def __init__(self, found: Found, threads: int = 1) -> None:
        self._network = compiled(found, threads)

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


class KerasOptions(ClassifyOptions):
    """Options of `keras`."""

    model: str = Field(
        description="The path of a .keras or .h5 file, a model.json with its weights, a SavedModel folder, "
        "or a side file."
    )


class Keras(Classify[KerasOptions]):
    """Tell each face's expression with a Keras network or a SavedModel; needs TensorFlow.

    For networks that were not exported to LiteRT, those of Keras 2 included.  It does what
    `litert` does, and costs more memory and time to start.
    """

    Options = KerasOptions

    def load(self, found: Found) -> KerasNetwork:
        """Open a Keras file or a SavedModel."""
        if not self.context.trusted:
            raise UsageError(
                f"'{found.path}' is a Keras model, which can hold code, and the pipeline is run with "
                "--no-local-plugins: export the model to LiteRT, or leave that option out if you trust it"
            )
        if found.format == "litert":
            raise UsageError(f"'{found.path}' is a LiteRT model: use the stage 'litert'")
        return KerasNetwork(found, self.options.threads)
