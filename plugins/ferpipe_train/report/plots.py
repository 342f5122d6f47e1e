"""Pictures of figures, as PNG bytes.  Matplotlib is imported inside."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe_train.metrics.scores import BINS

__all__ = ["confusion", "curves", "png", "recalls", "reliability", "robustness"]

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#999999"
"""Okabe and Ito's colours, which the colour-blind can distinguish."""


def png(figure: Any) -> bytes:
    """A figure as PNG; without the date and version that would make two runs differ."""
    from matplotlib import pyplot as plt

    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return out.getvalue()


def confusion(counts: Any, classes: list[str]) -> bytes:
    """A confusion matrix: shares of each row, and the counts."""
    from matplotlib import pyplot as plt

    matrix = np.asarray(counts, float)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(1.6 + 0.65 * len(classes), 1.3 + 0.6 * len(classes)))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        text = f"{100 * share:.0f}\n({int(matrix[row, column])})"
        axes.text(
            column, row, text, ha="center", va="center", fontsize=8, color="white" if share > 0.5 else "black"
        )
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="answer", ylabel="label", title="Confusion (% of the label, count)")
    return png(figure)


def recalls(rows: list[dict[str, Any]]) -> bytes:
    """Recall and precision of each class."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(1.5 + 0.8 * len(rows), 3.2))
    at = np.arange(len(rows))
    axes.bar(at - 0.2, [100 * row["recall"] for row in rows], 0.4, label="recall", color=BLUE)
    axes.bar(at + 0.2, [100 * row["precision"] for row in rows], 0.4, label="precision", color=ORANGE)
    axes.set_xticks(at, [f"{row['name']}\n{row['n']}" for row in rows])
    axes.set(ylabel="%", ylim=(0, 100), title="Recall and precision")
    axes.legend(loc="lower right")
    return png(figure)


def reliability(probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> bytes:
    """How often the network is right when it is so sure."""
    from matplotlib import pyplot as plt

    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    there = [b for b in range(BINS) if (bins == b).any()]
    figure, axes = plt.subplots(figsize=(4, 4))
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=1)
    heights = [100 * right[bins == b].mean() for b in there]
    axes.bar([100 * (b + 0.5) / BINS for b in there], heights, 92 / BINS, color=BLUE, alpha=0.75)
    axes.set(xlabel="confidence, %", ylabel="right, %", xlim=(0, 100), ylim=(0, 100), title="Reliability")
    return png(figure)


def robustness(rows: list[dict[str, Any]], accuracy: float) -> bytes:
    """Accuracy under each condition, beside that on the plain faces."""
    from matplotlib import pyplot as plt

    names = ["plain", *(row["condition"] for row in rows)]
    values = [100 * accuracy, *(100 * row["accuracy"] for row in rows)]
    figure, axes = plt.subplots(figsize=(1 + 0.8 * len(names), 3.2))
    bars = axes.bar(names, values, color=[ORANGE, *[BLUE] * len(rows)])
    axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set(ylabel="accuracy, %", ylim=(0, 100), title="Robustness")
    axes.tick_params(axis="x", rotation=30)
    return png(figure)


def curves(history: list[dict[str, float]], best_epoch: int) -> bytes:
    """Loss, accuracy and rate by epoch; a line marks the epoch that was kept."""
    from matplotlib import pyplot as plt

    epochs = [row["epoch"] for row in history]
    figure, (loss, accuracy, rate) = plt.subplots(1, 3, figsize=(12, 3.4))
    for axes, key, title in ((loss, "loss", "Loss"), (accuracy, "accuracy", "Accuracy")):
        axes.plot(epochs, [row[key] for row in history], color=BLUE, label="training", marker=".")
        axes.plot(
            epochs, [row[f"val_{key}"] for row in history], color=ORANGE, label="validation", marker="."
        )
        axes.axvline(best_epoch, color=GREY, linewidth=1, label="kept")
        axes.set(xlabel="epoch", title=title)
        axes.legend()
    rate.plot(epochs, [row["rate"] for row in history], color=BLUE)
    rate.set(xlabel="epoch", title="Rate at the epoch's end")
    rate.set_ylim(0, 1.08 * max(row["rate"] for row in history))
    rate.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useOffset=False)
    figure.tight_layout()
    return png(figure)
