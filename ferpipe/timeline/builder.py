"""What a timeline says of its frames, while they come: durations, tracks, summary, rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ferpipe.timeline.model import FrameRecord, Header, Segment
from ferpipe.timeline.reader import Timeline
from ferpipe.timeline.summary import SummaryBuilder, usual_pace
from ferpipe.timeline.table import columns, rows

__all__ = ["TimelineBuilder"]

Settled = tuple[FrameRecord, int]


class TimelineBuilder:
    """Takes the frames of a timeline one by one, and knows at each moment what the timeline would say.

    It keeps tracks and segments, but no frames: its memory does not grow with their number.
    classes: those of the header, or of the first face that has probabilities.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.classes = list(header["classes"])
        self.findings = SummaryBuilder()
        self._pace = usual_pace(header["source"])
        self._pictures = False
        self._unsure = "unsure" in header.get("notes", {})

    def push(self, record: FrameRecord) -> Settled | None:
        """Take a frame; give the one before it, with its duration in microseconds, which is known now."""
        if not self.classes:
            found = (face["probabilities"] for face in record["faces"])
            self.classes = next((list(each) for each in found if each), [])
        self._pictures = self._pictures or "picture" in record
        self._unsure = self._unsure or any("unsure" in face for face in record["faces"])
        return self._settle(self._pace.push(record))

    def end(self) -> Settled | None:
        """No frame follows: give the last one."""
        return self._settle(self._pace.end())

    def closed(self) -> list[tuple[int, Segment]]:
        """The segments of settled frames that no later frame can extend, each once, with their tracks."""
        return self.findings.closed()

    def open(self) -> list[tuple[int, Segment]]:
        """The segments that `closed` has not given yet, as far as they have come."""
        return self.findings.open()

    def columns(self) -> list[str]:
        """The columns of the `.csv` of the frames that have come."""
        measures = self.header["measures"]
        return columns(self.classes, measures, unsure=self._unsure, pictures=self._pictures)

    def rows(self, record: FrameRecord, duration: int) -> Iterator[dict[str, Any]]:
        """The rows of a settled frame, one a face, by column; None where a value is not known."""
        return rows(record, duration, self.classes, self.header["measures"], unsure=self._unsure)

    def timeline(self, frames: list[FrameRecord], *, complete: bool) -> Timeline:
        """The timeline of `frames`, which are those that have come."""
        return Timeline(
            source=self.header["source"],
            model=self.header["model"],
            classes=self.classes,
            frames=frames,
            tracks=self.findings.tracks(self.classes),
            summary=self.findings.summary(self.classes),
            complete=complete,
            measures=self.header["measures"],
            notes=self.header.get("notes", {}),
        )

    def _settle(self, settled: Settled | None) -> Settled | None:
        if settled is not None:
            self.findings.add(*settled)
        return settled
