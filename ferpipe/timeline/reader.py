"""Read a timeline back: any of the three formats, also one that a killed run left as `.part`."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

from ferpipe.errors import UsageError
from ferpipe.timeline.damage import check_findings, check_frames, check_header
from ferpipe.timeline.model import (
    FORMAT,
    FrameRecord,
    Header,
    MeasureRecord,
    SourceRecord,
    Summary,
    Track,
)
from ferpipe.timeline.summary import SummaryBuilder, paced
from ferpipe.timeline.table import classes_of, columns, frames_of, measures_of, rows

__all__ = ["Timeline", "load"]

_READ = ("ferpipe.timeline/1", FORMAT)
"""What this ferpipe reads; version 1 has neither measures nor notes."""
_VERSION = re.compile(r"ferpipe\.timeline/(\d+)")


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline in memory; the entries are those of the JSON document.

    complete: False where the run was cut short.
    measures: what the measures of faces and frames are; a `.csv` knows their names only.
    notes: what stages noted about the run, such as the detector's name.
    """

    source: SourceRecord | None
    model: Any
    classes: list[str]
    frames: list[FrameRecord]
    tracks: list[Track]
    summary: Summary
    complete: bool = True
    measures: list[MeasureRecord] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """In one line: a notebook shows what a cell ends with, and a timeline may hold an hour."""
        name = self.source["name"] if self.source else "of a table"
        frames, tracks, seconds = len(self.frames), len(self.tracks), self.summary["duration"]
        cut = "" if self.complete else ", cut short"
        return f"<Timeline {name}: {frames} frames, {tracks} tracks, {seconds} s{cut}>"

    def paced(self) -> Iterator[tuple[FrameRecord, int]]:
        """Each frame with how long it lasts, in microseconds."""
        return paced(self.frames, self.source)

    def columns(self) -> list[str]:
        """The columns of the `.csv`."""
        pictures = any("picture" in record for record in self.frames)
        return columns(self.classes, self.measures, unsure=self._may_be_unsure(), pictures=pictures)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the `.csv`, one a face a frame, by column; None where a value is not known."""
        unsure = self._may_be_unsure()
        for record, lasted in self.paced():
            yield from rows(record, lasted, self.classes, self.measures, unsure=unsure)

    def to_pandas(self) -> Any:
        """A DataFrame with a row a face a frame and the columns of the `.csv`.

        Raises UsageError where pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise UsageError("to_pandas() needs pandas: pip install pandas") from error
        frame = pd.DataFrame(list(self.rows()), columns=self.columns())
        numbers = {name: "float64" for name in columns((), self.measures) if name not in columns(())}
        kinds = {"track": "Int64", "index": "int64", "detected": "bool", "unsure": "bool", **numbers}
        return frame.astype({name: kind for name, kind in kinds.items() if name in frame})

    def _may_be_unsure(self) -> bool:
        """Whether labels can be unsure: a stage has noted it, or a face is."""
        return "unsure" in self.notes or any(
            "unsure" in face for record in self.frames for face in record["faces"]
        )


def load(path: str | Path) -> Timeline:
    """The timeline in a `.json`, `.jsonl` or `.csv` file, or in the `.part` of one.

    What the file is shows in its content, not in its name.  A last line that was cut short is left
    out.  A `.csv` does not contain the source, the model and the frames without a face.

    Raises UsageError where the file cannot be read, is not a timeline, is damaged, or is of a version
    that this ferpipe does not know.
    """
    where = Path(path)
    try:
        # Spreadsheets begin a text with a byte order mark.
        with where.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, where)
    except OSError as error:
        raise UsageError(f"cannot read the timeline '{where}': {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"'{where}' is not a timeline: it is not text") from error


def _read(file: TextIO, where: Path) -> Timeline:
    first = file.readline()
    file.seek(0)
    if not first.lstrip().startswith("{"):
        return _read_table(file, where)
    head = _parse(first)
    if isinstance(head, dict) and "frames" not in head:
        return _read_lines(file, where)
    document = _parse(file.read())
    if isinstance(document, dict):
        return _from_document(document, where)
    file.seek(0)
    return _read_cut(file, where)


def _read_cut(file: TextIO, where: Path) -> Timeline:
    """A document that a run which was killed has begun, as `Document` writes it: a line a frame."""
    head, has_frames = _head_of(file)
    if head is None:
        raise UsageError(f"'{where}' is not a timeline, or it is cut short: it is not valid JSON")
    _check_version(head, where)
    header = cast("Header", {"classes": [], **head})
    frames: list[FrameRecord] = []
    for line in file if has_frames else ():
        entry = line.strip().removesuffix(",")
        value = _parse(entry)
        if isinstance(value, dict):
            frames.append(cast("FrameRecord", value))
        elif entry == "]" or not line.endswith("\n"):
            break
        else:
            raise UsageError(f"'{where}' is damaged: frame {len(frames)} is not a JSON object")
    return _recounted(frames, header, where)


def _head_of(file: TextIO) -> tuple[dict[str, Any] | None, bool]:
    """What a document says before its frames, and whether there are any; None where it is none, or is
    cut short there.
    """
    lines: list[str] = []
    for line in file:
        entry = line.strip().removesuffix(",")
        if entry in {'"frames": [', '"frames": []'}:
            head = _parse("".join(lines).rstrip().removesuffix(",") + "}")
            return head if isinstance(head, dict) and "source" in head else None, entry.endswith("[")
        lines.append(line)
    return None, False


def _from_document(document: dict[str, Any], where: Path) -> Timeline:
    _check_version(document, where)
    check_header(document, where)
    check_findings(document, document["classes"], where)
    check_frames(document.get("frames"), document["classes"], where)
    return Timeline(
        source=document["source"],
        model=document["model"],
        classes=document["classes"],
        frames=document["frames"],
        tracks=document["tracks"],
        summary=document["summary"],
        complete=document["complete"],
        measures=document.get("measures", []),
        notes=document.get("notes", {}),
    )


def _read_lines(file: TextIO, where: Path) -> Timeline:
    lines = _objects(file, where)
    header = cast("Header", next(lines))
    _check_version(header, where)
    frames: list[FrameRecord] = []
    closing: dict[str, Any] = {}
    for line in lines:
        if "summary" in line:
            closing = line
        else:
            frames.append(cast("FrameRecord", line))
    if closing:
        return _from_document({**header, **closing, "frames": frames}, where)
    return _recounted(frames, header, where)


def _recounted(frames: list[FrameRecord], header: Header, where: Path) -> Timeline:
    """A timeline without its findings: the tracks and the summary are added up anew."""
    check_header(header, where)
    check_frames(frames, header["classes"], where)
    found = (face["probabilities"] for record in frames for face in record["faces"])
    classes = header["classes"] or next((list(each) for each in found if each), [])
    builder = SummaryBuilder()
    for record, duration in paced(frames, header["source"]):
        builder.add(record, duration)
    return Timeline(
        source=header["source"],
        model=header["model"],
        classes=classes,
        frames=frames,
        tracks=builder.tracks(classes),
        summary=builder.summary(classes),
        complete=False,
        measures=header.get("measures", []),
        notes=header.get("notes", {}),
    )


def _objects(file: Iterable[str], where: Path) -> Iterator[dict[str, Any]]:
    """The objects of the lines; a line that is cut short ends them."""
    for number, line in enumerate(file, 1):
        value = _parse(line)
        if isinstance(value, dict):
            yield value
        elif line.endswith("\n"):
            raise UsageError(f"'{where}' is damaged: line {number} is not a JSON object")
        else:
            return


def _read_table(file: TextIO, where: Path) -> Timeline:
    table = csv.DictReader(file)
    try:
        classes = classes_of(table.fieldnames or ())
    except KeyError as error:
        raise UsageError(
            f"'{where}' is not a timeline: it is not JSON, and a table without a column '{error.args[0]}'"
        ) from error
    frames: list[FrameRecord] = []
    builder = SummaryBuilder()
    try:
        for record, duration in frames_of(_of_one_recording(table, where), classes):
            frames.append(record)
            builder.add(record, duration)
    except (ValueError, OverflowError, TypeError, KeyError, csv.Error) as error:
        raise UsageError(f"'{where}' is damaged: line {table.line_num} is not a row of a timeline") from error
    check_frames(frames, classes, where)
    return Timeline(
        source=None,
        model=None,
        classes=classes,
        frames=frames,
        tracks=builder.tracks(classes),
        summary=builder.summary(classes),
        measures=measures_of(table.fieldnames or ()),
    )


def _of_one_recording(table: Iterable[dict[str, str]], where: Path) -> Iterator[dict[str, str]]:
    """The rows; raises UsageError where a column `file`, as `ferpipe convert` writes it, names several."""
    first = None
    for row in table:
        name = row.get("file")
        first = name if first is None else first
        if name != first:
            raise UsageError(
                f"'{where}' contains several recordings, '{first}' and '{name}': "
                "give the timelines that it was made of"
            )
        yield row


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _check_version(head: Any, where: Path) -> None:
    found = head.get("format")
    if found in _READ:
        return
    if isinstance(found, str) and _VERSION.fullmatch(found):
        raise UsageError(f"'{where}' is of format '{found}'; this ferpipe reads '{FORMAT}': update ferpipe")
    raise UsageError(f"'{where}' is not a timeline: its 'format' is not '{FORMAT}'")
