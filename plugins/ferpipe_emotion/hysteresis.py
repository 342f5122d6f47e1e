"""Exponential smoothing in time, and a label with hysteresis, for one face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferpipe.packet import MICROSECONDS

__all__ = ["Steadiness", "Steady"]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How steady: tau in seconds, the lead that a new label needs, and for how many microseconds."""

    tau: float
    margin: float
    hold: int


class Steady:
    """The smoothed state of one face.

    Probabilities follow p += (1 - exp(-dt / tau)) (x - p): the first-order low-pass filter,
    exact for samples at irregular times that hold since the last one (Brown 1956; Wright 1986
    for irregular data).  The label follows a Schmitt trigger with a delay: it changes only when
    one other class has led it by `margin` for `hold`, without a break.
    """

    def __init__(self, classes: tuple[str, ...], steadiness: Steadiness) -> None:
        self.classes = classes
        self.time = 0
        self._how = steadiness
        self._shares = np.empty(0)
        self._shown = 0
        self._challenger: int | None = None
        self._since = 0

    def update(
        self, probabilities: Sequence[float], time: int, weight: float = 1.0
    ) -> tuple[tuple[float, ...], str]:
        """The smoothed probabilities and the label after a sample at `time` (microseconds).

        A `weight` below 1 makes the sample count as one that lasted for that part of the time.
        """
        sample = np.asarray(probabilities, np.float64)
        if self._shares.size == 0:
            self._shares, self._shown = sample, int(sample.argmax())
        else:
            self._shares = self._shares + self._gain(time, weight) * (sample - self._shares)
            self._decide(time)
        self.time = time
        return tuple(float(share) for share in self._shares), self.classes[self._shown]

    def _gain(self, time: int, weight: float) -> float:
        if self._how.tau == 0:
            return 1.0 if weight else 0.0
        return float(-np.expm1(-weight * (time - self.time) / (self._how.tau * MICROSECONDS)))

    def _decide(self, time: int) -> None:
        best = int(self._shares.argmax())
        leads = self._shares[best] - self._shares[self._shown] >= self._how.margin
        if best == self._shown or not leads:
            self._challenger = None
            return
        if best != self._challenger:
            # The sample holds since the last one, for the filter as for the lead.
            self._challenger, self._since = best, self.time
        if time - self._since >= self._how.hold:
            self._shown, self._challenger = best, None
