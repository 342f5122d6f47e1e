"""Events on the page, and the numbers of each stretch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferpipe_report.events import Event
from ferpipe_report.numbers import numbers_of
from ferpipe_report.page.names import shown
from ferpipe_report.recording import MICROSECONDS, Recording

__all__ = ["event_data", "pooled"]


def event_data(recordings: Sequence[Recording], events: Mapping[int, Sequence[Event]]) -> dict[str, Any]:
    """`events`: a list a recording, aligned, in seconds.  `stretches`: each one's numbers, a row a person;
    `pooled`: those of all people together, a row a name.
    """
    if not any(events.values()):
        return {}
    rows: list[dict[str, Any]] = []
    for i, recording in enumerate(recordings):
        for event in events[i]:
            if event.end > event.start:
                rows += [
                    {
                        "name": shown(event.name),
                        "start": event.start / MICROSECONDS,
                        "end": event.end / MICROSECONDS,
                        "recording": i,
                        "track": person.track,
                        "numbers": numbers_of(recording, person, event.start, event.end),
                    }
                    for person in recording.people
                ]
    names = dict.fromkeys(row["name"] for row in rows)
    return {
        "events": [
            [_told(event, recordings[i].offset) for event in events[i]] for i in range(len(recordings))
        ],
        "stretches": rows,
        "pooled": [
            {"name": name, "numbers": pooled([row["numbers"] for row in rows if row["name"] == name])}
            for name in names
        ],
    }


def _told(event: Event, offset: int) -> dict[str, Any]:
    start, end = (event.start - offset) / MICROSECONDS, (event.end - offset) / MICROSECONDS
    return {"start": start, "end": end, "name": shown(event.name)}


def pooled(numbers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of several people or stretches as those of one: times and changes are added up."""
    seconds: dict[str, float] = {}
    for each in numbers:
        for label, spent in each["seconds"].items():
            seconds[label] = seconds.get(label, 0.0) + spent
    labelled, length = sum(seconds.values()), sum(each["length"] for each in numbers)
    seen, count = sum(each["seen"] for each in numbers), sum(each["changes"] for each in numbers)
    return {
        "seen": seen,
        "length": length,
        "missing": 1 - min(1.0, seen / length) if length else None,
        "unsure": sum(each["unsure"] for each in numbers),
        "unknown": sum(each["unknown"] for each in numbers),
        "seconds": seconds,
        "share": {label: spent / labelled for label, spent in seconds.items()} if labelled else None,
        "dominant": max(seconds, key=lambda label: seconds[label]) if labelled else None,
        "changes": count,
        "rate": 60 * count / labelled if labelled else None,
        "measures": {},
        "n": len(numbers),
    }
