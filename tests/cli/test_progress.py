"""How far a run is said to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferpipe import StreamInfo
from ferpipe.cli import _progress
from ferpipe.run import RunReport, SourceReport


@pytest.mark.parametrize(
    ("duration", "start", "end", "place", "eta"),
    [
        (100, 0, None, "0:05 of 1:40", "ETA 0:19"),
        (100, 0, 25, "0:05 of 0:25", "ETA 0:04"),
        (100, 0, 300, "0:05 of 1:40", "ETA 0:19"),
        (None, 0, 25, "0:05 of 0:25", "ETA 0:04"),
        (None, 0, None, "0:05", None),
    ],
)
def test_the_progress_is_that_of_the_part_that_was_requested(monkeypatch, duration, start, end, place, eta):
    second = 1_000_000
    stream = StreamInfo("talk", "talk", duration=duration and duration * second, start=start * second)
    stream = replace(stream, end=end and end * second)
    pace = _progress._Pace()
    report = RunReport(1.0, 0.1, (), ())
    for now, position in ((10.0, 0), (11.0, 5 * second)):
        monkeypatch.setattr(_progress, "monotonic", lambda now=now: now)
        source = SourceReport("cam", stream, False, 1, 1, {}, {}, 0, position, None, None)
        pace.add(source)
    line = _progress._line(report, source, pace)
    assert line.startswith(f"cam: {place}, ")
    assert (eta in line) if eta else "ETA" not in line
