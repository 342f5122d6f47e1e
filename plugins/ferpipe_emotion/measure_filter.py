"""Exponential smoothing in time of the measures of one face, or of the frames of one source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ferpipe import Measure
from ferpipe.packet import MICROSECONDS

__all__ = ["MeasureFilter", "declared", "raw_name"]


class MeasureFilter:
    """The same first-order low-pass as `Steady`, a measure at a time: each is known at times of its own.

    tau: seconds.  forget: microseconds after which a measure that was absent starts afresh.
    """

    def __init__(self, names: Iterable[str], tau: float, forget: int) -> None:
        self.time = 0
        self._names = tuple(names)
        self._tau = tau * MICROSECONDS
        self._forget = forget
        self._last: dict[str, tuple[float, int]] = {}

    def update(self, values: Mapping[str, float], time: int, weight: float = 1.0) -> dict[str, float]:
        """The smoothed values, and each as it came under its raw name; what is absent stays absent.

        time: microseconds.  A `weight` below 1 makes a value count as one that lasted for that part of
        the time.
        """
        self.time = time
        given: dict[str, float] = {}
        for name in self._names:
            if name not in values:
                continue
            value = values[name]
            before, since = self._last.get(name, (value, time))
            if time - since > self._forget:
                before = value
            smooth = before + self._gain(time - since, weight) * (value - before)
            self._last[name] = smooth, time
            given[name] = smooth
            given.setdefault(raw_name(name), values.get(raw_name(name), value))
        return given

    def _gain(self, elapsed: int, weight: float) -> float:
        if self._tau == 0:
            return 1.0 if weight else 0.0
        return -math.expm1(-weight * elapsed / self._tau)


def raw_name(name: str) -> str:
    """What a measure is called as it was before smoothing."""
    return f"{name}.raw"


def declared(names: Iterable[str], arriving: Mapping[str, Measure]) -> tuple[Measure, ...]:
    """The measures `names` again, as they are described, and what they were before smoothing."""
    found = [arriving[name] for name in dict.fromkeys(names) if name in arriving]
    raw = [
        replace(measure, name=raw_name(measure.name), about=f"{measure.about} Before smoothing.")
        for measure in found
        if raw_name(measure.name) not in arriving
    ]
    return (*found, *raw)
