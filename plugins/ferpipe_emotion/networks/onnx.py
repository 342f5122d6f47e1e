"""ONNX networks, run by ONNX Runtime: .onnx files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe_emotion.prepare import Batch

__all__ = ["OnnxNetwork"]

_DTYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}


class OnnxNetwork:
    """An .onnx file; the pictures of a frame run together where the network takes any number."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        if importlib.util.find_spec("onnxruntime") is None:
            raise UsageError(
                f"'{path}' needs onnxruntime, which is not installed: pip install 'ferpipe[onnx]', "
                "or give the .tflite"
            )
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 -- its classes of error are no public names
            reason = " ".join(str(error).split())[:120]
            raise UsageError(f"'{path}' is not a network that ONNX Runtime can run: {reason}") from None
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise UsageError(f"'{path}' takes {len(inputs)} inputs; a classifier of faces takes one picture")
        if inputs[0].type not in _DTYPES:
            raise UsageError(f"'{path}' takes {inputs[0].type}; a classifier of faces takes numbers")
        if not all(isinstance(output.shape[-1], int) for output in self._session.get_outputs()):
            raise UsageError(
                f"'{path}' does not specify how many classes it has: export it with a fixed output size"
            )
        self._name, self._shape = inputs[0].name, inputs[0].shape
        self._dtype = _DTYPES[inputs[0].type]

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
