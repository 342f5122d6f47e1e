"""Emotion timelines: who looked how, and when; written as it happens and read back.

The format `ferpipe.timeline/2` is described in docs/timeline.md, and by the JSON Schema that
`schema()` gives.
"""

from __future__ import annotations

from ferpipe.timeline.builder import TimelineBuilder
from ferpipe.timeline.model import (
    FORMAT,
    FaceRecord,
    FrameRecord,
    Header,
    MeasureRecord,
    Segment,
    Spread,
    Summary,
    Track,
)
from ferpipe.timeline.reader import Timeline, load
from ferpipe.timeline.record import header_from, header_of, measure_record, record_of
from ferpipe.timeline.schema import schema
from ferpipe.timeline.writer import FORMATS, Format, Writer, format_of

__all__ = [
    "FORMAT",
    "FORMATS",
    "FaceRecord",
    "Format",
    "FrameRecord",
    "Header",
    "MeasureRecord",
    "Segment",
    "Spread",
    "Summary",
    "Timeline",
    "TimelineBuilder",
    "Track",
    "Writer",
    "format_of",
    "header_from",
    "header_of",
    "load",
    "measure_record",
    "record_of",
    "schema",
]
