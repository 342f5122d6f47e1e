"""From labels and votes to what the outputs are to answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe_train.data import FER_CLASSES, LabelledFaces
from ferpipe_train.data.faces import FERPLUS_COLUMNS, FERPLUS_OF_FER
from ferpipe_train.training.distillation import taught
from ferpipe_train.training.recipe import Labels

__all__ = ["Targets", "keep_faces", "make_targets"]

_NOT_A_FACE = FERPLUS_COLUMNS.index("NF")


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Probabilities to learn: emotion (N, K) float32; ferplus (N, 8) or None without a second head."""

    emotion: npt.NDArray[np.float32]
    ferplus: npt.NDArray[np.float32] | None


def keep_faces(faces: LabelledFaces, labels: Labels) -> LabelledFaces:
    """`faces` without those that FER+'s taggers called no face."""
    if labels.not_a_face is None:
        return faces
    return faces.take(np.flatnonzero(_votes(faces)[:, _NOT_A_FACE] < labels.not_a_face))


def make_targets(faces: LabelledFaces, labels: Labels) -> Targets:
    """The targets of `faces`, without those of a live teacher.

    Raises UsageError where FER+'s votes are wanted and not there, or a teacher cannot be asked.
    """
    emotion = np.eye(len(faces.classes), dtype=np.float32)[faces.labels]
    if labels.ferplus:
        emotion = (1 - labels.ferplus) * emotion + labels.ferplus * _seven(faces, labels, emotion)
    if labels.teacher is not None and not labels.teacher.live:
        share = labels.teacher.share
        emotion = (1 - share) * emotion + share * taught(faces, labels.teacher)
    ferplus = None
    if labels.second_head is not None:
        ferplus = _smooth(_eight(faces), labels.second_head.smoothing)
    return Targets(_smooth(emotion, labels.smoothing), ferplus)


def _votes(faces: LabelledFaces) -> npt.NDArray[np.float32]:
    if faces.votes is None:
        raise UsageError("the recipe's labels use FER+'s votes: put fer2013new.csv beside fer2013.csv")
    if faces.classes != FER_CLASSES:
        raise UsageError(f"FER+'s votes need FER2013's classes ({', '.join(FER_CLASSES)})")
    return faces.votes


def _seven(
    faces: LabelledFaces, labels: Labels, original: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The votes for FER2013's classes as shares, the original label where there are too few."""
    votes = _votes(faces)[:, FERPLUS_OF_FER]
    total = votes.sum(axis=1, keepdims=True)
    shares: npt.NDArray[np.float32] = np.where(
        total >= labels.min_votes, votes / np.maximum(total, 1), original
    )
    return shares


def _eight(faces: LabelledFaces) -> npt.NDArray[np.float32]:
    """The votes for FER+'s classes as shares, FER2013's label where there are none."""
    votes = _votes(faces)[:, :8]
    total = votes.sum(axis=1, keepdims=True)
    instead = np.eye(8, dtype=np.float32)[np.array(FERPLUS_OF_FER)[faces.labels]]
    shares: npt.NDArray[np.float32] = np.where(total > 0, votes / np.maximum(total, 1), instead)
    return shares


def _smooth(targets: npt.NDArray[np.float32], part: float) -> npt.NDArray[np.float32]:
    smoothed: npt.NDArray[np.float32] = (1 - part) * targets + np.float32(part / targets.shape[1])
    return smoothed.astype(np.float32)
