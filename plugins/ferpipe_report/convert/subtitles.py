"""WebVTT and SubRip: a line a stretch, with the person's name."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ferpipe.timeline import Timeline
from ferpipe_report.convert.stretches import Stretch, people, rounded

__all__ = ["VTT_HEAD", "srt_cue", "vtt_cue", "write_srt", "write_vtt"]

_MILLISECOND = 1000

VTT_HEAD = "WEBVTT\n"


def write_vtt(timeline: Timeline, target: Path, _: Path | None) -> tuple[dict[Path, bytes], list[str]]:
    """The `.vtt`: each cue has the person as its voice and the label as its text."""
    cues, notes = _cues(timeline)
    return {target: (VTT_HEAD + "".join(map(vtt_cue, cues))).encode()}, notes


def vtt_cue(cue: Stretch) -> str:
    """A cue, in milliseconds, with the empty line before it."""
    words = f"<v {escape(cue.person, quote=False)}>{escape(cue.label, quote=False)}</v>"
    return f"\n{_moment(cue.start, '.')} --> {_moment(cue.end, '.')}\n{words}\n"


def write_srt(timeline: Timeline, target: Path, _: Path | None) -> tuple[dict[Path, bytes], list[str]]:
    """The `.srt`: each line is `Person 1: happy`."""
    cues, notes = _cues(timeline)
    return {target: "".join(srt_cue(cue, i) for i, cue in enumerate(cues, 1)).encode()}, notes


def srt_cue(cue: Stretch, number: int) -> str:
    """A cue, in milliseconds; the first has the number 1, and the others an empty line before them."""
    between = "\n" if number > 1 else ""
    times = f"{_moment(cue.start, ',')} --> {_moment(cue.end, ',')}"
    return f"{between}{number}\n{times}\n{cue.person}: {cue.label}\n"


def _cues(timeline: Timeline) -> tuple[list[Stretch], list[str]]:
    found, notes = people(timeline)
    kept, lost = rounded([each for stretches in found.values() for each in stretches], _MILLISECOND)
    return sorted(kept, key=lambda cue: (cue.start, cue.end, cue.person)), notes + lost


def _moment(time: int, point: str) -> str:
    seconds, milliseconds = divmod(time, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{point}{milliseconds:03}"
