"""A timeline as a tidy table: a row a face a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ferpipe.timeline.model import FaceRecord, FrameRecord, MeasureRecord, microseconds, seconds

__all__ = ["classes_of", "columns", "frames_of", "measures_of", "rows"]

_BOX = ("x", "y", "w", "h")
_FIXED = ("index", "time", "duration", "track", *_BOX, "score", "detected", "label")


_MEASURES = {"face": "m_", "frame": "frame_"}
"""How the columns of measures begin, by what they describe."""


def columns(
    classes: Iterable[str],
    measures: Iterable[MeasureRecord] = (),
    *,
    unsure: bool = False,
    pictures: bool = False,
) -> list[str]:
    """The names of the columns; `p_happy` is a probability, `raw_happy` the one before smoothing,
    `m_head.yaw` a measure of the face, `frame_light` one of the frame.

    unsure: whether a column says where the label is unsure.
    pictures: whether a column contains the file of each frame.
    """
    names = list(classes)
    fixed = [*_FIXED, *(["unsure"] if unsure else []), *(["picture"] if pictures else [])]
    shares = [f"{prefix}{name}" for prefix in ("p_", "raw_") for name in names]
    return [*fixed, *shares, *(_MEASURES[measure["of"]] + measure["name"] for measure in measures)]


def classes_of(names: Iterable[str]) -> list[str]:
    """The classes that the columns speak of; raises KeyError where a column of the format lacks."""
    found = list(names)
    for name in _FIXED:
        if name not in found:
            raise KeyError(name)
    return [name.removeprefix("p_") for name in found if name.startswith("p_")]


def measures_of(names: Iterable[str]) -> list[MeasureRecord]:
    """The measures that the columns speak of, as far as a table knows them: units and ranges it does not."""
    return [
        {
            "name": name.removeprefix(prefix),
            "unit": "",
            "low": None,
            "high": None,
            "about": "",
            "of": of,
        }
        for name in names
        for of, prefix in _MEASURES.items()
        if name.startswith(prefix)
    ]


def rows(
    record: FrameRecord,
    duration: int,
    classes: Iterable[str],
    measures: Iterable[MeasureRecord] = (),
    *,
    unsure: bool = False,
) -> Iterator[dict[str, Any]]:
    """A row a face of a frame that lasted `duration` microseconds; None where nothing is known.

    unsure: whether there is a cell that says whether the label is unsure.
    """
    names, of_frame = list(classes), record.get("measures", {})
    measured = [(measure["name"], measure["of"]) for measure in measures]
    picture = {"picture": record["picture"]} if "picture" in record else {}
    for face in record["faces"]:
        likely, raw = face["probabilities"] or {}, face["raw"] or {}
        known = {"face": face.get("measures", {}), "frame": of_frame}
        yield {
            "index": record["index"],
            "time": record["time"],
            "duration": seconds(duration),
            "track": face["track"],
            **dict(zip(_BOX, face["box"], strict=True)),
            "score": face["score"],
            "detected": face.get("detected", True),
            "label": face["label"],
            **({"unsure": face.get("unsure", False)} if unsure else {}),
            **picture,
            **{f"p_{name}": likely.get(name) for name in names},
            **{f"raw_{name}": raw.get(name) for name in names},
            **{_MEASURES[of] + name: known[of].get(name) for name, of in measured},
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
            if measures := _measures(row, "frame"):
                frame["measures"] = measures
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
    if row.get("unsure") == "True":
        face["unsure"] = True
    if row["detected"] == "False":
        face["detected"] = False
    if measures := _measures(row, "face"):
        face["measures"] = measures
    return face


def _measures(row: Mapping[str, str], of: str) -> dict[str, float]:
    prefix = _MEASURES[of]
    cells = {
        name.removeprefix(prefix): cell for name, cell in row.items() if name and name.startswith(prefix)
    }
    return {name: float(cell) for name, cell in cells.items() if cell}


def _numbers(row: Mapping[str, str], names: list[str], prefix: str) -> dict[str, float] | None:
    cells = {name: row[prefix + name] for name in names}
    return {name: float(cell) for name, cell in cells.items()} if all(cells.values()) and cells else None
