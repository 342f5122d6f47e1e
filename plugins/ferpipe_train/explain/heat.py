"""Where in a face the answer comes from: Grad-CAM with Keras, occlusion with any network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe.models import Model
from ferpipe_networks.classifier import Classifier
from ferpipe_networks.prepare import prepare
from ferpipe_train.training.net.graph import parents

__all__ = ["grad_cam", "layer_answers", "occlusion"]

cv2.setNumThreads(1)

Heat = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]

_FINE = 5
"""Places a side that a map needs to separate the eyes from the mouth."""
_PATCH, _STEP = 0.25, 0.0625
"""Of the occluding square, as parts of the face's size."""


def occlusion(classifier: Classifier, chip: Picture, label: int) -> Heat:
    """(H, W) from 0 to 1: how much the label's probability falls when a grey square hides the place.

    Source: Zeiler & Fergus 2014, arXiv:1311.2901.
    """
    height, width = chip.shape[:2]
    side, step = max(2, round(_PATCH * height)), max(1, round(_STEP * height))
    corners = [(y, x) for y in range(0, height - side + 1, step) for x in range(0, width - side + 1, step)]
    hidden = []
    for y, x in corners:
        copy = chip.copy()
        copy[y : y + side, x : x + side] = int(chip.mean())
        hidden.append(copy)
    before = classifier.probabilities([chip])[0, label]
    falls = before - classifier.probabilities(hidden)[:, label]
    total, seen = np.zeros((height, width)), np.zeros((height, width))
    for (y, x), fall in zip(corners, falls, strict=True):
        total[y : y + side, x : x + side] += fall
        seen[y : y + side, x : x + side] += 1
    return _scaled(total / np.maximum(seen, 1))


def grad_cam(network: Any, card: Model, chip: Picture, label: int) -> Heat:
    """(H, W) from 0 to 1 over the chip, from the last layer that still has 5 x 5 places.

    A network that joins several has such a layer in each: their maps are added.
    Source: Selvaraju et al. 2017, arXiv:1610.02391.  Keras has no gradients that all backends share: this
    uses TensorFlow's.  Raises UsageError where the network has no such layer.
    """
    import keras
    import tensorflow as tf

    last = _last_with_places(network, _FINE) or _last_with_places(network, 2)
    if not last:
        raise UsageError(f"model '{card.name}' has no layer with a picture in it: no heat map can be made")
    outputs = network.outputs[card.output.index]
    probe = keras.Model(network.inputs[0], [*(layer.output for layer in last), outputs])
    batch = tf.convert_to_tensor(prepare([chip], card.input))
    with tf.GradientTape() as tape:
        tape.watch(batch)  # so that everything that follows from it is on the tape, frozen weights or not
        *maps, answers = probe(batch, training=False)
        chosen = answers[:, label]
    # A layer of another output's branch has no part in this answer.
    slopes = tape.gradient(chosen, maps, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    size = chip.shape[1::-1]
    parts = [_weighed(np.asarray(m)[0], np.asarray(s)[0], size) for m, s in zip(maps, slopes, strict=True)]
    return _scaled(np.sum(parts, axis=0))


def _weighed(maps: Heat, slopes: Heat, size: tuple[int, int]) -> Heat:
    """The channels of `maps`, (h, w, C), weighed by their mean slopes, at `size`."""
    heat = np.maximum((maps * slopes.mean(axis=(0, 1))).sum(axis=-1), 0).astype(np.float32)
    return np.asarray(cv2.resize(heat, size, interpolation=cv2.INTER_CUBIC), np.float32)


def layer_answers(network: Any, card: Model, chip: Picture) -> list[tuple[str, Heat]]:
    """For each convolution its name and its answer, (h, w, channels) float32."""
    import keras

    layers = [layer for layer in network.layers if "Conv" in type(layer).__name__ and _has_places(layer)]
    if not layers:
        return []
    probe = keras.Model(network.inputs[0], [layer.output for layer in layers])
    answers: Sequence[Any] = probe(prepare([chip], card.input), training=False)
    answers = answers if isinstance(answers, (list, tuple)) else [answers]
    return [(layer.name, np.asarray(answer)[0]) for layer, answer in zip(layers, answers, strict=True)]


def _last_with_places(network: Any, side: int) -> list[Any]:
    """The layers with `side` places that no other such layer follows: one, or one of each joined network."""
    last: list[Any] = []
    followed: set[int] = set()
    for layer in reversed(network.layers):
        beyond = id(layer) in followed
        if _has_places(layer, side) and not beyond:
            last.append(layer)
            beyond = True
        if beyond:
            followed.update(id(parent) for parent in parents(layer))
    return last[::-1]


def _has_places(layer: Any, side: int = 2) -> bool:
    shape = getattr(getattr(layer, "output", None), "shape", ())
    return len(shape) == 4 and all(size is None or size >= side for size in shape[1:3])


def _scaled(heat: npt.NDArray[Any]) -> Heat:
    positive = np.maximum(heat, 0)
    return np.asarray(positive / max(float(positive.max()), 1e-9), np.float32)
