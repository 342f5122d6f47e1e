"""The pictures of `reliability.py`: risk against coverage, and accuracy against quality."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

BLUE, VERMILLION, GREY = "#0072b2", "#d55e00", "#777777"


def draw(curves: dict[str, tuple], target: Path) -> None:
    """Write one picture with both; curves: those that `reliability.py` found."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), dpi=90, layout="constrained")
    name = next(each for each in curves if each != "quality")
    hits, good, believed, threshold = curves[name]
    for which, colour, label in ((good, BLUE, "undisturbed"), (~good, VERMILLION, "disturbed and turned")):
        order = np.argsort(-believed[which], kind="stable")
        coverage = np.arange(1, len(order) + 1) / len(order)
        wrong = 100 * np.cumsum(~hits[which][order]) / np.arange(1, len(order) + 1)
        left.plot(100 * coverage[20:], wrong[20:], color=colour, label=label)
        kept = (believed[which] >= threshold).mean()
        left.plot(100 * kept, wrong[max(0, round(kept * len(order)) - 1)], "o", color=colour)
    left.set(
        xlabel="faces that keep their label, %", ylabel="wrong labels among them, %", xlim=(0, 100), ylim=0
    )
    left.set_title(f"Risk against coverage: {name}", fontsize=10, loc="left")
    left.legend(frameon=False, fontsize=9)
    if "quality" in curves:
        hits, value, _ = curves["quality"]
        order = np.array_split(np.argsort(value, kind="stable"), 10)
        means = [value[part].mean() for part in order]
        shares = [100 * hits[part].mean() for part in order]
        errors = [
            100 * 1.96 * np.sqrt(hits[part].mean() * (1 - hits[part].mean()) / len(part)) for part in order
        ]
        right.errorbar(means, shares, errors, color=BLUE, marker="o", markersize=4, linewidth=1, capsize=2)
        low, high = min(means), max(means)
        right.plot([low, high], [100 * low, 100 * high], color=GREY, linewidth=1, linestyle="--")
        right.set(xlabel="quality", ylabel="right labels, %")
        right.set_title("Accuracy against quality, tenths of the faces", fontsize=10, loc="left")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target)
    plt.close(figure)
