"""BIDS' events.tsv, with the JSON of its columns beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ferpipe_report.convert.inputs import Input
from ferpipe_report.convert.stretches import MICROSECONDS, Stretch, people
from ferpipe_report.convert.tables import as_csv

__all__ = ["event_head", "event_line", "sidecar_of", "write_events"]

_COLUMNS = ("onset", "duration", "trial_type", "person", "mean_probability")

_ABOUT = {
    "trial_type": {
        "Description": "The expression that the person's face resembles; 'unsure' where it could not be told"
    },
    "person": {"Description": "A person, as ferpipe's tracker numbers them"},
    "mean_probability": {"Description": "Mean probability of the label over the frames of the stretch"},
}


def sidecar_of(target: Path) -> Path:
    """The JSON of the columns beside an events.tsv."""
    return target.with_suffix(".json")


def write_events(inputs: Sequence[Input], target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """Onset, duration and trial_type of each stretch, in the order of time; several have a column `file`."""
    several, notes = len(inputs) > 1, []
    found: list[tuple[str, Stretch]] = []
    for each in inputs:
        stretches, lost = people(each.about)
        notes += lost
        found += [(each.name, stretch) for person in stretches.values() for stretch in person]
    found.sort(key=lambda pair: (pair[0], pair[1].start, pair[1].person))
    files = (["file"], [{"file": name} for name, _ in found]) if several else ([], [{} for _ in found])
    columns = [*_COLUMNS, *files[0]]
    rows = [{**_row(stretch), **file} for (_, stretch), file in zip(found, files[1], strict=True)]
    head = [dict(zip(columns, columns, strict=True))]
    return {
        target: as_csv(columns, [*head, *rows], "\t"),
        sidecar_of(target): (json.dumps(_ABOUT, indent=2) + "\n").encode(),
    }, notes


def event_head() -> str:
    """The first line of the events of one recording."""
    return "\t".join(_COLUMNS) + "\n"


def event_line(stretch: Stretch) -> str:
    """The line of a stretch, in microseconds."""
    return as_csv(_COLUMNS, [_row(stretch)], "\t").decode()


def _row(stretch: Stretch) -> dict[str, Any]:
    mean = stretch.mean_probability
    return {
        "onset": _seconds(stretch.start),
        "duration": _seconds(stretch.end - stretch.start),
        "trial_type": stretch.label,
        "person": stretch.person,
        "mean_probability": "n/a" if mean is None else mean,
    }


def _seconds(time: int) -> str:
    return f"{time // MICROSECONDS}.{time % MICROSECONDS:06}"
