"""The figure for a paper: strips, events and curves, as PNG or SVG by Matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from ferpipe import UsageError
from ferpipe_report.events import Event
from ferpipe_report.lanes import Mark, draw_lanes, figure_name, lanes_of
from ferpipe_report.palette import NO_LABEL, colours
from ferpipe_report.recording import MICROSECONDS, Person, Recording, unsure_runs
from ferpipe_report.together import together

__all__ = ["figure"]

_WIDE = 7.2
"""Inches: two columns of most journals."""

_FEW = 4
"""People up to whom each has curves of their own; more have the shares of all of them."""

_MANY = 16
"""People up to whom each strip has the usual height."""

_STYLE = {
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "svg.hashsalt": "ferpipe",
    "svg.fonttype": "none",
    "hatch.linewidth": 0.6,
}

_HATCHED: dict[str, Any] = {"hatch": "//////", "linewidth": 0}

Row = tuple[str, Recording, Person]


def figure(
    recordings: Sequence[Recording], events: Mapping[int, Sequence[Event]], classes: Sequence[str], form: str
) -> bytes:
    """The figure in `form`, `png` (300 dots an inch) or `svg`; the same input gives the same bytes.

    Raises UsageError where Matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError("figures need Matplotlib: pip install 'ferpipe[report]'") from error
    rows = _rows(recordings)
    lanes = (
        lanes_of(rows[0][1], events.get(recordings.index(rows[0][1]), ()), _whole(recordings)) if rows else []
    )
    with mpl.rc_context(_STYLE):
        few = len(rows) <= _FEW
        tall = [0.15 * len(lanes) + 0.04] if lanes else []
        tall += [(0.26 if len(rows) <= _MANY else 0.15) * max(1, len(rows)) + 0.12]
        tall += [1.15] * len(rows) if few else [1.6]
        picture = Figure(figsize=(_WIDE, sum(tall) + 0.9), layout="constrained")
        axes = np.atleast_1d(picture.subplots(len(tall), 1, sharex=True, height_ratios=tall))
        palette = colours(classes)
        if lanes:
            draw_lanes(axes[0], lanes)
            axes = axes[1:]
        _strips(axes[0], rows, events, recordings, palette)
        if few:
            for axis, (name, recording, person) in zip(axes[1:], rows, strict=True):
                _curves(axis, name, recording, person, palette)
        else:
            _shares(axes[1], recordings, classes, palette)
        axes[-1].set_xlabel("Time (s)")
        axes[-1].set_xlim(*_whole(recordings))
        _legend(picture, palette)
        out = io.BytesIO()
        date = {"Date": None} if form == "svg" else {"Software": None}
        picture.savefig(out, format=form, dpi=300, metadata=date)
    return out.getvalue()


def _rows(recordings: Sequence[Recording]) -> list[Row]:
    single = all(len(each.people) <= 1 for each in recordings)
    rows = []
    for recording in recordings:
        file = PurePath(recording.name).stem
        for person in recording.people:
            who = f"Person {person.track}"
            name = who if len(recordings) == 1 else file if single else f"{file}, {who}"
            rows.append((name, recording, person))
    return rows


def _whole(recordings: Sequence[Recording]) -> tuple[float, float]:
    """The seconds from the first frame to the end of the last, of all."""
    begin = min(each.start - each.offset for each in recordings) / MICROSECONDS
    end = max(each.end - each.offset for each in recordings) / MICROSECONDS
    return begin, end if end > begin else begin + 1


def _lanes(
    recording: Recording, recordings: Sequence[Recording], events: Mapping[int, Sequence[Event]]
) -> list[list[Mark]]:
    return lanes_of(recording, events.get(recordings.index(recording), ()), _whole(recordings))


def _strips(
    axis: Any,
    rows: Sequence[Row],
    events: Mapping[int, Sequence[Event]],
    recordings: Sequence[Recording],
    palette: Mapping[str, str],
) -> None:
    for place, (_, recording, person) in enumerate(rows):
        at = len(rows) - 1 - place
        bars = [((s.start - recording.offset) / 1e6, (s.end - s.start) / 1e6) for s in person.spans]
        fills = [NO_LABEL if s.label is None else palette.get(s.label, NO_LABEL) for s in person.spans]
        axis.broken_barh(bars, (at - 0.4, 0.8), facecolors=fills, linewidth=0)
        blank = [
            ((start - recording.offset) / MICROSECONDS, (end - start) / MICROSECONDS)
            for start, end in zip(*unsure_runs(person, recording), strict=True)
        ]
        axis.broken_barh(
            blank, (at - 0.4, 0.8), facecolors="none", hatch="//////", edgecolor="#333333", linewidth=0
        )
        for event in events.get(recordings.index(recording), ()):
            start = (event.start - recording.offset) / MICROSECONDS
            axis.plot([start, start], [at - 0.5, at + 0.5], color="black", linewidth=0.8, linestyle=":")
    names = [figure_name(name) for name, *_ in reversed(rows)]
    axis.set_yticks(range(len(rows)), names, fontsize=8 if len(rows) <= _MANY else 6)
    if not rows:
        axis.annotate("nobody was followed", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
    axis.set_ylim(-0.6, max(1, len(rows)) - 0.4)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _curves(axis: Any, name: str, recording: Recording, person: Person, palette: Mapping[str, str]) -> None:
    times = (recording.times[person.frames] - recording.offset) / MICROSECONDS
    breaks = np.flatnonzero(np.diff(person.frames) > 1) + 1
    for i, label in enumerate(recording.timeline.classes):
        values = np.insert(person.probabilities[:, i], breaks, np.nan)
        axis.plot(np.insert(times, breaks, np.nan), values, color=_darker(palette[label]), linewidth=0.9)
    axis.set_ylim(0, 1)
    axis.set_ylabel("Probability")
    axis.set_title(figure_name(name), loc="left", fontsize=8)


def _shares(
    axis: Any, recordings: Sequence[Recording], classes: Sequence[str], palette: Mapping[str, str]
) -> None:
    found = together(recordings, classes)
    edges = found.edges / MICROSECONDS
    base = np.zeros(len(edges) - 1)
    for i, label in enumerate(classes):
        top = base + np.nan_to_num(found.share[:, i])
        axis.stairs(top, edges, baseline=base, fill=True, color=palette[label], linewidth=0)
        base = top
    axis.set_ylim(0, 1)
    axis.set_ylabel("Share of people\nshowing each label")


def _legend(picture: Any, palette: Mapping[str, str]) -> None:
    from matplotlib.patches import Patch

    marks = [Patch(facecolor=colour, edgecolor="#666666", linewidth=0.4) for colour in palette.values()]
    marks.append(Patch(facecolor=NO_LABEL, edgecolor="#333333", hatch="//////", linewidth=0))
    names = [*palette, "unsure or no label"]
    picture.legend(marks, names, loc="outside lower center", ncols=len(names), frameon=False, handlelength=1)


def _darker(colour: str) -> str:
    """The colour of a line on white, as the page has it: darker by one factor, so that their order stays."""
    parts = (round(0.78 * int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)
