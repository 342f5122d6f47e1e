"""Write a timeline as it happens, so that a run that is killed loses at most the frame at hand.

Whatever the format, lines of JSON go to `<name>.part` while the run lasts.  At the end a `.jsonl`
gets its closing line and its name; a `.json` and a `.csv` are made of the lines, one by one, so
that memory does not grow with the frames.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from errno import ENOENT
from io import FileIO
from pathlib import Path
from typing import Any, Literal, TextIO, TypeVar

from ferpipe.errors import RunError
from ferpipe.timeline.model import FrameRecord, Header
from ferpipe.timeline.summary import Pace, Tally, paced
from ferpipe.timeline.table import columns, rows

__all__ = ["FORMATS", "Format", "Writer", "dumps", "format_of"]

Format = Literal["json", "jsonl", "csv"]

T = TypeVar("T")

FORMATS: tuple[Format, ...] = ("json", "jsonl", "csv")


def format_of(path: str | Path) -> Format | None:
    """The format that a file name asks for by its extension; None where it asks for none."""
    ending = Path(path).suffix.lower().removeprefix(".")
    return next((form for form in FORMATS if form == ending), None)


def dumps(value: Any) -> str:
    """`value` on one line of JSON; raises ValueError for a number that is not finite."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Writer:
    """Writes one timeline to `target`.

    Raises RunError where the disk does not take it; what was written so far then stays, readable,
    in the `.part` file.
    """

    def __init__(self, target: Path, form: Format, header: Header) -> None:
        self.target = target
        self.form = form
        self.part = target.with_name(target.name + ".part")
        self._header = header
        self._classes = list(header["classes"])
        self._pictures = False
        self._pace = Pace()
        self._tally = Tally()
        self._failure: RunError | None = None
        self._file = self._guard(self._create)
        self._line(header)

    def write(self, record: FrameRecord) -> None:
        """Write one frame; it is in the file when this returns."""
        self._guard(self._look)
        self._line(record)
        self._learn_classes(record)
        self._pictures = self._pictures or "picture" in record
        settled = self._pace.push(record)
        if settled is not None:
            self._tally.add(*settled)

    def close(self, *, complete: bool = True) -> bool:
        """Finish the file and give it its name; `complete` says that the source was seen to its end.

        False where an earlier failure, which was raised then, left the file unfinished.
        """
        if self._failure is not None:
            self._file.close()
            return False
        settled = self._pace.end()
        if settled is not None:
            self._tally.add(*settled)
        closing = self._closing(complete=complete)
        self._line(closing)
        self._guard(lambda: self._finish(closing))
        return True

    def _closing(self, *, complete: bool) -> dict[str, Any]:
        late = {"classes": self._classes} if self._classes != self._header["classes"] else {}
        summary = self._tally.summary(self._classes)
        return {**late, "complete": complete, "summary": summary, "tracks": self._tally.tracks(self._classes)}

    def _learn_classes(self, record: FrameRecord) -> None:
        """A classifier that leaves no note is known by the first emotion it gives."""
        if not self._classes:
            found = (face["probabilities"] for face in record["faces"])
            self._classes = next((list(each) for each in found if each), [])

    def _create(self) -> FileIO:
        return self.part.open("wb", buffering=0)

    def _look(self) -> None:
        if not self.part.exists():
            raise FileNotFoundError(ENOENT, "its folder, or what was written of it, is no longer there")

    def _line(self, value: Any) -> None:
        line = f"{dumps(value)}\n".encode()
        self._guard(lambda: _write_all(self._file, line))

    def _guard(self, work: Callable[[], T]) -> T:
        """Do `work`; after a failure the file is left as it is, so that it stays readable."""
        if self._failure is not None:
            raise self._failure
        try:
            return work()
        except OSError as error:
            why = error.strerror or str(error)
            kept = f"; what was written is in '{self.part}'" if self.part.exists() else ""
            self._failure = RunError(f"cannot write the timeline '{self.target}': {why}{kept}")
            raise self._failure from error

    def _finish(self, closing: dict[str, Any]) -> None:
        self._file.close()
        self._look()
        if self.form == "jsonl":
            self.part.replace(self.target)
            return
        made = self.target.with_name(self.target.name + ".tmp")
        try:
            with (
                self.part.open(encoding="utf-8") as lines,
                made.open("w", encoding="utf-8", newline="") as out,
            ):
                self._convert(_frame_lines(lines), out, closing)
        except OSError:
            made.unlink(missing_ok=True)
            raise
        made.replace(self.target)
        self.part.unlink()

    def _convert(self, lines: Iterator[str], out: TextIO, closing: dict[str, Any]) -> None:
        if self.form == "json":
            _write_document(lines, out, {**self._header, **closing})
        else:
            names = columns(self._classes, pictures=self._pictures)
            _write_table(map(json.loads, lines), out, names, self._classes)


def _write_all(file: FileIO, data: bytes) -> None:
    """An unbuffered file may take less than it is given, as on a disk that is getting full."""
    while data:
        data = data[file.write(data) :]


def _frame_lines(lines: TextIO) -> Iterator[str]:
    """The lines between the header and the closing one, with one held back to know the last."""
    next(lines)
    held = next(lines)
    for line in lines:
        yield held.rstrip("\n")
        held = line


def _write_document(lines: Iterator[str], out: TextIO, rest: dict[str, Any]) -> None:
    """One JSON document: the head and the findings first, for who looks into it, then a line a frame."""
    tracks = rest.pop("tracks")
    entries = (f"{json.dumps(key)}: {dumps(value)}" for key, value in rest.items())
    out.write("{\n" + ",\n".join(entries))
    _write_list(out, "tracks", map(dumps, tracks))
    _write_list(out, "frames", lines)
    out.write("\n}\n")


def _write_list(out: TextIO, key: str, items: Iterable[str]) -> None:
    out.write(f",\n{json.dumps(key)}: [")
    mark = "\n"
    for item in items:
        out.write(mark + item)
        mark = ",\n"
    out.write("\n]" if mark != "\n" else "]")


def _write_table(records: Iterable[FrameRecord], out: TextIO, names: list[str], classes: list[str]) -> None:
    table = csv.DictWriter(out, names, lineterminator="\n")
    table.writeheader()
    for record, duration in paced(records):
        for row in rows(record, duration, classes):
            table.writerow(row)
