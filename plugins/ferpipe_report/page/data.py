"""What the page knows: numbers as JSON, curves as packed columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ferpipe import __version__
from ferpipe.timeline import Timeline
from ferpipe_report.numbers import numbers_of, transitions, weighted
from ferpipe_report.pack import Column, integers, pack, quantised
from ferpipe_report.page.models import about_model
from ferpipe_report.page.names import shown
from ferpipe_report.page.stretches import pooled
from ferpipe_report.palette import NO_LABEL, colours
from ferpipe_report.recording import MICROSECONDS, Floats, Person, Recording, Span, unsure_runs

__all__ = ["LEVELS", "classes_of", "page_data"]

LEVELS = 250
"""Steps of a probability in the curves: 0.4 % each.  The tables are exact."""

_MANY = 3
"""People from whom on the page has their sum as well."""

_FINE = 1000
"""Steps of any other measure between its least and its most."""

Packed = tuple[list[dict[str, Any]], str]


def page_data(
    recordings: Sequence[Recording], title: str, extra: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The page's data, and the packed columns by the id of their element."""
    blobs: dict[str, str] = {}
    told = [_recording(recording, i, blobs) for i, recording in enumerate(recordings)]
    classes = classes_of(recordings)
    described = {each["name"]: each for recording in recordings for each in recording.described()}
    return {
        "title": shown(title),
        "version": __version__,
        "classes": classes,
        "colours": colours(classes),
        "noLabel": NO_LABEL,
        "measures": described,
        "recordings": told,
        "models": _models(recordings),
        "together": _together(told),
        **(extra or {}),
    }, blobs


def classes_of(recordings: Sequence[Recording]) -> list[str]:
    """The classes of all recordings, in the order in which they first come."""
    return list(dict.fromkeys(label for each in recordings for label in each.timeline.classes))


def _together(told: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The numbers of all people as those of one, where there are many."""
    numbers = [person["numbers"] for each in told for person in each["people"]]
    return pooled(numbers) if len(numbers) >= _MANY else None


def _models(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for recording in recordings:
        told = about_model(recording.timeline.model)
        if told is not None and told not in found:
            found.append(told)
    return found


def _recording(recording: Recording, number: int, blobs: dict[str, str]) -> dict[str, Any]:
    timeline = recording.timeline
    several = len(timeline.tracks) > 1
    people = []
    for person in recording.people:
        layout, text = pack(_curves(person, timeline.classes))
        blobs[f"p{number}-{person.track}"] = text
        people.append(
            {
                "track": person.track,
                "name": f"Person {person.track}" if several else "Person",
                "first": person.record["first"],
                "last": person.record["last"],
                "numbers": numbers_of(recording, person),
                "transitions": transitions(person.spans, timeline.classes),
                "blob": f"p{number}-{person.track}",
                "layout": layout,
            }
        )
    layout, blobs[f"r{number}"] = pack(_frames(recording))
    empty = _seconds_without_faces(recording)
    return {
        "name": shown(recording.name),
        "file": shown(recording.path.name),
        "sha256": recording.digest,
        "classes": timeline.classes,
        "complete": timeline.complete,
        "source": timeline.source,
        "start": recording.start / MICROSECONDS,
        "end": recording.end / MICROSECONDS,
        "offset": recording.offset / MICROSECONDS,
        "summary": {key: value for key, value in timeline.summary.items() if key != "measures"},
        "withoutFaces": empty,
        "measures": {
            name: found
            for name, values in recording.measures.items()
            if (found := weighted(values, recording.durations)) is not None
        },
        "table": recording.path.suffix.lower() == ".csv",
        "people": people,
        "blob": f"r{number}",
        "layout": layout,
        **_notes(timeline),
    }


def _notes(timeline: Timeline) -> dict[str, Any]:
    """What else the header says: the pipeline, and what its stages noted."""
    notes = dict(timeline.notes)
    found = {"pipeline": notes.pop("pipeline", None), "notes": notes}
    return {name: value for name, value in found.items() if value}


def _seconds_without_faces(recording: Recording) -> float:
    empty = [not record["faces"] for record in recording.timeline.frames]
    return int(recording.durations[np.array(empty, np.bool_)].sum()) / MICROSECONDS


def _frames(recording: Recording) -> list[Column]:
    """Times and durations in microseconds, measures of the picture, and each person's strip."""
    usual = np.diff(recording.times, append=recording.end)
    columns = [integers("time", recording.times), integers("less", usual - recording.durations)]
    columns += [_measure(f"m:{name}", values) for name, values in recording.measures.items()]
    place = {label: i + 1 for i, label in enumerate(recording.timeline.classes)}
    for person in recording.people:
        starts = np.array([span.start for span in person.spans], np.int64)
        ends = np.array([span.end for span in person.spans], np.int64)
        begin, stop = unsure_runs(person, recording)
        columns += [
            integers(f"{person.track}:start", starts),
            integers(f"{person.track}:length", ends - starts),
            integers(f"{person.track}:label", [_code(span, place) for span in person.spans]),
            integers(f"{person.track}:unsure", begin),
            integers(f"{person.track}:unsure_length", stop - begin),
        ]
    return columns


def _code(span: Span, place: Mapping[str, int]) -> int:
    """The label by its place from 1 on; 0 for none, one more than the classes where it is unsure."""
    return len(place) + 1 if span.unsure else place.get(span.label or "", 0)


def _curves(person: Person, classes: Sequence[str]) -> list[Column]:
    columns = [integers("frame", person.frames)]
    tables = [("p", person.probabilities)] + ([("raw", person.raw)] if person.raw is not None else [])
    for kind, table in tables:
        columns += [
            quantised(f"{kind}:{name}", table[:, i], low=0, high=1, levels=LEVELS)
            for i, name in enumerate(classes)
        ]
    columns += [_measure(f"m:{name}", values) for name, values in person.measures.items()]
    columns += [integers(f"box:{side}", np.rint(person.boxes[:, i])) for i, side in enumerate("xywh")]
    return columns


def _measure(name: str, values: Floats) -> Column:
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return quantised(name, values, low=low, high=high, levels=_FINE)
