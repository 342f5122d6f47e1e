"""Which faces make which batch: decided by the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ferpipe_train.data import LabelledFaces
from ferpipe_train.data.views import Views, load_views
from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.targets import Targets, make_targets

__all__ = ["Batches", "class_weights"]


def class_weights(
    labels: npt.NDArray[np.int64], classes: int, how: Literal["none", "balanced"]
) -> npt.NDArray[np.float32]:
    """The weight of each face, (N,), 1 on average; `balanced` gives each class the same sum."""
    if how == "none":
        return np.ones(len(labels), np.float32)
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    weights: npt.NDArray[np.float32] = (len(labels) / (present * np.maximum(counts, 1))).astype(np.float32)
    return weights[labels]


@dataclass(slots=True)
class Batches:
    """The faces that are learnt from, in batches of one size; a remainder waits for the next epoch."""

    recipe: Recipe
    faces: LabelledFaces
    targets: Targets
    weights: npt.NDArray[np.float32]
    views: Views | None = None

    @classmethod
    def of(cls, recipe: Recipe, faces: LabelledFaces) -> Batches:
        """The batches of `faces` as the recipe wants them."""
        weights = class_weights(faces.labels, len(faces.classes), recipe.class_weights)
        other = recipe.data.views
        views = load_views(Path(other.path), faces.images) if other is not None else None
        return cls(recipe, faces, make_targets(faces, recipe.labels), weights, views)

    @property
    def size(self) -> int:
        """Faces a batch."""
        return min(self.recipe.batch, len(self.faces))

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return len(self.faces) // self.size

    def order(self, epoch: int) -> npt.NDArray[np.int64]:
        """The rows of the faces in the order of an epoch."""
        random = np.random.default_rng((self.recipe.seed, epoch))
        if self.recipe.sampling == "shuffle":
            return random.permutation(len(self.faces))
        chance = class_weights(self.faces.labels, len(self.faces.classes), "balanced").astype(np.float64)
        return random.choice(len(self.faces), len(self.faces), p=chance / chance.sum())

    def epoch(self, epoch: int, start: int = 0) -> Iterator[dict[str, Any]]:
        """The batches of an epoch from step `start` on, as the `Trainee` takes them."""
        order, shown = self.order(epoch), self._shown(epoch)
        for step in range(start, self.steps):
            rows = order[step * self.size : (step + 1) * self.size]
            batch = {
                "picture": self._pictures(rows, shown[rows]),
                "emotion": self.targets.emotion[rows],
                "weight": self.weights[rows],
            }
            if self.targets.ferplus is not None:
                batch["ferplus"] = self.targets.ferplus[rows]
            yield batch

    def _shown(self, epoch: int) -> npt.NDArray[np.int64]:
        """(N,) the row of the view that each face is shown by in an epoch; -1: the face as it is."""
        other = self.recipe.data.views
        if self.views is None or other is None:
            return np.full(len(self.faces), -1)
        return self.views.drawn(other.share, np.random.default_rng((self.recipe.seed, epoch, 1)))

    def _pictures(self, rows: npt.NDArray[np.int64], shown: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        pictures = self.faces.images[rows]
        if self.views is not None and (other := shown >= 0).any():
            pictures[other] = self.views.images[shown[other]]
        return pictures
