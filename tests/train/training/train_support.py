"""Small real data: faces and not-faces of scikit-image's LFW subset (25x25, in its wheel)."""

from __future__ import annotations

import numpy as np

from ferpipe_train.data import LabelledFaces
from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.recipe_file import parse_recipe

TINY = """
version: 1
name: tiny
network:
  use: layers
  normalise: face
  layers:
    - {use: conv, filters: 8, kernel: 5, stride: 2, norm: true}
    - {use: pool}
    - {use: dropout, rate: 0.1}
    - {use: flatten}
data: {size: 24}
augment:
  - {use: light, gamma: 0.2}
  - {use: mixup, p: 0.5}
optimizer: {use: sgd, rate: 0.05, weight_decay: 0.0005}
schedule: {use: cosine, warmup: 1}
epochs: 3
batch: 32
ema: 0.9
compile: false
seed: 3
"""


def tiny_recipe(*changes: str) -> Recipe:
    return parse_recipe(TINY, "tiny.yaml", changes)


def lfw_faces() -> LabelledFaces:
    """100 faces and 100 patches without one, 24x24 grey, 3 in 4 to learn from."""
    from skimage.data import lfw_subset

    images = (lfw_subset()[:, :24, :24] * 255).astype(np.uint8)[..., None]
    labels = np.repeat([0, 1], 100)
    splits = np.where(np.arange(200) % 4 == 3, 1, 0)
    return LabelledFaces(images, labels, splits, ("face", "other"), source="lfw")
