"""WebVTT and SubRip: a line a stretch, with the person's name."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ferpipe.timeline import Timeline
from ferpipe_report.convert.stretches import Stretch, people, rounded

__all__ = ["write_srt", "write_vtt"]

_MILLISECOND = 1000


def write_vtt(timeline: Timeline, target: Path, _: Path | None) -> tuple[dict[Path, bytes], list[str]]:
    """The `.vtt`: each cue has the person as its voice and the label as its text."""
    cues, notes = _cues(timeline)
    parts = ["WEBVTT"]
    for cue in cues:
        words = f"<v {escape(cue.person, quote=False)}>{escape(cue.label, quote=False)}</v>"
        parts.append(f"{_moment(cue.start, '.')} --> {_moment(cue.end, '.')}\n{words}")
    return {target: ("\n\n".join(parts) + "\n").encode()}, notes


def write_srt(timeline: Timeline, target: Path, _: Path | None) -> tuple[dict[Path, bytes], list[str]]:
    """The `.srt`: each line is `Person 1: happy`."""
    cues, notes = _cues(timeline)
    parts = [
        f"{i}\n{_moment(cue.start, ',')} --> {_moment(cue.end, ',')}\n{cue.person}: {cue.label}\n"
        for i, cue in enumerate(cues, 1)
    ]
    return {target: "\n".join(parts).encode()}, notes


def _cues(timeline: Timeline) -> tuple[list[Stretch], list[str]]:
    found, notes = people(timeline)
    kept, lost = rounded([each for stretches in found.values() for each in stretches], _MILLISECOND)
    return sorted(kept, key=lambda cue: (cue.start, cue.end, cue.person)), notes + lost


def _moment(time: int, point: str) -> str:
    seconds, milliseconds = divmod(time, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{point}{milliseconds:03}"
