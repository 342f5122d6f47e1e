"""ONNX networks, run by ONNX Runtime: .onnx files."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe_networks.onnx_session import DTYPES, open_session
from ferpipe_networks.prepare import Batch
from ferpipe_networks.probe import probe

__all__ = ["OnnxNetwork"]


class OnnxNetwork:
    """An .onnx file; the pictures of a frame run together if the network takes any number.

    picture: the shape of one picture, if the network takes any size.
    Raises UsageError for a file that ONNX Runtime cannot run, also one that would end the process.
    """

    def __init__(self, path: Path, threads: int = 1, picture: tuple[int, ...] | None = None) -> None:
        if importlib.util.find_spec("onnxruntime") is None:
            raise UsageError(
                f"'{path}' needs onnxruntime, which is not installed: pip install 'ferpipe[onnx]', "
                "or give the .tflite"
            )
        probe(path, picture, "onnx")
        try:
            self._session = open_session(str(path), threads)
        except Exception as error:  # noqa: BLE001 -- its classes of error are no public names
            reason = " ".join(str(error).split())[:120]
            raise UsageError(f"'{path}' is not a network that ONNX Runtime can run: {reason}") from None
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise UsageError(f"'{path}' takes {len(inputs)} inputs; a classifier of faces takes one picture")
        if inputs[0].type not in DTYPES:
            raise UsageError(f"'{path}' takes {inputs[0].type}; a classifier of faces takes numbers")
        if not all(isinstance(output.shape[-1], int) for output in self._session.get_outputs()):
            raise UsageError(
                f"'{path}' does not specify how many classes it has: export it with a fixed output size"
            )
        self._name, self._shape = inputs[0].name, inputs[0].shape
        self._dtype = DTYPES[inputs[0].type]

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of one picture, without the batch."""
        return tuple(size if isinstance(size, int) else None for size in self._shape[1:])

    @property
    def output_sizes(self) -> tuple[int, ...]:
        """How many numbers a picture each output has."""
        return tuple(int(output.shape[-1]) for output in self._session.get_outputs())

    def run(self, batch: Batch) -> tuple[npt.NDArray[np.float32], ...]:
        """Every output, (N, its size)."""
        if self._shape[0] == 1:
            rows = [self._run(picture[None]) for picture in batch]
            return tuple(np.concatenate(parts) for parts in zip(*rows, strict=True))
        return self._run(batch)

    def close(self) -> None:
        """Release the session's memory."""
        del self._session

    def _run(self, batch: Batch) -> tuple[npt.NDArray[np.float32], ...]:
        if np.issubdtype(self._dtype, np.integer):
            limits = np.iinfo(self._dtype)
            batch = np.clip(np.rint(batch), limits.min, limits.max)
        answers = self._session.run(None, {self._name: batch.astype(self._dtype, copy=False)})
        return tuple(np.asarray(answer, np.float32).reshape(len(batch), -1) for answer in answers)
