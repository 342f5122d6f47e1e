"""A recording as one person: the largest face of each frame, for one participant a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from ferpipe.timeline import FaceRecord, FrameRecord, Summary
from ferpipe_report.numbers import present, seconds_of
from ferpipe_report.recording import MICROSECONDS, Person, Recording, Span, people_of

__all__ = ["merged"]

_BRIDGE = 500_000
"""Microseconds of a loss that does not end a stretch, as in the timeline's own segments."""


def merged(recording: Recording) -> Recording:
    """The recording with one person in it: in each frame the largest face, whatever its track.

    The times a label in its summary are that person's.
    """
    frames = [_largest(record) for record in recording.timeline.frames]
    if not any(record["faces"] for record in frames):
        return replace(recording, people=[])
    cuts = [bool(record.get("discontinuity", False)) for record in frames]
    track = cast("Any", {"id": 1, "segments": [], "first": 0.0, "last": 0.0})
    person = people_of(frames, [track], recording.timeline.classes)[0]
    shown = [_shown(record["faces"][0]) if record["faces"] else (None, False) for record in frames]
    spans = _spans(recording, person, [shown[i] for i in person.frames], np.cumsum(cuts))
    seen = recording.times[person.frames]
    record = {**track, "first": seen[0] / 1e6, "last": seen[-1] / 1e6, "frames": len(seen)}
    return replace(
        recording,
        people=[replace(person, spans=spans, record=cast("Any", record))],
        timeline=replace(recording.timeline, summary=_summary(recording, spans)),
    )


def _summary(recording: Recording, spans: list[Span]) -> Summary:
    spent = {label: s for label, s in seconds_of(spans, recording.timeline.classes).items() if s}
    unsure = present([span for span in spans if span.unsure]) / MICROSECONDS
    found = {
        "seconds": spent,
        "share": {label: seconds / sum(spent.values()) for label, seconds in spent.items()},
        "dominant": max(spent, key=lambda label: spent[label], default=None),
        "unsure": unsure,
    }
    return cast("Summary", {**recording.timeline.summary, **found})


def _largest(record: FrameRecord) -> FrameRecord:
    faces = sorted(record["faces"], key=lambda face: -face["box"][2] * face["box"][3])[:1]
    return cast("FrameRecord", {**record, "faces": [{**face, "track": 1} for face in faces]})


def _shown(face: FaceRecord) -> tuple[str | None, bool]:
    """The label, and whether it is unsure."""
    return face["label"], bool(face.get("unsure", False))


def _spans(
    recording: Recording, person: Person, shown: list[tuple[str | None, bool]], epochs: Any
) -> list[Span]:
    """Stretches of one label, by the rules of docs/timeline.md."""
    spans: list[Span] = []
    epoch = -1
    for at, label in zip(person.frames, shown, strict=True):
        start = int(recording.times[at])
        end = start + int(recording.durations[at])
        carried = bool(spans) and epochs[at] == epoch and start - spans[-1].end <= _BRIDGE
        if carried:
            last = spans[-1]
            spans[-1] = replace(last, end=max(last.end, start))
        if carried and (spans[-1].label, spans[-1].unsure) == label:
            spans[-1] = replace(spans[-1], end=end)
        else:
            spans.append(Span(start, end, *label))
        epoch = int(epochs[at])
    return spans
