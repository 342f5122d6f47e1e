"""Load Keras networks of every age, and SavedModels, as one compiled function.

TensorFlow is imported inside the functions, never when this module is.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferpipe import UsageError
from ferpipe.models import Found
from ferpipe.resources import read_small
from ferpipe_networks.quiet_keras import import_quietly

__all__ = ["UNREADABLE", "Compiled", "compiled", "load_keras", "shapes_of", "tensorflow"]

_INSTALL = "TensorFlow is not installed: pip install 'ferpipe[train]', or export the model to LiteRT"

UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ImportError,
    RuntimeError,
    zipfile.BadZipFile,
)
"""What Keras raises, depending on what is wrong with a file."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A network as one function from a batch to the list of its outputs.

    shape: of a batch, None where any size will do; sizes: numbers a picture of each output.
    """

    call: Callable[[Any], list[Any]]
    shape: tuple[int | None, ...]
    sizes: tuple[int, ...]


def tensorflow(threads: int | None = None) -> Any:
    """The module `tensorflow`, with Keras on it; raises UsageError where it is not there."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        import_quietly()
        import keras
        import tensorflow as tf
    except ImportError:
        raise UsageError(_INSTALL) from None
    if keras.backend.backend() != "tensorflow":
        raise UsageError(f"Keras runs on {keras.backend.backend()} here: set KERAS_BACKEND=tensorflow")
    if threads is not None:
        _limit(tf, threads)
    return tf


def _limit(module: Any, threads: int) -> None:
    try:
        module.config.threading.set_intra_op_parallelism_threads(threads)
        module.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # TensorFlow is in use already in this process, and keeps its threads


def load_keras(found: Found) -> Any:
    """The Keras model of a .keras file, an .h5 file, or a model.json with its weights.

    Files of Keras 2 are read as such.  Raises UsageError, one line, where it cannot be read.
    """
    tensorflow()
    import keras

    try:
        return _as_graph(keras, _read(keras, found))
    except UNREADABLE as error:
        reason = (str(error).split("\n") or [""])[0][:160]
        raise UsageError(f"Keras cannot read '{found.path}': {type(error).__name__}: {reason}") from None


def _read(keras: Any, found: Found) -> Any:
    if found.format == "keras-json":
        return _from_layers(keras, found.path, _weights(found))
    if found.format == "h5":
        return _from_hdf5(keras, found.path)
    return keras.saving.load_model(found.path, compile=False)


def _as_graph(keras: Any, model: Any) -> Any:
    """The same layers as a functional model: a Sequential names no outputs, nor is it called when read."""
    return keras.Model(model.inputs, model.outputs) if isinstance(model, keras.Sequential) else model


def compiled(found: Found, threads: int, network: Any = None) -> Compiled:
    """The network of `found`, traced once for a batch of any size.

    network: what `load_keras` returned for it, where that has been called already.
    """
    module = tensorflow(threads)
    if found.format == "saved-model":
        return _saved_model(module, found.path)
    model = load_keras(found) if network is None else network
    shape, sizes = shapes_of(found, model)

    @module.function(input_signature=[module.TensorSpec(shape, module.float32)])  # type: ignore[untyped-decorator]
    def call(batch: Any) -> list[Any]:
        return list(module.nest.flatten(model(batch, training=False)))

    return Compiled(call, shape, sizes)


def shapes_of(found: Found, model: Any) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """The shape of a batch for a Keras model, and the size of each output.

    Raises UsageError where it takes several inputs.
    """
    if len(model.inputs) != 1:
        raise UsageError(f"'{found.path}' takes {len(model.inputs)} inputs; a classifier takes one picture")
    return tuple(model.inputs[0].shape), tuple(int(output.shape[-1]) for output in model.outputs)


def _weights(found: Found) -> Path:
    if found.weights is None:
        raise UsageError(f"'{found.path}' contains only the layers: name its weights in the side file")
    return found.weights


def _from_layers(keras: Any, layers: Path, weights: Path) -> Any:
    """A model of its layers in JSON and its weights in HDF5."""
    import h5py  # type: ignore[import-untyped,unused-ignore]

    text = read_small(layers).decode("utf-8")
    _refuse_code(layers, text)
    with h5py.File(weights) as stored:
        if "layer_names" in stored.attrs and "module" not in json.loads(text):
            return _joined(keras, text, stored)
    model = keras.models.model_from_json(text)
    model.load_weights(weights)
    return model


def _from_hdf5(keras: Any, path: Path) -> Any:
    """A whole model in HDF5, of Keras 2 or 3."""
    import h5py  # type: ignore[import-untyped,unused-ignore]

    with h5py.File(path) as stored:
        if "model_config" not in stored.attrs or "model_weights" not in stored:
            raise UsageError(
                f"'{path}' holds weights without layers: put its model.json beside it, and name that"
            )
        config = stored.attrs["model_config"]
        text = config.decode() if isinstance(config, bytes) else str(config)
        _refuse_code(path, text)
        if "module" not in json.loads(text):
            return _joined(keras, text, stored["model_weights"])
    return keras.saving.load_model(path, compile=False)


def _refuse_code(path: Path, text: str) -> None:
    """Layers of code are refused here, since not every Keras 3 does so for these formats."""
    # Written anew: in the file, letters of the name may stand as escapes.
    if '"Lambda"' in json.dumps(json.loads(text)):
        raise UsageError(f"'{path}' holds code (a Lambda layer), which would run: export the model to LiteRT")


def _joined(keras: Any, text: str, stored: Any) -> Any:
    """A model that Keras 2 wrote.

    Keras 3 reads the HDF5 files of whole models that Keras 2 wrote, but no longer its JSON, so
    layers and weights are put together into one such file.
    """
    import h5py  # type: ignore[import-untyped,unused-ignore]

    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.h5"
        with h5py.File(whole, "w") as target:
            target.attrs["model_config"] = json.dumps(_with_input(json.loads(text)))
            target.attrs["keras_version"] = json.loads(text).get("keras_version", "2.0.0")
            group = target.create_group("model_weights")
            for key, value in stored.attrs.items():
                group.attrs[key] = value
            for name in stored:
                stored.copy(name, group)
        return keras.saving.load_model(whole, compile=False)


def _with_input(model: dict[str, Any]) -> dict[str, Any]:
    """The layers of a Sequential model of Keras 2, with the input as a layer of its own.

    Keras 3 takes the `batch_input_shape` of a first layer for a shape without the batch.
    """
    if model["class_name"] != "Sequential":
        return model
    config = (
        model["config"]
        if isinstance(model["config"], dict)
        else {"name": "sequential", "layers": model["config"]}
    )
    first, *rest = config["layers"]
    shape = first["config"].get("batch_input_shape")
    if shape is None or first["class_name"] == "InputLayer":
        return {**model, "config": config}
    own = {key: value for key, value in first["config"].items() if key != "batch_input_shape"}
    entry = {"class_name": "InputLayer", "config": {"name": "pictures", "batch_input_shape": shape}}
    return {**model, "config": {**config, "layers": [entry, {**first, "config": own}, *rest]}}


def _saved_model(module: Any, folder: Path) -> Compiled:
    try:
        loaded = module.saved_model.load(str(folder))
        serving = loaded.signatures["serving_default"]
    except KeyError:
        raise UsageError(f"the SavedModel '{folder}' has no signature 'serving_default'") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"TensorFlow cannot read '{folder}': {str(error).splitlines()[0][:160]}") from None
    specs = serving.structured_input_signature[1]
    if len(specs) != 1:
        raise UsageError(f"'{folder}' takes {len(specs)} inputs; a classifier takes one picture")
    (name, spec), outputs = next(iter(specs.items())), serving.structured_outputs
    order = sorted(outputs)

    def call(batch: Any, keep: Any = loaded) -> list[Any]:  # noqa: ARG001 -- the variables live as long as it does
        answer = serving(**{name: module.cast(batch, spec.dtype)})
        return [answer[key] for key in order]

    return Compiled(call, tuple(spec.shape), tuple(int(outputs[key].shape[-1]) for key in order))
