"""Praat's TextGrid: an interval tier a person; intervals tile the tier, empty where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferpipe.timeline import Timeline
from ferpipe_report.convert.stretches import MICROSECONDS, Stretch, people

__all__ = ["write_textgrid"]


def write_textgrid(timeline: Timeline, target: Path, _: Path | None) -> tuple[dict[Path, bytes], list[str]]:
    """The `.TextGrid` in Praat's long text form; times in seconds, exact to the microsecond."""
    tiers, notes = people(timeline)
    last = max([0, *(each.end for stretches in tiers.values() for each in stretches)])
    for record, lasted in timeline.paced():
        last = max(last, round(record["time"] * MICROSECONDS) + lasted)
    last = max(last, 1)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    lines += ["xmin = 0", f"xmax = {_seconds(last)}", "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (person, stretches) in enumerate(tiers.items(), 1):
        tiles = _tiled(stretches, last)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(person)}",
        ]
        lines += [
            "        xmin = 0",
            f"        xmax = {_seconds(last)}",
            f"        intervals: size = {len(tiles)}",
        ]
        for place, (start, end, label) in enumerate(tiles, 1):
            lines += [f"        intervals [{place}]:", f"            xmin = {_seconds(start)}"]
            lines += [f"            xmax = {_seconds(end)}", f"            text = {_quoted(label)}"]
    return {target: ("\n".join(lines) + "\n").encode()}, notes


def _tiled(stretches: Sequence[Stretch], last: int) -> list[tuple[int, int, str]]:
    tiles, at = [], 0
    for each in stretches:
        if each.end <= each.start:
            continue
        if each.start > at:
            tiles.append((at, each.start, ""))
        tiles.append((each.start, each.end, each.label))
        at = each.end
    return [*tiles, (at, last, "")] if at < last else tiles


def _seconds(time: int) -> str:
    return f"{time // MICROSECONDS}.{time % MICROSECONDS:06}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
