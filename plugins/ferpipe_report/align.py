"""Several recordings beside each other: where each one's time begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from ferpipe import UsageError
from ferpipe_report.clocks import moments_of
from ferpipe_report.events import Event
from ferpipe_report.recording import MICROSECONDS, Recording

__all__ = ["WALLCLOCK", "aligned", "apart"]

WALLCLOCK = "wallclock"


def apart(recordings: Sequence[Recording]) -> list[str]:
    """In one line, a recording that begins after all those before it have ended; none where they overlap."""
    order = sorted(recordings, key=lambda each: each.start - each.offset)
    over = 0
    for before, after in pairwise(order):
        over = max(over, before.end - before.offset)
        if after.start - after.offset > over:
            gap = timedelta(seconds=round((after.start - after.offset - over) / MICROSECONDS))
            return [f"by its clock '{after.name}' begins {gap} after '{before.name}' and all before it ended"]
    return []


def aligned(
    recordings: Sequence[Recording], events: Mapping[int, Sequence[Event]], at: str | None
) -> list[Recording]:
    """The recordings with their offsets: none, the first event named `at` of each, or for `wallclock`
    when each was made, so that time 0 is the start of the earliest.

    events: those of each recording, by its place.  Raises UsageError where a recording has no such event,
    or for `wallclock` where neither all have a time code nor all say when they were made.
    """
    if at is None:
        return list(recordings)
    if at == WALLCLOCK:
        moments = moments_of(recordings)
        return [replace(each, offset=min(moments) - m) for each, m in zip(recordings, moments, strict=True)]
    moved = []
    for i, recording in enumerate(recordings):
        start = next((event.start for event in events[i] if event.name == at), None)
        if start is None:
            known = sorted({event.name for event in events[i]})
            there = f"it has {', '.join(repr(name) for name in known[:5])}" if known else "it has none"
            raise UsageError(f"'{recording.name}' has no event '{at}' to align at: {there}")
        moved.append(replace(recording, offset=start))
    return moved
