"""Tables of a row a face a frame: CSV of several timelines, OpenFace's and py-feat's columns."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ferpipe_report.convert.inputs import Input

__all__ = ["TABLES", "Shape", "TableFormat", "as_csv", "write_table"]

_BATCH = 1000
"""Rows that are made before they are written."""

_FEX = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}

_RADIANS = {"head.pitch": "pose_Rx", "head.yaw": "pose_Ry", "head.roll": "pose_Rz"}
_DEGREES = {"head.pitch": "Pitch", "head.roll": "Roll", "head.yaw": "Yaw"}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides on the columns: those of the `.csv`, the classes, whether there are several recordings."""

    columns: list[str]
    classes: list[str]
    several: bool = False

    @classmethod
    def of(cls, inputs: Sequence[Input]) -> Shape:
        """The columns and classes of all, in the order in which they first come."""
        columns = dict.fromkeys(name for each in inputs for name in each.columns)
        classes = dict.fromkeys(name for each in inputs for name in each.about.classes)
        return cls(list(columns), list(classes), len(inputs) > 1)

    def angles(self, names: Mapping[str, str]) -> dict[str, str]:
        """The angles that were measured, with their columns."""
        return {name: column for name, column in names.items() if f"m_{name}" in self.columns}

    @property
    def unsure(self) -> list[str]:
        """The column that says where the label is unsure, where there is one."""
        return ["unsure"] if "unsure" in self.columns else []


class TableFormat(NamedTuple):
    """A table: its columns, the cells of a row (None leaves it out), what it cannot hold, and the cells of
    rows from before a column was needed.
    """

    columns: Callable[[Shape], list[str]]
    cells: Callable[[Shape, str, Row], Row | None]
    lost: str
    before: Mapping[str, str]


def _csv_columns(shape: Shape) -> list[str]:
    return ["file", *shape.columns]


def _csv_cells(_: Shape, file: str, row: Row) -> Row:
    return {"file": file, **row}


def _openface_columns(shape: Shape) -> list[str]:
    first = [*(["file"] if shape.several else []), "frame", "face_id", "timestamp", "confidence", "success"]
    shares = [f"p_{label}" for label in shape.classes]
    return [*first, *shape.angles(_RADIANS).values(), "label", *shape.unsure, *shares]


def _openface_cells(shape: Shape, file: str, row: Row) -> Row | None:
    if row["track"] is None:
        return None
    return {
        "file": file,
        "frame": row["index"] + 1,
        "face_id": row["track"],
        "timestamp": row["time"],
        "confidence": row["score"],
        "success": 1,
        **{column: _radians(row.get(f"m_{name}")) for name, column in shape.angles(_RADIANS).items()},
        "label": row["label"],
        **{f"p_{label}": row.get(f"p_{label}") for label in shape.classes},
        **{name: int(bool(row.get(name))) for name in shape.unsure},
    }


def _fex_columns(shape: Shape) -> list[str]:
    first = ["frame", "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    shares = [_FEX.get(label, label) for label in shape.classes]
    return [*first, *shape.angles(_DEGREES).values(), *shares, *shape.unsure, "input", "Identity", "time"]


def _fex_cells(shape: Shape, file: str, row: Row) -> Row:
    return {
        "frame": row["index"],
        "FaceRectX": row["x"],
        "FaceRectY": row["y"],
        "FaceRectWidth": row["w"],
        "FaceRectHeight": row["h"],
        "FaceScore": row["score"],
        **{column: row.get(f"m_{name}") for name, column in shape.angles(_DEGREES).items()},
        **{_FEX.get(label, label): row.get(f"p_{label}") for label in shape.classes},
        **{name: int(bool(row.get(name))) for name in shape.unsure},
        "input": file,
        "Identity": None if row["track"] is None else f"Person_{row['track']}",
        "time": row["time"],
    }


_ANGLES = "measures but the head's angles"

TABLES = {
    "csv": TableFormat(
        _csv_columns,
        _csv_cells,
        "frames without a face, the source and the model",
        {"unsure": "False"},
    ),
    "openface.csv": TableFormat(
        _openface_columns,
        _openface_cells,
        f"frames without a face, boxes, and {_ANGLES}",
        {"unsure": "0"},
    ),
    "fex.csv": TableFormat(
        _fex_columns,
        _fex_cells,
        f"frames without a face, labels, and {_ANGLES}",
        {"unsure": "0"},
    ),
}
"""Columns that are not measured are absent, never 0."""


def write_table(
    form: str, inputs: Sequence[Input], target: Path
) -> tuple[dict[Path, Iterator[bytes]], list[str]]:
    """The table, in pieces, and what it cannot hold."""
    return {target: _pieces(TABLES[form], inputs)}, [TABLES[form].lost]


def _pieces(table: TableFormat, inputs: Sequence[Input]) -> Iterator[bytes]:
    shape = Shape.of(inputs)
    columns = table.columns(shape)
    yield as_csv(columns, [dict(zip(columns, columns, strict=True))])
    for each in inputs:
        found = (table.cells(shape, each.name, row) for row in each.rows())
        rows = (row for row in found if row is not None)
        while batch := list(islice(rows, _BATCH)):
            yield as_csv(columns, batch)


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], separator: str = ",") -> bytes:
    """Rows without a head; keys that are not columns are ignored, and a cell that is not there is empty."""
    text = io.StringIO()
    table = csv.DictWriter(
        text, columns, delimiter=separator, lineterminator="\n", restval="", extrasaction="ignore"
    )
    table.writerows(rows)
    return text.getvalue().encode()


def _radians(degrees: float | None) -> float | None:
    return None if degrees is None else round(math.radians(degrees), 6)
