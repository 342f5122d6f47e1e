"""Many people at once: the share that shows a label at each moment, and the mean with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferpipe_report.recording import Floats, Ints, Person, Recording

__all__ = ["Together", "interval", "together"]

_MOST_BINS = 600
_SHORTEST = 100_000
"""Microseconds of the shortest bin."""

_T = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
)
"""Student's t for a two-sided 95 % interval, of 1 to 15 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Together:
    """Means over people in bins of time.

    edges: (bins + 1,) in microseconds.  people: how many were in view, (bins,).  share: (bins, classes),
    the fraction of the time of those in view and labelled that has each label.  mean, low, high: (bins,
    classes), of the probability; low and high are NaN with fewer than three people.
    """

    edges: Ints
    people: Ints
    share: Floats
    mean: Floats
    low: Floats
    high: Floats


def together(recordings: Sequence[Recording], classes: Sequence[str]) -> Together:
    """Every person of every recording, on one axis of time (that of the offsets).

    In each bin a person counts by the time in view within it.
    """
    begin = min(each.start - each.offset for each in recordings)
    end = max(each.end - each.offset for each in recordings)
    width = max(_SHORTEST, math.ceil((end - begin) / _MOST_BINS))
    edges = np.arange(begin, max(end, begin + 1) + width, width, dtype=np.int64)
    people = [(recording, person) for recording in recordings for person in recording.people]
    labelled = sum(_labelled(recording, person, classes, edges) for recording, person in people)
    spent = np.asarray(labelled).sum(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(spent > 0, labelled / spent, np.nan)
    values, weights = zip(
        *(_means(recording, person, classes, edges) for recording, person in people), strict=True
    )
    mean, low, high = interval(np.stack(values), np.stack(weights))
    return Together(edges, (np.stack(weights)[:, :, 0] > 0).sum(0), share, mean, low, high)


def interval(values: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Weighted mean over the first axis and its 95 % interval (Student's t, Kish's effective n).

    NaN where there is no weight; low and high are NaN where the effective n is below three.
    """
    kept = np.where(weights > 0, np.nan_to_num(values), 0.0)
    total = weights.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (weights * kept).sum(0) / total
        n = total**2 / (weights**2).sum(0)
        spread = (weights * (kept - mean) ** 2).sum(0) / total * n / (n - 1)
        half = _t(n - 1) * np.sqrt(spread / n)
    known = n >= 3 - 1e-9
    return mean, np.where(known, mean - half, np.nan), np.where(known, mean + half, np.nan)


def _t(freedom: Floats) -> Floats:
    """Student's t; beyond the table by the expansion of Abramowitz and Stegun 26.7.5."""
    z = 1.959964
    whole = np.maximum(np.nan_to_num(freedom, nan=1.0, posinf=1e9), 1.0)
    far = z + (z**3 + z) / (4 * whole) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * whole**2)
    near = np.array(_T)[np.clip(whole.astype(int), 1, len(_T)) - 1]
    return np.where(whole < len(_T) + 1, near, far)


def _labelled(recording: Recording, person: Person, classes: Sequence[str], edges: Ints) -> Floats:
    """Microseconds of each label in each bin."""
    found = np.zeros((len(edges) - 1, len(classes)))
    for i, label in enumerate(classes):
        starts = np.array([span.start for span in person.spans if span.label == label], np.int64)
        ends = np.array([span.end for span in person.spans if span.label == label], np.int64)
        _spread(found[:, i], starts - recording.offset, ends - recording.offset, edges)
    return found


def _means(
    recording: Recording, person: Person, classes: Sequence[str], edges: Ints
) -> tuple[Floats, Floats]:
    """A person's mean probability in each bin, and the microseconds it is of, both (bins, classes)."""
    starts = recording.times[person.frames] - recording.offset
    ends = starts + recording.durations[person.frames]
    weights = np.zeros((len(edges) - 1, len(classes)))
    sums = np.zeros_like(weights)
    own = recording.timeline.classes
    for i, label in enumerate(classes):
        if label not in own:
            continue
        values = person.probabilities[:, own.index(label)]
        known = ~np.isnan(values)
        _spread(weights[:, i], starts[known], ends[known], edges)
        _spread(sums[:, i], starts[known], ends[known], edges, values[known])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights > 0, sums / weights, np.nan), weights


def _spread(into: Floats, starts: Ints, ends: Ints, edges: Ints, values: Floats | None = None) -> None:
    """Add the time of each stretch (times its value) to the bins that it lies in."""
    # The integral up to each edge: exact, whatever the lengths of stretches and bins.
    height = np.ones(len(starts)) if values is None else values
    moments = np.concatenate([starts, ends])
    steps = np.concatenate([height, -height])
    order = np.argsort(moments, kind="stable")
    at, slope = moments[order].astype(float), np.cumsum(steps[order])
    area = np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(at))]) if len(at) else np.zeros(0)
    if len(at):
        into += np.diff(np.interp(edges.astype(float), at, area))
