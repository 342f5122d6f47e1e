"""Scores of a classifier from its probabilities; numpy only, every definition in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ferpipe_train.metrics.calibration import expected_calibration_error

__all__ = [
    "Interval",
    "PerClass",
    "bootstrap",
    "confusion_matrix",
    "ece",
    "macro_f1",
    "negative_log_likelihood",
    "per_class",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BINS = 15


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def as_list(self) -> list[float]:
        """The bounds, rounded for people."""
        return [round(self.low, 4), round(self.high, 4)]


@dataclass(frozen=True, slots=True)
class PerClass:
    """Precision, recall and F1 of one class; n faces have it as label.  0 where undefined."""

    n: int
    precision: float
    recall: float
    f1: float


def confusion_matrix(labels: Ints, answers: Ints, classes: int) -> Ints:
    """(K, K) counts: a row is a label, a column an answer."""
    return np.bincount(labels * classes + answers, minlength=classes * classes).reshape(classes, classes)


def per_class(confusion: Ints) -> list[PerClass]:
    """The figures of every class of a confusion matrix."""
    found = []
    for k, right in enumerate(np.diag(confusion)):
        labelled, answered = int(confusion[k].sum()), int(confusion[:, k].sum())
        f1 = 2 * right / (labelled + answered) if labelled + answered else 0.0
        found.append(
            PerClass(
                labelled,
                float(right / answered) if answered else 0.0,
                float(right / labelled) if labelled else 0.0,
                float(f1),
            )
        )
    return found


def macro_f1(confusion: Ints) -> float:
    """The mean F1 of the classes that occur as label or answer, as scikit-learn defines it."""
    occurs = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    scores = [entry.f1 for entry, there in zip(per_class(confusion), occurs, strict=True) if there]
    return float(np.mean(scores)) if scores else 0.0


def ece(probabilities: Floats, labels: Ints) -> float:
    """Expected calibration error over 15 bins of equal width (Guo et al. 2017)."""
    return expected_calibration_error(probabilities, labels, BINS)


def negative_log_likelihood(probabilities: Floats, labels: Ints) -> float:
    """The mean of -log of the label's probability."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def bootstrap(figure: Callable[[Ints], float], n: int, *, rounds: int = 1000, seed: int = 0) -> Interval:
    """The 95 % percentile interval of `figure(rows)` over resamplings of n rows (Efron 1979).

    The same seed draws the same rows, so that the figure may be a difference of two models on
    the same faces: a paired interval.
    """
    random = np.random.default_rng(seed)
    values = [figure(random.integers(0, n, n)) for _ in range(rounds)]
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(figure(np.arange(n)), float(low), float(high))
