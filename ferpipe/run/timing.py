"""Latencies of a stage in constant memory, and the trace of a run for Perfetto."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from math import log2
from pathlib import Path
from time import monotonic
from typing import IO

from ferpipe.packet import Packet

__all__ = ["Ages", "Histogram", "Trace", "merged"]

_STEPS = 16
"""Buckets a doubling: percentiles are right to within 4.4 %."""


class Histogram:
    """Durations in seconds, kept as counts in logarithmic buckets."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.longest = 0.0
        self.recent = 0.0
        self._buckets = [0] * (_STEPS * 40)

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.count += 1
        self.total += seconds
        self.recent += (seconds - self.recent) * (0.1 if self.count > 10 else 1.0 / self.count)
        self.longest = max(self.longest, seconds)
        bucket = int(_STEPS * log2(seconds * 1e7)) if seconds > 1e-7 else 0
        self._buckets[min(bucket, len(self._buckets) - 1)] += 1

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
    """Seconds that live frames are old when they leave: `known` has for each source the last, the oldest."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[float, float]] = {}

    def see(self, packet: Packet) -> None:
        """A packet leaves now; those of files have no age."""
        frame = packet.frame
        if frame.captured is not None:
            age = monotonic() - frame.captured
            self.known[frame.source] = (age, max(age, self.known.get(frame.source, (0.0, 0.0))[1]))


class Trace:
    """A trace in the Trace Event Format (Google, 2016), which Perfetto and Chrome open.

    Events are written as they come, so that a run cut short leaves a trace that still opens.
    """

    def __init__(self, path: Path, threads: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self.error: OSError | None = None
        self._file: IO[str] = path.open("w", encoding="utf-8")
        self._numbers = {name: i + 1 for i, name in enumerate(threads)}
        self._file.write("[\n")
        meta = [
            {"name": "thread_name", "ph": "M", "pid": 1, "tid": number, "args": {"name": name}}
            for name, number in self._numbers.items()
        ]
        self._pending = [json.dumps(event) for event in meta]

    def lane(self, name: str) -> int:
        """A further row of the trace under `name`; spans in one row must not overlap."""
        with self._lock:
            number = len(self._numbers) + 1
            self._numbers[f"{name} {number}"] = number
            event = {"name": "thread_name", "ph": "M", "pid": 1, "tid": number, "args": {"name": name}}
            self._pending.append(json.dumps(event))
        return number

    def row(self, stage: str) -> int:
        """The row of a stage."""
        return self._numbers.get(stage, 0)

    def span(self, row: int, call: str, start: float, seconds: float, frame: int | None) -> None:
        """One call of a stage: `start` in seconds of `time.perf_counter`."""
        event = (
            f'{{"name":{json.dumps(call)},"cat":"stage","ph":"X","ts":{start * 1e6:.1f},'
            f'"dur":{seconds * 1e6:.1f},"pid":1,"tid":{row},'
            f'"args":{{"frame":{"null" if frame is None else frame}}}}}'
        )
        with self._lock:
            self._pending.append(event)
            if len(self._pending) >= 4096:
                self._write()

    def close(self) -> None:
        """Write the rest; the file is complete JSON from here on.  `error` says if it could not be."""
        end = {"name": "process_name", "ph": "M", "pid": 1, "args": {"name": "ferpipe"}}
        with self._lock:
            self._pending.append(json.dumps(end))
            self._write(last=True)
            try:
                self._file.close()
            except OSError as error:
                self.error = self.error or error

    def _write(self, *, last: bool = False) -> None:
        """A trace that cannot be written is given up; it must not disturb the run."""
        lines = ",\n".join(self._pending) + ("\n]\n" if last else ",\n")
        self._pending.clear()
        if self.error is not None:
            return
        try:
            self._file.write(lines)
        except OSError as error:
            self.error = error
