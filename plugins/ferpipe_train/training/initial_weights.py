"""Begin with the weights of a network that was trained before (transfer learning)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ferpipe import UsageError
from ferpipe.models import digest
from ferpipe_networks.keras_files import UNREADABLE

__all__ = ["read_network", "take_weights"]


def take_weights(network: Any, file: Path) -> dict[str, Any]:
    """Give the layers of `network` the weights of the `.keras` or `.h5` file.

    Both must be built alike, layer by layer; the outputs alone may differ in size, and then
    begin anew: other classes are learnt so.  Gives the file's name and sha256, and as `fresh`
    the outputs that begin anew.  Raises UsageError where the two are not alike.
    """
    if not file.is_file():
        raise UsageError(f"there is no file '{file}' to start from")
    donor = read_network(file, "cannot start from")
    body, outputs = _layers(network)
    given, offered = _layers(donor)
    if [_shapes(layer) for layer in body] != [_shapes(layer) for layer in given]:
        raise UsageError(
            f"cannot start from '{file}': its layers are not those of this recipe's network "
            f"({len(given)} against {len(body)} with weights): use the recipe that it was trained by"
        )
    for layer, donated in zip(body, given, strict=True):
        layer.set_weights(donated.get_weights())
    donors = {layer.name: layer for layer in offered}
    fresh = []
    for layer in outputs:
        donated = donors.get(layer.name)
        if donated is not None and _shapes(donated) == _shapes(layer):
            layer.set_weights(donated.get_weights())
        else:
            fresh.append(layer.name)
    return {"file": file.name, "sha256": digest(file), "fresh": fresh}


def read_network(file: Path, complaint: str) -> Any:
    """The Keras model in `file`, on whatever backend trains.

    Raises UsageError, which begins with `complaint`, where it cannot be read.
    """
    import keras

    try:
        return keras.saving.load_model(file, compile=False)
    except UNREADABLE as error:
        reason = (str(error).splitlines() or [""])[0][:160]
        raise UsageError(f"{complaint} '{file}': {type(error).__name__}: {reason}") from None


def _layers(network: Any) -> tuple[list[Any], list[Any]]:
    """The layers with weights: those of the body, and those that give an output."""
    names = set(network.output_names)
    layers = [layer for layer in network.layers if layer.weights]
    return [x for x in layers if x.name not in names], [x for x in layers if x.name in names]


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
