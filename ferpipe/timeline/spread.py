"""How a measure was distributed over time, in constant memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ferpipe.measures import significant
from ferpipe.timeline.model import Spread

__all__ = ["Moments", "Spreads"]

_INSTANT = 1
"""Weight, in microseconds, of a frame that lasts no time, so that stills have a mean too."""


@dataclass(slots=True)
class Moments:
    """Mean and standard deviation of weighted values, one after the other, without adding up squares
    that cancel (D. H. D. West, "Updating mean and variance estimates", CACM 22, 1979).
    """

    weight: int = 0
    mean: float = 0.0
    square: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def add(self, value: float, duration: int) -> None:
        """Take a value that held for `duration` microseconds."""
        weight = max(duration, _INSTANT)
        self.weight += weight
        away = value - self.mean
        self.mean += away * weight / self.weight
        self.square += weight * away * (value - self.mean)
        self.low, self.high = min(self.low, value), max(self.high, value)

    def as_record(self) -> Spread:
        """What the file holds: mean, standard deviation of the whole, least and greatest."""
        return {
            "mean": significant(self.mean),
            "sd": significant(math.sqrt(max(0.0, self.square) / self.weight)),
            "min": significant(self.low),
            "max": significant(self.high),
        }


@dataclass(slots=True)
class Spreads:
    """The moments of several measures, by name."""

    _known: dict[str, Moments] = field(default_factory=dict)

    def add(self, values: Mapping[str, float], duration: int) -> None:
        """Take the measures of a face or a frame that lasted `duration` microseconds."""
        for name, value in values.items():
            self._known.setdefault(name, Moments()).add(value, duration)

    def as_record(self) -> dict[str, Spread]:
        """A `Spread` a measure, in the order of the names; those never known are absent."""
        return {name: moments.as_record() for name, moments in sorted(self._known.items())}
