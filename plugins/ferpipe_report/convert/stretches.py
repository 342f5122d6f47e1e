"""What the formats of annotation tools hold: who showed which label from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferpipe.timeline import Segment, Timeline

__all__ = ["UNSURE", "Stretch", "people", "plain", "rounded", "stretch_of"]

MICROSECONDS = 1_000_000

UNSURE = "unsure"
"""The annotation of a stretch in which the label is unsure."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One person with one label, from `start` to `end` in units of the format (microseconds at first)."""

    start: int
    end: int
    person: str
    label: str
    mean_probability: float | None = None


def people(timeline: Timeline) -> tuple[dict[str, list[Stretch]], list[str]]:
    """The stretches of each person by name, in order of time, and what had to be omitted.

    A stretch without a label is no annotation: these formats have no word for 'not known'.  One whose
    label is unsure has the label `unsure`.
    """
    found: dict[str, list[Stretch]] = {}
    unknown = 0
    for track in timeline.tracks:
        stretches = [stretch_of(track["id"], each) for each in track["segments"]]
        kept = [each for each in stretches if each is not None]
        unknown += len(stretches) - len(kept)
        found[_name(track["id"])] = kept
    return found, [f"{unknown} stretches without a label"] if unknown else []


def stretch_of(track: int, segment: Segment) -> Stretch | None:
    """The stretch of a segment of a track; None where it has no label."""
    label = UNSURE if segment.get("unsure") else segment["label"]
    if label is None:
        return None
    start, end = round(segment["start"] * MICROSECONDS), round(segment["end"] * MICROSECONDS)
    return Stretch(start, end, _name(track), plain(label), segment["mean_probability"])


def rounded(stretches: Sequence[Stretch], unit: int) -> tuple[list[Stretch], list[str]]:
    """The stretches in units of `unit` microseconds, and how many are too short to be in it."""
    kept = [
        Stretch(start, end, each.person, each.label, each.mean_probability)
        for each in stretches
        if (start := _round(each.start, unit)) < (end := _round(each.end, unit))
    ]
    lost = len(stretches) - len(kept)
    return kept, [f"{lost} stretches shorter than {unit / 1000:g} ms"] if lost else []


def plain(text: str) -> str:
    """A name on one line, without characters that XML and subtitles have no way to hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "?"


def _name(track: int) -> str:
    return f"Person {track}"


def _round(time: int, unit: int) -> int:
    """To the nearest unit, halves up: a later time is never rounded to an earlier one."""
    return (2 * time + unit) // (2 * unit)
