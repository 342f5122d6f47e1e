"""ONNX files of Keras networks, for other programs; tf2onnx makes them, ONNX Runtime tries them."""

from __future__ import annotations

import importlib.util
import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe_networks.keras_files import tensorflow
from ferpipe_networks.prepare import Batch

__all__ = ["answers_of_onnx", "to_onnx"]

_OPSET = 17
"""Of 2022: old enough for every runtime in use, new enough for the layers."""


def to_onnx(model: Any) -> bytes:
    """The ONNX file of a Keras model with one input and one output, for any number of pictures.

    Raises UsageError where tf2onnx or ONNX Runtime is not installed.
    """
    for package in ("tf2onnx", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise UsageError(
                f"ONNX needs {package}, which is not installed: pip install 'ferpipe[onnx-export]'"
            )
    tf = tensorflow()
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    shape = (None, *model.inputs[0].shape[1:])
    signature = [tf.TensorSpec(shape, tf.float32, name="picture")]
    call = tf.function(lambda picture: model(picture, training=False), input_signature=signature)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "network.onnx"
        tf2onnx.convert.from_function(call, input_signature=signature, opset=_OPSET, output_path=str(target))
        return target.read_bytes()


def answers_of_onnx(path: Path, batch: Batch) -> npt.NDArray[np.float32]:
    """What ONNX Runtime answers for a prepared batch: (N, classes)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answer: npt.NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: batch})[0]
    return answer
