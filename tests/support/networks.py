"""A small real network with two heads, its pictures, and the card of its first head."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferpipe.models import Input, Model

CLASSES = ("angry", "happy", "neutral")


@pytest.fixture(scope="session")
def pictures() -> list[np.ndarray]:
    """Twelve grey 24x20 pictures that differ."""
    rng = np.random.default_rng(3)
    return list(rng.integers(0, 256, (12, 24, 20), np.uint8))


@pytest.fixture(scope="session")
def network() -> Any:
    """A Keras network with two heads: three logits, and two numbers more."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keras = pytest.importorskip("keras", reason="TensorFlow is not installed")
    keras.utils.set_random_seed(5)
    layers = keras.layers
    seen = layers.Input((24, 20, 1))
    inner = layers.Rescaling(1 / 128, offset=-1)(seen)
    inner = layers.Conv2D(6, 3, strides=2, activation="relu")(inner)
    inner = layers.BatchNormalization()(inner)
    inner = layers.GlobalAveragePooling2D()(inner)
    wide = keras.initializers.RandomNormal(stddev=3.0)
    emotion = layers.Dense(3, name="emotion", kernel_initializer=wide)(inner)
    return keras.Model(seen, [emotion, layers.Dense(2, name="other")(inner)])


@pytest.fixture(scope="session")
def single(network: Any) -> Any:
    """The same with the first head only."""
    from ferpipe_train.export.convert import with_head

    return with_head(network, "emotion")


@pytest.fixture(scope="session")
def expected(single: Any, pictures: list[np.ndarray]) -> np.ndarray:
    """The softmax of the network's own answer, computed by Keras."""
    logits = np.asarray(single(np.stack(pictures)[..., None].astype("float32"), training=False), np.float64)
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.fixture(scope="session")
def files(single: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The network in each format, by the format's name."""
    from ferpipe_train.export.convert import to_litert

    folder = tmp_path_factory.mktemp("networks")
    places = {
        "keras": folder / "net.keras",
        "h5": folder / "old.h5",
        "keras-json": folder / "pair" / "model.json",
        "saved-model": folder / "saved",
        "litert": folder / "net.tflite",
    }
    single.save(places["keras"])
    single.save(places["h5"])
    places["keras-json"].parent.mkdir()
    places["keras-json"].write_text(single.to_json())
    single.save_weights(places["keras-json"].with_name("model.weights.h5"))
    single.export(places["saved-model"], verbose=False)
    places["litert"].write_bytes(to_litert(single))
    return places


def card(**changes: Any) -> Model:
    fields: dict[str, Any] = {
        "name": "small",
        "file": "small.tflite",
        "format": "litert",
        "classes": CLASSES,
        "input": Input(height=24, width=20),
        **changes,
    }
    return Model(**fields)
