"""Sessions of ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["DTYPES", "open_session"]

DTYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}
"""The types of input that classifiers have, as ONNX Runtime names them."""


def open_session(path: str, threads: int) -> Any:
    """A session of ONNX Runtime on the CPU, which prints nothing."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, sess_options=options, providers=["CPUExecutionProvider"])
