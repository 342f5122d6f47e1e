"""Latencies of a stage in constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from math import log2
from time import monotonic

from ferpipe.packet import Packet

__all__ = ["Ages", "Histogram", "merged"]

_STEPS = 16
"""Buckets a doubling: percentiles are right to within 4.4 %."""

_LAST = _STEPS * 40 - 1
"""The bucket of everything above a day."""


class Histogram:
    """Durations in seconds, kept as counts in logarithmic buckets."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.longest = 0.0
        self.recent = 0.0
        self._buckets = [0] * (_LAST + 1)

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.count = count = self.count + 1
        self.total += seconds
        self.recent += (seconds - self.recent) * (0.1 if count > 10 else 1.0 / count)
        self.longest = max(self.longest, seconds)
        bucket = int(_STEPS * log2(seconds * 1e7)) if seconds > 1e-7 else 0
        self._buckets[min(_LAST, bucket)] += 1

    def include(self, other: Histogram) -> None:
        """Count all durations of another histogram too."""
        self.count += other.count
        self.total += other.total
        self.longest = max(self.longest, other.longest)
        for bucket, n in enumerate(other._buckets):
            self._buckets[bucket] += n

    def percentile(self, q: float) -> float:
        """The duration in seconds that a share `q` (0 to 1) of all stays below."""
        wanted = q * self.count
        seen = 0
        for bucket, n in enumerate(self._buckets):
            seen += n
            if n and seen >= wanted:
                return min(self.longest, float(2 ** ((bucket + 0.5) / _STEPS)) / 1e7)
        return 0.0


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """All durations of several histograms in a new one."""
    whole = Histogram()
    for one in histograms:
        whole.include(one)
    return whole


class Ages:
    """Seconds that live frames are old when they leave: `known` has for each source the last, the oldest.

    first: when the first packet left, on the clock of `time.monotonic`; None before.
    """

    def __init__(self) -> None:
        self.first: float | None = None
        self.known: dict[str, tuple[float, float]] = {}

    def see(self, packet: Packet) -> None:
        """A packet leaves now; those of files have no age."""
        if self.first is None:
            self.first = monotonic()
        frame = packet.frame
        if frame.captured is not None:
            age = monotonic() - frame.captured
            self.known[frame.source] = (age, max(age, self.known.get(frame.source, (0.0, 0.0))[1]))
