"""The three formats as bytes, made as the frames come: nothing waits for the end of a run."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Protocol

from ferpipe.output import Output
from ferpipe.timeline.model import FrameRecord, Header, MeasureRecord
from ferpipe.timeline.table import columns, rows

__all__ = ["Document", "Layout", "Lines", "Table", "dumps"]


def dumps(value: Any) -> str:
    """`value` on one line of JSON; raises ValueError for a number that is not finite."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Layout(Protocol):
    """How a timeline stands in its file.  All raise OSError where the disk does not take it."""

    def begin(self, header: Header) -> None:
        """Write what comes before the frames."""
        ...

    def frame(self, record: FrameRecord) -> None:
        """A frame has come; how long it lasts is not known yet."""
        ...

    def settled(self, record: FrameRecord, duration: int, classes: list[str]) -> None:
        """A frame lasted `duration` microseconds; `classes` are those known by now."""
        ...

    def end(self, closing: Mapping[str, Any]) -> None:
        """Write what comes after the frames."""
        ...


class Lines:
    """A line of JSON a record: the header, the frames, the findings."""

    def __init__(self, output: Output) -> None:
        self._file = output.file

    def begin(self, header: Header) -> None:
        """The first line."""
        self._line(header)

    def frame(self, record: FrameRecord) -> None:
        """A line."""
        self._line(record)

    def settled(self, record: FrameRecord, duration: int, classes: list[str]) -> None:
        """Nothing: durations are not in the file."""

    def end(self, closing: Mapping[str, Any]) -> None:
        """The last line."""
        self._line(closing)

    def _line(self, value: Any) -> None:
        self._file.write(f"{dumps(value)}\n".encode())


class Document:
    """One JSON document, a line an entry and a frame: the header, the frames, the findings."""

    def __init__(self, output: Output) -> None:
        self._file = output.file
        self._mark = "\n"
        self._has_classes = False

    def begin(self, header: Header) -> None:
        """All entries up to the first frame; classes that are not known yet come at the end."""
        self._has_classes = bool(header["classes"])
        entries = {key: value for key, value in header.items() if self._has_classes or key != "classes"}
        self._text("{\n" + "".join(f"{json.dumps(key)}: {dumps(value)},\n" for key, value in entries.items()))
        self._text('"frames": [')

    def frame(self, record: FrameRecord) -> None:
        """A line, without its end: whether a comma follows is not known yet."""
        self._text(self._mark + dumps(record))
        self._mark = ",\n"

    def settled(self, record: FrameRecord, duration: int, classes: list[str]) -> None:
        """Nothing: durations are not in the file."""

    def end(self, closing: Mapping[str, Any]) -> None:
        """The findings, and the end of the document."""
        entries = dict(closing) if self._has_classes else {"classes": [], **closing}
        tracks = entries.pop("tracks")
        self._text("\n]" if self._mark != "\n" else "]")
        self._text("".join(f",\n{json.dumps(key)}: {dumps(value)}" for key, value in entries.items()))
        self._text(',\n"tracks": [')
        mark = "\n"
        for track in tracks:
            self._text(mark + dumps(track))
            mark = ",\n"
        self._text("\n]\n}\n" if tracks else "]\n}\n")

    def _text(self, text: str) -> None:
        self._file.write(text.encode())


class Table:
    """A row a face, written when the frame after it says how long it lasted."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._names: list[str] = []
        self._classes: list[str] = []
        self._measures: list[MeasureRecord] = []
        self._optional = {"unsure": False, "pictures": False}

    def begin(self, header: Header) -> None:
        """The columns."""
        self._measures = header["measures"]
        self._widen(header["classes"], unsure="unsure" in header.get("notes", {}))

    def frame(self, record: FrameRecord) -> None:
        """Nothing: a row holds the duration."""

    def settled(self, record: FrameRecord, duration: int, classes: list[str]) -> None:
        """The rows of a frame."""
        unsure = any("unsure" in face for face in record["faces"])
        self._widen(classes, unsure=unsure, pictures="picture" in record)
        cells = rows(record, duration, self._classes, self._measures, unsure=self._optional["unsure"])
        self._output.file.write(_cells(self._names, cells))

    def end(self, closing: Mapping[str, Any]) -> None:
        """Columns of classes of which no row speaks."""
        self._widen(closing.get("classes", self._classes))

    def _widen(self, classes: list[str], **wanted: bool) -> None:
        """Have the columns that are wanted too; rows that are there already get empty cells."""
        optional = {name: there or wanted.get(name, False) for name, there in self._optional.items()}
        if self._names and (classes, optional) == (self._classes, self._optional):
            return
        self._classes, self._optional = list(classes), optional
        self._names = columns(classes, self._measures, **optional)
        self._output.renew(_widened(self._output.part, self._names))


def _widened(path: Path, names: list[str]) -> Iterator[bytes]:
    yield _cells(names, [dict(zip(names, names, strict=True))])
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield _cells(names, [row])


def _cells(names: list[str], records: Iterable[Mapping[str, Any]]) -> bytes:
    text = StringIO()
    csv.DictWriter(text, names, lineterminator="\n").writerows(records)
    return text.getvalue().encode()
