"""How a format is written while a run lasts: row by row, stretch by stretch, or as lines until the end.

At every moment the file holds everything up to the frame before the last one, so that a kill loses that.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from ferpipe import Output
from ferpipe.timeline import FrameRecord, Segment, TimelineBuilder
from ferpipe_report.convert.bids import event_head, event_line
from ferpipe_report.convert.inputs import Input
from ferpipe_report.convert.stretches import Stretch, rounded, stretch_of
from ferpipe_report.convert.subtitles import VTT_HEAD, srt_cue, vtt_cue
from ferpipe_report.convert.tables import TABLES, Shape, as_csv

__all__ = ["Cues", "Lines", "Rows", "Stream", "stream_of"]

_CUES: dict[str, tuple[str, Callable[[Stretch, int], str], int]] = {
    "vtt": (VTT_HEAD, lambda cue, _: vtt_cue(cue), 1000),
    "srt": ("", srt_cue, 1000),
    "events.tsv": (event_head(), lambda cue, _: event_line(cue), 1),
}
"""The head, an entry by its number, and the unit in microseconds of what is a list of stretches."""


class Stream(Protocol):
    """A file that grows with the frames.  All raise RunError where the disk does not take it."""

    def frame(self, record: FrameRecord) -> None:
        """Write what is known with this frame."""

    def end(self, *, complete: bool) -> Input | None:
        """Write the rest.  What is given is to be written anew in its format; None where the file is done."""


def stream_of(form: str, output: Output, name: str, builder: TimelineBuilder) -> Stream:
    """The way in which a format grows: a table and a list of stretches do, the others are lines first."""
    if form in TABLES:
        return Rows(form, output, name, builder)
    return Cues(form, output, name, builder) if form in _CUES else Lines(output, name, builder)


class Rows:
    """A table: the rows of a frame are written when the frame after it says how long it lasted."""

    def __init__(self, form: str, output: Output, name: str, builder: TimelineBuilder) -> None:
        self._table, self._output, self._name, self._builder = TABLES[form], output, name, builder
        self._shape = Shape([], [])
        self._names: list[str] = []
        self._widen()

    def frame(self, record: FrameRecord) -> None:
        """The rows of the frame before."""
        self._settle(self._builder.push(record))

    def end(self, *, complete: bool) -> None:  # noqa: ARG002 -- a table has no place to say it
        """The rows of the last frame."""
        self._settle(self._builder.end())
        self._widen()

    def _settle(self, settled: tuple[FrameRecord, int] | None) -> None:
        if settled is None:
            return
        self._widen()
        found = (self._table.cells(self._shape, self._name, row) for row in self._builder.rows(*settled))
        self._output.write(as_csv(self._names, [row for row in found if row is not None]))

    def _widen(self) -> None:
        """Have the columns that are wanted by now; rows that are there already get empty cells."""
        shape = Shape(self._builder.columns(), list(self._builder.classes))
        if shape == self._shape:
            return
        self._shape, self._names = shape, self._table.columns(shape)
        self._output.renew(_widened(self._output.part, self._names, self._table.before))


def _widened(path: Path, names: Sequence[str], before: Mapping[str, str]) -> Iterator[bytes]:
    yield as_csv(names, [dict(zip(names, names, strict=True))])
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield as_csv(names, [{**before, **row}])


class Cues:
    """A list of stretches: those that are over, then, written anew with each frame, those that are not.

    They stand in the order in which they ended; in the finished file, in that in which they began.
    """

    def __init__(self, form: str, output: Output, name: str, builder: TimelineBuilder) -> None:
        self._output, self._name, self._builder = output, name, builder
        head, self._entry, self._unit = _CUES[form]
        self._count = self._sure = self._length = 0
        self._put(head.encode(), b"")

    def frame(self, record: FrameRecord) -> None:
        """The stretches up to the frame before."""
        if self._builder.push(record) is not None:
            self._settle()

    def end(self, *, complete: bool) -> Input:
        """All stretches, in the order in which they began."""
        self._builder.end()
        return Input.of(self._name, self._builder.timeline([], complete=complete))

    def _settle(self) -> None:
        over = self._entries(self._builder.closed(), self._count)
        self._count += len(over)
        rest = self._entries(self._builder.open(), self._count)
        if over or rest:
            self._put("".join(over).encode(), "".join(rest).encode())

    def _entries(self, segments: Iterable[tuple[int, Segment]], before: int) -> list[str]:
        found = (stretch_of(*each) for each in segments)
        stretches = [each for each in found if each is not None]
        kept = stretches if self._unit == 1 else rounded(stretches, self._unit)[0]
        return [self._entry(each, number) for number, each in enumerate(kept, before + 1)]

    def _put(self, sure: bytes, rest: bytes) -> None:
        self._output.file.seek(self._sure)
        self._output.write(sure + rest)
        self._sure += len(sure)
        length = self._sure + len(rest)
        if length < self._length:
            self._output.file.truncate(length)
        self._length = length


class Lines:
    """A timeline in lines of JSON, from which the format is made at the end, a frame at a time."""

    def __init__(self, output: Output, name: str, builder: TimelineBuilder) -> None:
        self._output, self._name, self._builder = output, name, builder
        self._line(builder.header)

    def frame(self, record: FrameRecord) -> None:
        """A line."""
        self._line(record)
        self._builder.push(record)

    def end(self, *, complete: bool) -> Input:
        """The timeline; its frames are read from the lines."""
        self._builder.end()
        frames = cast("list[FrameRecord]", _Frames(self._output.part))
        timeline = self._builder.timeline(frames, complete=complete)
        return Input(self._name, timeline, self._builder.columns(), lambda: timeline)

    def _line(self, value: Mapping[str, Any]) -> None:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._output.write(f"{text}\n".encode())


class _Frames:
    """The frames of a timeline in lines, read whenever they are gone through."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[FrameRecord]:
        with self._path.open(encoding="utf-8") as file:
            next(file)
            for line in file:
                yield json.loads(line)
