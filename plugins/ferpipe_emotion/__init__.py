"""Facial expressions: classifiers, smoothing over time, and the side files of models.

The stages are `litert`, `onnx` and `keras`, which give each face its probabilities, and `smooth`,
which steadies them along a track.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ferpipe import Check, hookimpl

__all__ = ["ferpipe_doctor", "ferpipe_stages"]


@hookimpl
def ferpipe_stages() -> Mapping[str, str]:
    """The stages of this package; their modules are imported when a pipeline uses them."""
    return {
        "litert": "ferpipe_emotion.classify:LiteRT",
        "onnx": "ferpipe_emotion.classify:Onnx",
        "keras": "ferpipe_emotion.classify:Keras",
        "smooth": "ferpipe_emotion.smooth:Smooth",
    }


@hookimpl
def ferpipe_doctor() -> Iterable[Check]:
    """The checks of this package."""
    from ferpipe_emotion._doctor import checks

    return checks()
