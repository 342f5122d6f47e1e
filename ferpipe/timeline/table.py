"""A timeline as a tidy table: a row a face a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ferpipe.timeline.model import FaceRecord, FrameRecord, microseconds, seconds

__all__ = ["classes_of", "columns", "frames_of", "rows"]

_BOX = ("x", "y", "w", "h")
_FIXED = ("index", "time", "duration", "track", *_BOX, "score", "detected", "label")


def columns(classes: Iterable[str], *, pictures: bool = False) -> list[str]:
    """The names of the columns; `p_happy` is a probability, `raw_happy` the one before smoothing.

    pictures: whether a column tells the file of each frame.
    """
    names = list(classes)
    fixed = (*_FIXED, "picture") if pictures else _FIXED
    return [*fixed, *(f"p_{name}" for name in names), *(f"raw_{name}" for name in names)]


def classes_of(names: Iterable[str]) -> list[str]:
    """The classes that the columns speak of; raises KeyError where a column of the format lacks."""
    found = list(names)
    for name in _FIXED:
        if name not in found:
            raise KeyError(name)
    return [name.removeprefix("p_") for name in found if name.startswith("p_")]


def rows(record: FrameRecord, duration: int, classes: Iterable[str]) -> Iterator[dict[str, Any]]:
    """A row a face of a frame that lasted `duration` microseconds; None where nothing is known."""
    names = list(classes)
    picture = {"picture": record["picture"]} if "picture" in record else {}
    for face in record["faces"]:
        likely, raw = face["probabilities"] or {}, face["raw"] or {}
        yield {
            "index": record["index"],
            "time": record["time"],
            "duration": seconds(duration),
            "track": face["track"],
            **dict(zip(_BOX, face["box"], strict=True)),
            "score": face["score"],
            "detected": face.get("detected", True),
            "label": face["label"],
            **picture,
            **{f"p_{name}": likely.get(name) for name in names},
            **{f"raw_{name}": raw.get(name) for name in names},
        }


def frames_of(
    table: Iterable[Mapping[str, str]], classes: Iterable[str]
) -> Iterator[tuple[FrameRecord, int]]:
    """The frames, with durations in microseconds, that rows of text stand for.

    Raises ValueError where a cell is no number.
    """
    names = list(classes)
    frame: FrameRecord | None = None
    duration = 0
    for row in table:
        index = int(row["index"])
        if frame is None or frame["index"] != index:
            if frame is not None:
                yield frame, duration
            frame = {"index": index, "time": float(row["time"]), "faces": []}
            if row.get("picture"):
                frame["picture"] = row["picture"]
            duration = microseconds(float(row["duration"]))
        frame["faces"].append(_face(row, names))
    if frame is not None:
        yield frame, duration


def _face(row: Mapping[str, str], names: list[str]) -> FaceRecord:
    face: FaceRecord = {
        "track": int(row["track"]) if row["track"] else None,
        "box": [float(row[side]) for side in _BOX],
        "score": float(row["score"]) if row["score"] else None,
        "label": row["label"] or None,
        "probabilities": _numbers(row, names, "p_"),
        "raw": _numbers(row, names, "raw_"),
    }
    if row["detected"] == "False":
        face["detected"] = False
    return face


def _numbers(row: Mapping[str, str], names: list[str], prefix: str) -> dict[str, float] | None:
    cells = {name: row[prefix + name] for name in names}
    return {name: float(cell) for name, cell in cells.items()} if all(cells.values()) and cells else None
