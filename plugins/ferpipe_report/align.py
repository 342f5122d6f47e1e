"""Several recordings beside each other: where each one's time begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ferpipe import UsageError
from ferpipe_report.events import Event
from ferpipe_report.recording import Recording

__all__ = ["aligned"]


def aligned(
    recordings: Sequence[Recording], events: Mapping[int, Sequence[Event]], at: str | None
) -> list[Recording]:
    """The recordings with their offsets: none, or the first event named `at` of each.

    events: those of each recording, by its place.  Raises UsageError where a recording has no such event.
    """
    if at is None:
        return list(recordings)
    moved = []
    for i, recording in enumerate(recordings):
        start = next((event.start for event in events[i] if event.name == at), None)
        if start is None:
            known = sorted({event.name for event in events[i]})
            there = f"it has {', '.join(repr(name) for name in known[:5])}" if known else "it has none"
            raise UsageError(f"'{recording.name}' has no event '{at}' to align at: {there}")
        moved.append(replace(recording, offset=start))
    return moved
