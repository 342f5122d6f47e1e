"""A drawing of a network: a box a layer, shapes, weights, and the paths beside the main one."""

from __future__ import annotations

from typing import Any

from ferpipe_train.report.plots import png
from ferpipe_train.training.net.graph import parents

__all__ = ["architecture", "layer_rows"]

_COLORS = {
    "Conv2D": "#56b4e9",
    "SeparableConv2D": "#56b4e9",
    "DepthwiseConv2D": "#56b4e9",
    "Dense": "#e69f00",
    "MaxPooling2D": "#009e73",
    "AveragePooling2D": "#009e73",
    "GlobalAveragePooling2D": "#009e73",
    "Add": "#cc79a7",
    "Multiply": "#cc79a7",
}
_MINOR = {"BatchNormalization", "ReLU", "Activation", "Dropout"}
"""Layers that share the box of the layer before them."""
_TALL = 34
"""Boxes in a column."""


def layer_rows(network: Any) -> list[dict[str, Any]]:
    """The boxes in order: `layers` (kinds drawn in it), `text`, `shape`, `weights`, `inputs` (boxes)."""
    boxes: list[dict[str, Any]] = []
    box_of: dict[int, int] = {}
    for layer in network.layers:
        kind = type(layer).__name__
        before = [box_of[id(parent)] for parent in parents(layer) if id(parent) in box_of]
        if kind in _MINOR and boxes and before == [len(boxes) - 1]:
            boxes[-1]["text"] += f" + {_short(kind)}"
            boxes[-1]["weights"] += layer.count_params()
        else:
            boxes.append(
                {
                    "kind": kind,
                    "text": _describe(layer, kind),
                    "shape": _shape(layer),
                    "weights": layer.count_params(),
                    "inputs": before,
                }
            )
        box_of[id(layer)] = len(boxes) - 1
    return boxes


def architecture(network: Any) -> bytes:
    """PNG of the drawing, in as many columns as it needs."""
    from matplotlib import pyplot as plt
    from matplotlib.patches import FancyBboxPatch

    boxes = layer_rows(network)
    columns = -(-len(boxes) // _TALL)
    tall = -(-len(boxes) // columns)
    figure, axes = plt.subplots(figsize=(5.2 * columns, 0.36 * tall + 0.5))

    def place(i: int) -> tuple[float, float]:
        return 5.2 * (i // tall), -0.36 * (i % tall)

    for i, box in enumerate(boxes):
        x, y = place(i)
        color = _COLORS.get(box["kind"], "#dddddd")
        axes.add_patch(
            FancyBboxPatch((x, y), 4.2, 0.24, boxstyle="round,pad=0.02", fc=color, ec="none", alpha=0.6)
        )
        weights = f"{box['weights']:,}" if box["weights"] else ""
        axes.text(x + 0.08, y + 0.12, box["text"], va="center", fontsize=6.5)
        axes.text(x + 4.15, y + 0.12, f"{box['shape']}   {weights}", va="center", ha="right", fontsize=6)
        for source in box["inputs"]:
            _connect(axes, place(source), (x, y), neighbour=source == i - 1)
    axes.set(xlim=(-0.7, 5.2 * columns - 0.3), ylim=(-0.36 * tall, 0.5))
    axes.axis("off")
    return png(figure)


def _connect(axes: Any, source: tuple[float, float], target: tuple[float, float], *, neighbour: bool) -> None:
    same_column = source[0] == target[0]
    if neighbour and same_column:
        axes.plot([source[0] + 2.1] * 2, [source[1], target[1] + 0.24], color="#666666", linewidth=0.8)
        return
    style = {"arrowstyle": "-", "color": "#cc79a7", "linewidth": 0.8}
    side = "arc3,rad=0.3" if same_column else "arc3,rad=0"
    start = (source[0], source[1] + 0.12) if same_column else (source[0] + 4.2, source[1] + 0.12)
    axes.annotate("", (target[0], target[1] + 0.12), start, arrowprops={**style, "connectionstyle": side})


def _describe(layer: Any, kind: str) -> str:
    if "Conv2D" in kind:
        kernel = "x".join(map(str, layer.kernel_size))
        stride = f" /{layer.strides[0]}" if max(layer.strides) > 1 else ""
        filters = getattr(layer, "filters", "")
        return f"{_short(kind)} {kernel}, {filters}{stride}"
    if kind == "Dense":
        return f"dense {layer.units} ({layer.name})"
    if "Pooling2D" in kind and hasattr(layer, "pool_size"):
        return f"{_short(kind)} {'x'.join(map(str, layer.pool_size))}"
    return _short(kind)


def _shape(layer: Any) -> str:
    shape = layer.output.shape if not isinstance(layer.output, list) else layer.output[0].shape
    return " x ".join(str(size) for size in shape[1:])


def _short(kind: str) -> str:
    names = {"BatchNormalization": "norm", "InputLayer": "picture", "GlobalAveragePooling2D": "global mean"}
    return names.get(kind, kind.replace("Conv2D", " conv").replace("Pooling2D", " pool").strip().lower())
