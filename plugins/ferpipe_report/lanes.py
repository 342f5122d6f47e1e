"""The events over the strips of a figure, in as many lanes as their names need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ferpipe_report.events import Event
from ferpipe_report.page.names import shown
from ferpipe_report.recording import MICROSECONDS, Recording

__all__ = ["Mark", "draw_lanes", "figure_name", "lanes_of"]

_LETTER = 0.0092
"""Width of a letter of a name, as a share of the figure's axis."""

_LONGEST = 32
"""Characters of a name."""

_MOST = 6
"""Lanes; a name that finds no room in the last one is omitted."""


class Mark(NamedTuple):
    """An event from `start` to `end` in seconds of the figure's axis, and its name; both are the same where
    it is a moment.
    """

    start: float
    end: float
    name: str


def lanes_of(recording: Recording, events: Sequence[Event], whole: tuple[float, float]) -> list[list[Mark]]:
    """The events of a recording in lanes, so that neither they nor their names lie upon each other.

    whole: the ends of the axis, in seconds.
    """
    letter = _LETTER * (whole[1] - whole[0])
    lanes: list[list[Mark]] = []
    taken: list[float] = []
    for event in events:
        start, end = ((time - recording.offset) / MICROSECONDS for time in (event.start, event.end))
        if end < whole[0] or start > whole[1]:
            continue
        start, end, name = max(start, whole[0]), min(end, whole[1]), figure_name(event.name)
        free = (i for i, until in enumerate(taken) if until <= start)
        lane = next(free, len(taken))
        if lane == len(taken):
            if lane == _MOST:
                # Where the moment was still shows in the strips.
                continue
            lanes.append([])
            taken.append(0.0)
        lanes[lane].append(Mark(start, end, name))
        taken[lane] = max(end, start + letter * (len(name) + 2))
    return lanes


def draw_lanes(axis: Any, lanes: Sequence[Sequence[Mark]]) -> None:
    """Draw lanes: a stretch as a bar, a moment as a line, each with its name where it begins."""
    for place, lane in enumerate(lanes):
        at = len(lanes) - 1 - place
        for start, end, name in lane:
            if end > start:
                axis.broken_barh([(start, end - start)], (at - 0.42, 0.84), facecolors="#dbe5f1", linewidth=0)
            axis.plot([start, start], [at - 0.42, at + 0.42], color="#2f6db5", linewidth=1.0)
            axis.annotate(
                name,
                (start, at),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
    axis.set_ylim(-0.5, len(lanes) - 0.5)
    axis.set_axis_off()


def figure_name(name: str) -> str:
    """A name as one line of a figure, short enough to leave room for what it names."""
    text = shown(name)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"
    return text.replace("$", r"\$")
