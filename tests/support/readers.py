"""Files that ferpipe converted, read by other people's programs where there are such."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from html import unescape
from pathlib import Path

import webvtt
from praatio import textgrid
from pympi import Eaf

Found = list[tuple[str, int, int, str]]
"""Person, start and end in microseconds, label."""


def read_eaf(path: Path) -> Found:
    eaf = Eaf(str(path))
    return [
        (tier, 1000 * start, 1000 * end, value)
        for tier in eaf.get_tier_names()
        for start, end, value in eaf.get_annotation_data_for_tier(tier)
    ]


def read_vtt(path: Path) -> Found:
    return [
        (unescape(cue.voice), _micro(cue.start), _micro(cue.end), unescape(cue.text))
        for cue in webvtt.read(str(path))
    ]


def read_srt(path: Path) -> Found:
    return (
        []
        if not path.read_text()
        else [
            (
                *(cue.raw_text.split(": ", 1)[:1]),
                _micro(cue.start),
                _micro(cue.end),
                cue.raw_text.split(": ", 1)[1],
            )
            for cue in webvtt.from_srt(str(path))
        ]
    )


def _micro(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1e6)


def read_textgrid(path: Path) -> Found:
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    return [
        (tier.name, round(each.start * 1e6), round(each.end * 1e6), each.label)
        for tier in grid.tiers
        for each in tier.entries
    ]


def read_boris(path: Path) -> Found:
    (observation,) = json.loads(path.read_text())["observations"].values()
    begun: dict[tuple[str, str], float] = {}
    found = []
    for time, subject, code, *_ in observation["events"]:
        if (subject, code) in begun:
            found.append((subject, round(begun.pop((subject, code)) * 1e6), round(time * 1e6), code))
        else:
            begun[subject, code] = time
    assert begun == {}
    return found


def read_events(path: Path) -> Found:
    rows = csv.DictReader(io.StringIO(path.read_text()), delimiter="\t")
    return [
        (
            row["person"],
            start := round(float(row["onset"]) * 1e6),
            start + round(float(row["duration"]) * 1e6),
            row["trial_type"],
        )
        for row in rows
    ]


READERS: dict[str, tuple[Callable[[Path], Found], int]] = {
    "a.eaf": (read_eaf, 1000),
    "a.vtt": (read_vtt, 1000),
    "a.srt": (read_srt, 1000),
    "a.TextGrid": (read_textgrid, 1),
    "a.boris": (read_boris, 1000),
    "a.events.tsv": (read_events, 1),
}
