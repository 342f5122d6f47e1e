"""The pictures of an explanation, as PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ferpipe import Box
from ferpipe_train.report.plots import BLUE, ORANGE, png

__all__ = ["face", "layers", "overview"]

Picture = npt.NDArray[np.uint8]

_CHANNELS = 12
"""Channels shown of each layer."""


def overview(image: Picture, boxes: Sequence[Box]) -> bytes:
    """The picture with a numbered box around each face."""
    from matplotlib import pyplot as plt
    from matplotlib.patches import Rectangle

    height, width = image.shape[:2]
    figure, axes = plt.subplots(figsize=(8, 8 * height / width))
    axes.imshow(image[..., ::-1])
    for number, box in enumerate(boxes, 1):
        axes.add_patch(Rectangle((box.x, box.y), box.w, box.h, fill=False, edgecolor=ORANGE, linewidth=2))
        axes.text(box.x, box.y, str(number), color="white", va="bottom", backgroundcolor=ORANGE)
    axes.axis("off")
    return png(figure)


def face(
    chip: Picture,
    heat: npt.NDArray[np.float32],
    probabilities: npt.NDArray[np.float64],
    classes: Sequence[str],
) -> bytes:
    """The face, the face under its heat map, and a bar a class."""
    from matplotlib import pyplot as plt

    figure, (plain, warm, bars) = plt.subplots(1, 3, figsize=(11, 3.4), width_ratios=(1, 1, 1.4))
    shown = chip if chip.ndim == 2 else chip[..., ::-1]
    for axes in (plain, warm):
        axes.imshow(shown, cmap="gray", vmin=0, vmax=255)
        axes.axis("off")
    warm.imshow(heat, cmap="inferno", alpha=0.55, vmin=0, vmax=1)
    plain.set_title("what the network sees")
    best = int(probabilities.argmax())
    warm.set_title(f"evidence for '{classes[best]}'")
    colors = [ORANGE if i == best else BLUE for i in range(len(classes))]
    drawn = bars.barh(list(classes), 100 * probabilities, color=colors)
    bars.bar_label(drawn, fmt="%.1f", padding=2)
    bars.invert_yaxis()
    bars.set(xlim=(0, 112), xlabel="probability, %")
    figure.tight_layout()
    return png(figure)


def layers(answers: Sequence[tuple[str, npt.NDArray[np.float32]]]) -> bytes:
    """A row a convolution: its channels that vary most over the face."""
    from matplotlib import pyplot as plt

    figure, grid = plt.subplots(
        len(answers), _CHANNELS, figsize=(_CHANNELS, 1.15 * len(answers)), squeeze=False
    )
    for row, (name, answer) in zip(grid, answers, strict=True):
        liveliest = np.argsort(-answer.std(axis=(0, 1)), kind="stable")[:_CHANNELS]
        for axes in row:
            axes.axis("off")
        for axes, channel in zip(row, liveliest, strict=False):
            axes.imshow(answer[..., channel], cmap="viridis")
        row[0].set_title(f"{name} {' x '.join(map(str, answer.shape))}", fontsize=7, loc="left")
    return png(figure)
