"""Which faces make which batch: decided by the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ferpipe_emotion.training.data import LabelledFaces
from ferpipe_emotion.training.recipe import Recipe
from ferpipe_emotion.training.targets import Targets, make_targets

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

    @classmethod
    def of(cls, recipe: Recipe, faces: LabelledFaces) -> Batches:
        """The batches of `faces` as the recipe wants them."""
        weights = class_weights(faces.labels, len(faces.classes), recipe.class_weights)
        return cls(recipe, faces, make_targets(faces, recipe.labels), weights)

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
        order = self.order(epoch)
        for step in range(start, self.steps):
            rows = order[step * self.size : (step + 1) * self.size]
            batch = {
                "picture": self.faces.images[rows],
                "emotion": self.targets.emotion[rows],
                "weight": self.weights[rows],
            }
            if self.targets.ferplus is not None:
                batch["ferplus"] = self.targets.ferplus[rows]
            yield batch
