"""The links between a Keras network's layers."""

from __future__ import annotations

from typing import Any

__all__ = ["parents"]


def parents(layer: Any) -> list[Any]:
    """The layers whose outputs `layer` takes, one for each link."""
    return [
        tensor._keras_history.operation  # noqa: SLF001 -- Keras's own link between layers
        for node in layer._inbound_nodes  # noqa: SLF001
        for tensor in node.input_tensors
    ]
