"""Emotion timelines: who looked how, and when; written as it happens and read back.

The format `ferpipe.timeline/2` is described in docs/timeline.md, and by the JSON Schema that
`schema()` gives.
"""

from __future__ import annotations

from ferpipe.timeline.model import (
    FORMAT,
    FaceRecord,
    FrameRecord,
    MeasureRecord,
    Segment,
    Spread,
    Summary,
    Track,
)
from ferpipe.timeline.reader import Timeline, load
from ferpipe.timeline.record import header_from, header_of, record_of
from ferpipe.timeline.schema import schema
from ferpipe.timeline.writer import FORMATS, Format, Writer, format_of

__all__ = [
    "FORMAT",
    "FORMATS",
    "FaceRecord",
    "Format",
    "FrameRecord",
    "MeasureRecord",
    "Segment",
    "Spread",
    "Summary",
    "Timeline",
    "Track",
    "Writer",
    "format_of",
    "header_from",
    "header_of",
    "load",
    "record_of",
    "schema",
]
