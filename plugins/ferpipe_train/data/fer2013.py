"""FER2013 as Kaggle gives it: `fer2013.csv`, `icml_face_data.csv`, and FER+'s votes beside it."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe_train.data.faces import (
    FER_CLASSES,
    FERPLUS_COLUMNS,
    SPLITS,
    LabelledFaces,
    split_name,
)
from ferpipe_train.data.image_io import BadPixelsError, fit, parse_pixels

__all__ = ["read_table", "votes_file"]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    number: int
    label: int
    split: int
    pixels: npt.NDArray[np.uint8]


def votes_file(table: Path) -> Path | None:
    """FER+'s `fer2013new.csv` in the folder of `table`, None where it is not there."""
    beside = table.parent / "fer2013new.csv"
    return beside if beside.is_file() and beside != table else None


def read_table(
    path: Path, *, size: int, channels: int, classes: tuple[str, ...] | None = None
) -> LabelledFaces:
    """The faces of a csv file with the columns emotion, pixels and, where there is one, Usage.

    Without Usage every face is in Training.  Bad rows are skipped and named in `problems`.
    Raises UsageError where the file is no such table, or its FER+ votes are of another one.
    """
    names = classes or FER_CLASSES
    rows: list[_Row] = []
    problems: list[tuple[int, str]] = []
    usages: list[str] = []
    for line, record in _records(path):
        usages.append(record.get("usage", "").strip())
        try:
            rows.append(_row(line, len(usages) - 1, record, len(names)))
        except (BadPixelsError, ValueError) as problem:
            problems.append((line, str(problem)))
    rows, strays = _of_one_size(rows)
    problems = sorted(problems + strays)
    if not rows:
        first = f": line {problems[0][0]}: {problems[0][1]}" if problems else ""
        raise UsageError(f"{path} holds no face{first}")
    side = isqrt(len(rows[0].pixels))
    images = np.stack([fit(row.pixels.reshape(side, side), size, channels) for row in rows])
    votes = votes_file(path)
    return LabelledFaces(
        images,
        np.array([row.label for row in rows], np.int64),
        np.array([row.split for row in rows], np.int64),
        names,
        None if votes is None else _votes(votes, usages)[[row.number for row in rows]],
        tuple(f"line {line}: {problem}" for line, problem in problems),
        str(path),
    )


def _records(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of the line and columns of each row; names lower case, without the blanks that
    `icml_face_data.csv` has around them.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            header = [name.strip().lower() for name in _cells(file.readline())]
            if missing := {"emotion", "pixels"} - set(header):
                raise UsageError(
                    f"{path} has no column {' and '.join(sorted(missing))}: it is not a FER2013 table "
                    "(emotion, pixels, Usage)"
                )
            for number, line in enumerate(file, start=2):
                if values := _cells(line):
                    yield number, dict(zip(header, values + [""] * len(header), strict=False))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except csv.Error as error:
        raise UsageError(f"{path} is not a csv file: {error}") from error


def _cells(line: str) -> list[str]:
    """The cells of one line.  A face is one line: a quote that is left open must not swallow the next."""
    return next(csv.reader([line], skipinitialspace=True), [])


def _row(line: int, number: int, record: dict[str, str], classes: int) -> _Row:
    text = record.get("emotion", "").strip()
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"emotion '{text[:20]}' is not a number")
    label = int(text)
    if label >= classes:
        raise ValueError(f"emotion {label} is out of range (0 to {classes - 1})")
    usage = record.get("usage", "Training")
    split = split_name(usage)
    if split is None:
        raise ValueError(f"Usage '{usage.strip()[:20]}' is unknown (one of {', '.join(SPLITS)})")
    return _Row(line, number, label, SPLITS.index(split), parse_pixels(record.get("pixels", "")))


def _of_one_size(rows: list[_Row]) -> tuple[list[_Row], list[tuple[int, str]]]:
    """The rows that have as many pixels as most have, a square number, and what is wrong with the others."""
    if not rows:
        return [], []
    squares = Counter(len(row.pixels) for row in rows if isqrt(len(row.pixels)) ** 2 == len(row.pixels))
    expected = squares.most_common(1)[0][0] if squares else 48 * 48
    strays = [
        (row.line, f"{len(row.pixels)} pixels, expected {expected}")
        for row in rows
        if len(row.pixels) != expected
    ]
    return [row for row in rows if len(row.pixels) == expected], strays


def _votes(path: Path, usages: list[str]) -> npt.NDArray[np.float32]:
    """FER+'s ten vote counts of each row; its rows are in the order of FER2013's."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := set(FERPLUS_COLUMNS) - set(reader.fieldnames or ()):
            raise UsageError(f"{path} is not FER+'s table: it has no column {', '.join(sorted(missing))}")
        votes: list[list[float]] = []
        for row in reader:
            usage = (row.get("Usage") or "").strip()
            beside = usages[len(votes)] if len(votes) < len(usages) else usage
            if split_name(beside) is not None and usage != beside:
                raise UsageError(
                    f"{path}:{reader.line_num}: Usage is '{usage}' where the faces' table has "
                    f"'{beside}': the two files are not of the same faces"
                )
            try:
                votes.append([float(row[column] or 0) for column in FERPLUS_COLUMNS])
            except ValueError as error:
                raise UsageError(f"{path}:{reader.line_num}: a vote is not a number: {error}") from error
    if len(votes) != len(usages):
        raise UsageError(
            f"{path} has {len(votes)} rows, the faces' table {len(usages)}: they must be of the same faces"
        )
    return np.array(votes, np.float32)
