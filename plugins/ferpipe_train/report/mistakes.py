"""The faces that a network gets most wrong, in one picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ferpipe_train.data import LabelledFaces
from ferpipe_train.report.plots import png

__all__ = ["worst_mistakes"]

_COLUMNS, _ROWS = 8, 4


def worst_mistakes(faces: LabelledFaces, shares: npt.NDArray[np.float64]) -> bytes:
    """PNG of up to 32 wrong answers, those first that give the label the least probability."""
    from matplotlib import pyplot as plt

    answers = shares.argmax(axis=1)
    of_label = shares[np.arange(len(faces)), faces.labels]
    wrong = np.flatnonzero(answers != faces.labels)
    worst = wrong[np.argsort(of_label[wrong], kind="stable")][: _COLUMNS * _ROWS]
    figure, grid = plt.subplots(_ROWS, _COLUMNS, figsize=(1.5 * _COLUMNS, 1.9 * _ROWS))
    for axes in grid.flat:
        axes.axis("off")
    for axes, row in zip(grid.flat, worst, strict=False):
        image = faces.images[row]
        axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
        said = f"{faces.classes[answers[row]]} {100 * shares[row, answers[row]]:.0f} %"
        axes.set_title(f"{faces.classes[faces.labels[row]]}\nsaid {said}", fontsize=7)
    if not len(worst):
        grid.flat[0].set_title("no mistake", fontsize=8)
    figure.tight_layout()
    return png(figure)
