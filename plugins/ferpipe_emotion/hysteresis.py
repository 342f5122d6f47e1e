"""Exponential smoothing in time of what a classifier says of one face, and its label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferpipe import Emotion
from ferpipe.packet import MICROSECONDS
from ferpipe_emotion.labels import DoubtRule, Label, LabelRule

__all__ = ["Steady"]


class Steady:
    """The smoothed state of one face.

    Probabilities follow p += (1 - exp(-dt / tau)) (x - p): the first-order low-pass filter,
    exact for samples at irregular times that hold since the last one (Brown 1956; Wright 1986
    for irregular data).  `Label` decides on the label.

    tau: seconds.  at_once: whether the most probable class is shown before any label is earned.
    """

    def __init__(
        self, classes: tuple[str, ...], tau: float, rule: LabelRule, *, at_once: bool = False
    ) -> None:
        self.classes = classes
        self.time = 0
        self._tau = tau
        self._shares = np.empty(0)
        self._label = Label(rule, at_once=at_once)
        self._doubt = DoubtRule(rule, at_once=at_once)

    def update(
        self, probabilities: Sequence[float], time: int, weight: float = 1.0, *, unsure: bool = False
    ) -> Emotion:
        """The smoothed emotion after a sample at `time` (microseconds).

        A `weight` below 1 makes the sample count as one that lasted for that part of the time.
        unsure: whether the classifier is unsure of the label of this sample; it then earns none.
        """
        sample = np.asarray(probabilities, np.float64)
        if self._shares.size == 0:
            self._shares = sample
        else:
            self._shares = self._shares + self._gain(time, weight) * (sample - self._shares)
        self.time = time
        doubtful = self._doubt.update(time, weight, unsure=unsure)
        shown = self._label.update(self._shares, sample, time, weight, unsure=unsure)
        label = None if shown is None or doubtful else self.classes[shown]
        raw = tuple(map(float, probabilities))
        return Emotion(self.classes, tuple(map(float, self._shares)), label, raw, doubtful)

    def _gain(self, time: int, weight: float) -> float:
        if self._tau == 0:
            return 1.0 if weight else 0.0
        return float(-np.expm1(-weight * (time - self.time) / (self._tau * MICROSECONDS)))
