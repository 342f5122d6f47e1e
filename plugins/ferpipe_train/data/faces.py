"""Labelled faces in memory, and the names of the data sets they come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError

__all__ = [
    "FERPLUS_CLASSES",
    "FERPLUS_COLUMNS",
    "FERPLUS_OF_FER",
    "FER_CLASSES",
    "SPLITS",
    "LabelledFaces",
    "in_classes_of",
    "pictures",
    "split_name",
]

FER_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's classes in the order of its labels (Goodfellow et al. 2013, arXiv:1307.0414)."""

FERPLUS_COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
"""The vote columns of FER+'s `fer2013new.csv` (Barsoum et al. 2016, arXiv:1608.01041)."""

FERPLUS_CLASSES = FERPLUS_COLUMNS[:8]
"""The columns that name an expression."""

FERPLUS_OF_FER = (4, 5, 6, 1, 3, 2, 0)
"""The FER+ column of each FER2013 class."""

SPLITS = ("Training", "PublicTest", "PrivateTest")
"""The splits, under the names of FER2013: to train, to select, to report."""

_ALIASES = {
    "training": 0,
    "train": 0,
    "publictest": 1,
    "public": 1,
    "validation": 1,
    "valid": 1,
    "val": 1,
    "dev": 1,
    "privatetest": 2,
    "private": 2,
    "test": 2,
    "testing": 2,
}


def split_name(text: str) -> str | None:
    """The split that `text` means (`train`, `Validation`, `PrivateTest`...), None where none."""
    number = _ALIASES.get(text.strip().lower().replace("_", "").replace("-", ""))
    return None if number is None else SPLITS[number]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """Faces with their labels.

    images: (N, H, W, C) uint8; C is 1 (grey) or 3 (RGB).
    labels: (N,) int64, indices into `classes`.
    splits: (N,) int64, indices into `SPLITS`.
    votes: (N, 10) float32, FER+ votes in the order of `FERPLUS_COLUMNS`, zeros where a face has
        none; None where there is no FER+ file.
    problems: one line a row or file that was skipped, each with its place.
    source: the file or folder, for reports.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    splits: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    votes: npt.NDArray[np.float32] | None = None
    problems: tuple[str, ...] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.images)

    def split(self, name: str) -> LabelledFaces:
        """The faces of one split.  Raises UsageError where it is unknown or empty."""
        wanted = split_name(name)
        if wanted is None:
            raise UsageError(f"split '{name}' is unknown: choose one of {', '.join(SPLITS)}")
        part = self.take(np.flatnonzero(self.splits == SPLITS.index(wanted)))
        if not len(part):
            counts = np.bincount(self.splits, minlength=len(SPLITS))
            there = ", ".join(f"{s} ({n})" for s, n in zip(SPLITS, counts, strict=True) if n)
            raise UsageError(
                f"{self.source or 'the data'} has no {wanted} faces: it has {there or 'none at all'}"
            )
        return part

    def take(self, rows: npt.NDArray[np.int64] | Sequence[int]) -> LabelledFaces:
        """The faces of the given rows, in that order."""
        return dataclasses.replace(
            self,
            images=self.images[rows],
            labels=self.labels[rows],
            splits=self.splits[rows],
            votes=None if self.votes is None else self.votes[rows],
        )

    def counts(self) -> dict[str, int]:
        """How many faces each class has."""
        numbers = np.bincount(self.labels, minlength=len(self.classes))
        return {name: int(n) for name, n in zip(self.classes, numbers, strict=True)}


def in_classes_of(faces: LabelledFaces, classes: tuple[str, ...]) -> LabelledFaces:
    """`faces` with their labels as indices into `classes`.

    Raises UsageError where the data has a class that the model does not know.
    """
    lower = [name.lower() for name in classes]
    if len(set(lower)) < len(lower):
        raise UsageError(
            f"the model's classes {', '.join(classes)} cannot be matched by name, since some differ only in "
            "case: rename them in its side file"
        )
    if missing := [name for name in faces.classes if name.lower() not in lower]:
        raise UsageError(
            f"the data has the classes {', '.join(missing)}, which the model does not know "
            f"(it knows {', '.join(classes)})"
        )
    places = np.array([lower.index(name.lower()) for name in faces.classes], np.int64)
    return dataclasses.replace(faces, labels=places[faces.labels], classes=classes)


def pictures(faces: LabelledFaces) -> list[npt.NDArray[np.uint8]]:
    """The images as classifiers take them: (H, W) grey or (H, W, 3) BGR."""
    if faces.images.shape[-1] == 1:
        return list(faces.images[..., 0])
    return list(np.ascontiguousarray(faces.images[..., ::-1]))
