"""Small real networks in every format, and the files of Keras 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.networks import expected, files, network, pictures, single

__all__ = ["expected", "files", "network", "pictures", "single"]


class Keras2(NamedTuple):
    """A network as Keras 2 wrote it, and what is in it."""

    layers: Path
    whole: Path
    kernel: np.ndarray
    bias: np.ndarray


@pytest.fixture(scope="session", params=["dictionary", "list"])
def keras2(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Keras2:
    """model.json with model.h5, and whole.h5; a Sequential's config was once a plain list."""
    h5py = pytest.importorskip("h5py", reason="TensorFlow is not installed")
    folder = tmp_path_factory.mktemp("keras2")
    first = {"name": "f", "batch_input_shape": [None, 6, 5, 1], "dtype": "float32"}
    layers = [
        {"class_name": "Flatten", "config": first},
        {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "softmax"}},
    ]
    config = layers if request.param == "list" else {"name": "sequential_1", "layers": layers}
    text = json.dumps({"class_name": "Sequential", "config": config, "keras_version": "2.2.4"})
    (folder / "model.json").write_text(text)
    rng = np.random.default_rng(1)
    kernel, bias = rng.normal(size=(30, 3)).astype("float32"), rng.normal(size=3).astype("float32")

    def fill(group: Any) -> None:
        group.attrs["layer_names"] = [b"f", b"d"]
        group.attrs["keras_version"], group.attrs["backend"] = b"2.2.4", b"tensorflow"
        group.create_group("f").attrs["weight_names"] = []
        dense = group.create_group("d")
        dense.attrs["weight_names"] = [b"d/kernel:0", b"d/bias:0"]
        dense["d/kernel:0"], dense["d/bias:0"] = kernel, bias

    with h5py.File(folder / "model.h5", "w") as stored:
        fill(stored)
    with h5py.File(folder / "whole.h5", "w") as stored:
        stored.attrs["model_config"] = text
        fill(stored.create_group("model_weights"))
    return Keras2(folder / "model.json", folder / "whole.h5", kernel, bias)
