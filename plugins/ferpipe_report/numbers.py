"""The numbers of the report: time a label, changes, transitions, and how much of a person is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from ferpipe_report.recording import MICROSECONDS, Floats, Person, Recording, Span

__all__ = ["changes", "clipped", "numbers_of", "present", "seconds_of", "transitions", "weighted"]


def seconds_of(spans: Sequence[Span], classes: Sequence[str]) -> dict[str, float]:
    """Seconds a label, for each class."""
    spent = dict.fromkeys(classes, 0)
    for span in spans:
        if span.label is not None:
            spent[span.label] = spent.get(span.label, 0) + span.end - span.start
    return {label: time / MICROSECONDS for label, time in spent.items()}


def present(spans: Sequence[Span]) -> int:
    """Microseconds in which the person was in view, with a label or without."""
    return sum(span.end - span.start for span in spans)


def changes(spans: Sequence[Span]) -> list[tuple[str, str]]:
    """Each change from one label straight to another; a gap or an unknown label between is no change."""
    return [
        (before.label, after.label)
        for before, after in pairwise(spans)
        if before.label is not None
        and after.label is not None
        and before.label != after.label
        and before.end == after.start
    ]


def transitions(spans: Sequence[Span], classes: Sequence[str]) -> list[list[int]]:
    """How often each label (row) changed to each other one (column)."""
    place = {label: i for i, label in enumerate(classes)}
    table = [[0] * len(classes) for _ in classes]
    for before, after in changes(spans):
        if before in place and after in place:
            table[place[before]][place[after]] += 1
    return table


def clipped(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """The parts of spans between two times."""
    return [
        replace(span, start=max(span.start, start), end=min(span.end, end))
        for span in spans
        if span.end > start and span.start < end
    ]


def weighted(values: Floats, weights: Any) -> dict[str, float] | None:
    """Mean, standard deviation, least and most of the known values; None where none is known."""
    known = ~np.isnan(values)
    if not known.any():
        return None
    kept, spent = values[known], np.asarray(weights, np.float64)[known]
    spent = spent if spent.sum() > 0 else np.ones(len(kept))
    mean = float(np.average(kept, weights=spent))
    spread = float(np.sqrt(np.average((kept - mean) ** 2, weights=spent)))
    return {"mean": mean, "sd": spread, "min": float(kept.min()), "max": float(kept.max())}


def numbers_of(
    recording: Recording, person: Person, start: int | None = None, end: int | None = None
) -> dict[str, Any]:
    """What the tables say of a person between two times, the whole recording if omitted.

    Times in seconds; `missing` is the share of the time in which the face was not in view; `unsure` the
    seconds in view in which the label is unsure, `unknown` the others without a label; `rate` the
    changes a minute in view with a label.
    """
    begin, stop = recording.start if start is None else start, recording.end if end is None else end
    spans = clipped(person.spans, begin, stop) if (start, end) != (None, None) else person.spans
    classes, length, seen = recording.timeline.classes, max(0, stop - begin), present(spans)
    seconds = seconds_of(spans, classes)
    labelled = sum(seconds.values())
    count = len(changes(spans))
    times = recording.times[person.frames]
    here = np.clip(
        np.minimum(times + recording.durations[person.frames], stop) - np.maximum(times, begin), 0, None
    )
    found = {
        name: weighted(np.where(here > 0, values, np.nan), here) for name, values in person.measures.items()
    }
    return {
        "seen": seen / MICROSECONDS,
        "length": length / MICROSECONDS,
        "missing": 1 - min(1.0, seen / length) if length else None,
        "unsure": present([span for span in spans if span.unsure]) / MICROSECONDS,
        "unknown": present([s for s in spans if s.label is None and not s.unsure]) / MICROSECONDS,
        "seconds": seconds,
        "share": {label: time / labelled for label, time in seconds.items()} if labelled else None,
        "dominant": max(seconds, key=lambda label: seconds[label]) if labelled else None,
        "changes": count,
        "rate": 60 * count / labelled if labelled else None,
        "measures": {name: value for name, value in found.items() if value is not None},
    }
