"""What the formats of annotation tools hold: who showed which label from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferpipe.timeline import Timeline

__all__ = ["Stretch", "people", "plain", "rounded"]

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """One person with one label, from `start` to `end` in units of the format (microseconds at first)."""

    start: int
    end: int
    person: str
    label: str
    mean_probability: float | None = None


def people(timeline: Timeline) -> tuple[dict[str, list[Stretch]], list[str]]:
    """The stretches of each person by name, in order of time, and what had to be left out.

    A stretch without a label is no annotation: these formats have no word for 'not known'.
    """
    found: dict[str, list[Stretch]] = {}
    unknown = 0
    for track in timeline.tracks:
        name = f"Person {track['id']}"
        found[name] = []
        for each in track["segments"]:
            if each["label"] is None:
                unknown += 1
                continue
            start, end = (round(each[key] * MICROSECONDS) for key in ("start", "end"))
            found[name].append(Stretch(start, end, name, plain(each["label"]), each["mean_probability"]))
    return found, [f"{unknown} stretches without a label"] if unknown else []


def rounded(stretches: Sequence[Stretch], unit: int) -> tuple[list[Stretch], list[str]]:
    """The stretches in units of `unit` microseconds, and how many are too short to be in it."""
    kept = [
        Stretch(start, end, each.person, each.label, each.mean_probability)
        for each in stretches
        if (start := _round(each.start, unit)) < (end := _round(each.end, unit))
    ]
    lost = len(stretches) - len(kept)
    return kept, [f"{lost} stretches shorter than {unit / 1000:g} ms"] if lost else []


def _round(time: int, unit: int) -> int:
    """To the nearest unit, halves up: a later time is never rounded to an earlier one."""
    return (2 * time + unit) // (2 * unit)


def plain(text: str) -> str:
    """A name on one line, without characters that XML and subtitles have no way to hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "?"
