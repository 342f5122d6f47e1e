"""LiteRT (TensorFlow Lite) networks: .tflite files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from ferpipe import UsageError
from ferpipe.quiet import without_lines
from ferpipe_networks.prepare import Batch
from ferpipe_networks.probe import probe

__all__ = ["LiteRTNetwork"]


class LiteRTNetwork:
    """A .tflite file, run one picture at a time.

    A batch gains nothing a face on a CPU, and each new batch size would cost a re-allocation
    (`benchmarks/classifier.py` measures both), so the pictures of a frame run one by one.

    picture: the shape of one picture, where the network takes any size.
    Raises UsageError for a file that LiteRT cannot run, also one that would end the process.
    """

    def __init__(self, path: Path, threads: int = 1, picture: tuple[int, ...] | None = None) -> None:
        probe(path, picture)
        try:
            with without_lines("Created TensorFlow Lite XNNPACK delegate"):
                self._interpreter = Interpreter(str(path), num_threads=threads)
                inputs = self._interpreter.get_input_details()
                _refuse_several_inputs(path, len(inputs))
                self._interpreter.allocate_tensors()
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 -- its C++ may raise anything
            reason = " ".join(str(error).split())[:120]
            raise UsageError(f"'{path}' is not a network that LiteRT can run: {reason}") from None
        self._input = inputs[0]
        self._outputs = self._interpreter.get_output_details()

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of one picture, without the batch."""
        return tuple(int(size) if size > 0 else None for size in self._input["shape_signature"][1:])

    @property
    def output_sizes(self) -> tuple[int, ...]:
        """How many numbers a picture each output has."""
        return tuple(int(output["shape"][-1]) for output in self._outputs)

    def run(self, batch: Batch) -> tuple[npt.NDArray[np.float32], ...]:
        """Every output, (N, its size)."""
        self._fit(batch.shape[1:])
        rows = [self._run_one(picture[None]) for picture in batch]
        return tuple(np.stack([row[i] for row in rows]) for i in range(len(self._outputs)))

    def close(self) -> None:
        """Release the interpreter's memory."""
        del self._interpreter

    def _fit(self, shape: tuple[int, ...]) -> None:
        """Networks that take any size are allocated for the one that comes."""
        if tuple(self._input["shape"]) != (1, *shape):
            self._interpreter.resize_tensor_input(self._input["index"], (1, *shape))
            self._interpreter.allocate_tensors()
            self._input = self._interpreter.get_input_details()[0]

    def _run_one(self, picture: Batch) -> list[npt.NDArray[np.float32]]:
        self._interpreter.set_tensor(self._input["index"], _quantised(picture, self._input))
        self._interpreter.invoke()
        return [
            _real(self._interpreter.get_tensor(output["index"]).reshape(-1), output)
            for output in self._outputs
        ]


def _refuse_several_inputs(path: Path, count: int) -> None:
    if count != 1:
        raise UsageError(f"'{path}' takes {count} inputs; a classifier of faces takes one picture")


def _quantised(picture: Batch, tensor: dict[str, Any]) -> npt.NDArray[Any]:
    dtype = np.dtype(tensor["dtype"])
    if dtype.kind == "f":
        return picture.astype(dtype, copy=False)
    scale, zero = tensor["quantization"]
    limits = np.iinfo(dtype)
    steps: npt.NDArray[Any] = np.clip(np.rint(picture / (scale or 1.0)) + zero, limits.min, limits.max)
    return steps.astype(dtype)


def _real(answer: npt.NDArray[Any], tensor: dict[str, Any]) -> npt.NDArray[np.float32]:
    if answer.dtype.kind == "f":
        return answer.astype(np.float32, copy=False)
    scale, zero = tensor["quantization"]
    return np.asarray((answer.astype(np.float32) - zero) * (scale or 1.0), np.float32)
