"""A filter that calms what hardly moves and follows what moves."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["OneEuro"]

_SPEED_CUTOFF = 1.0


class OneEuro:
    """The 1 euro filter: G. Casiez, N. Roussel and D. Vogel, CHI 2012.

    calm: cutoff in Hz for values that rest; less is calmer.
    follow: how much the cutoff grows with the speed, in Hz a unit of value a second.
    """

    def __init__(self, calm: float, follow: float) -> None:
        self._calm, self._follow = calm, follow
        self._value: npt.NDArray[np.float64] | None = None
        self._speed: npt.NDArray[np.float64] | None = None

    def __call__(
        self, value: npt.NDArray[np.floating], seconds: float, unit: float
    ) -> npt.NDArray[np.float64]:
        """The filtered value, `seconds` after the last one; speed is measured in `unit`s a second.

        A value of another shape, or no time passed, starts afresh.
        """
        new = np.asarray(value, np.float64)
        if self._value is None or self._speed is None or self._value.shape != new.shape or seconds <= 0:
            self._value, self._speed = new, np.zeros_like(new)
            return new
        speed = (new - self._value) / seconds
        self._speed = self._speed + _share(np.float64(_SPEED_CUTOFF), seconds) * (speed - self._speed)
        cutoff = self._calm + self._follow * np.abs(self._speed) / unit
        self._value = self._value + _share(cutoff, seconds) * (new - self._value)
        return self._value


def _share(cutoff: npt.NDArray[np.float64] | np.float64, seconds: float) -> npt.NDArray[np.float64]:
    """The share of a new value that a low-pass of `cutoff` Hz takes after `seconds`."""
    return np.asarray(1 - np.exp(-2 * math.pi * cutoff * seconds))
