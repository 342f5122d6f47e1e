"""Keras and its backend, imported without the backend's chatter."""

from __future__ import annotations

import logging
import os

from ferpipe.quiet import without_lines

__all__ = ["import_quietly"]

_CHATTER = (
    "All log messages before absl::InitializeLog()",
    "oneDNN custom operations are on",
    "cudart_stub.cc",
    "cuda_platform.cc",
    "cuda_executor.cc",
    "This TensorFlow binary is optimized to use available CPU instructions",
    "To enable the following instructions",
)
"""Lines that TensorFlow writes at its start whatever its log level is."""


def import_quietly() -> None:
    """Import Keras and TensorFlow, where that is its backend; raises ImportError."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow leaves oneDNN off on processors with AVX2 alone, where it is quicker by a fifth too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with without_lines(*_CHATTER):
        import keras

        logging.getLogger("absl").setLevel(logging.ERROR)  # it advises against .h5
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.list_physical_devices("GPU")  # it looks for a driver once, and says so
