"""Tables: CSV of several timelines, BIDS events, OpenFace's and py-feat's columns."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferpipe.timeline import Timeline
from ferpipe_report.convert.stretches import MICROSECONDS, people

__all__ = [
    "sidecar_of",
    "table_columns",
    "table_rows",
    "write_csv",
    "write_events",
    "write_fex",
    "write_openface",
]

_LOST = "frames without a face, and measures other than the angles of the head"

_FEX = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}


def table_columns(timelines: Sequence[Timeline]) -> list[str]:
    """`file`, then the columns of every timeline in the order in which they first come."""
    return list(dict.fromkeys(["file", *(name for each in timelines for name in each.columns())]))


def table_rows(timeline: Timeline, name: str) -> Iterable[dict[str, Any]]:
    """The rows of a timeline, with the recording's name."""
    return ({"file": name, **row} for row in timeline.rows())


def write_csv(timelines: Mapping[str, Timeline], target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """One table of several timelines, with a column `file`."""
    rows = (row for name, each in timelines.items() for row in table_rows(each, name))
    return {target: _table(table_columns(list(timelines.values())), rows)}, [
        "frames without a face, the source and the model"
    ]


def sidecar_of(target: Path) -> Path:
    """The JSON of the columns beside an events.tsv."""
    return target.with_suffix(".json")


def write_events(timelines: Mapping[str, Timeline], target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """BIDS' events.tsv: onset, duration and trial_type, with a JSON of the columns beside it."""
    several, notes = len(timelines) > 1, []
    rows: list[dict[str, Any]] = []
    for file, timeline in timelines.items():
        found, lost = people(timeline)
        notes += lost
        rows += [
            {
                "onset": _seconds(each.start),
                "duration": _seconds(each.end - each.start),
                "trial_type": each.label,
                "person": each.person,
                "mean_probability": "n/a" if each.mean_probability is None else each.mean_probability,
                **({"file": file} if several else {}),
            }
            for stretches in found.values()
            for each in stretches
        ]
    rows.sort(key=lambda row: (row.get("file", ""), float(row["onset"]), row["person"]))
    columns = [
        "onset",
        "duration",
        "trial_type",
        "person",
        "mean_probability",
        *(["file"] if several else []),
    ]
    about = {
        "trial_type": {"Description": "The expression that the person's face resembles"},
        "person": {"Description": "A person, as ferpipe's tracker numbers them"},
        "mean_probability": {"Description": "Mean probability of the label over the frames of the stretch"},
    }
    return {
        target: _table(columns, rows, "\t"),
        sidecar_of(target): (json.dumps(about, indent=2) + "\n").encode(),
    }, notes


def write_openface(timelines: Mapping[str, Timeline], target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """OpenFace's columns, as far as they were measured, with the labels and probabilities as columns more."""
    turns = {"head.pitch": "pose_Rx", "head.yaw": "pose_Ry", "head.roll": "pose_Rz"}
    measured = {each["name"] for timeline in timelines.values() for each in timeline.measures}
    kept = {name: column for name, column in turns.items() if name in measured}
    several, rows = len(timelines) > 1, []
    classes = list(dict.fromkeys(label for each in timelines.values() for label in each.classes))
    for file, timeline in timelines.items():
        for row in timeline.rows():
            if row["track"] is None:
                continue
            angles = {c: _radians(row.get(f"m_{name}")) for name, c in kept.items()}
            likely = {f"p_{label}": row.get(f"p_{label}") for label in classes}
            rows.append(
                {
                    **({"file": file} if several else {}),
                    "frame": row["index"] + 1,
                    "face_id": row["track"],
                    "timestamp": row["time"],
                    "confidence": row["score"],
                    "success": 1,
                    **angles,
                    "label": row["label"],
                    **likely,
                }
            )
    columns = [*(["file"] if several else []), "frame", "face_id", "timestamp", "confidence", "success"]
    columns += [*kept.values(), "label", *(f"p_{label}" for label in classes)]
    return {target: _table(columns, rows)}, [
        "frames without a face, boxes, and measures but the head's angles"
    ]


def write_fex(timelines: Mapping[str, Timeline], target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """py-feat's columns, as far as they were measured."""
    turns = {"head.pitch": "Pitch", "head.roll": "Roll", "head.yaw": "Yaw"}
    measured = {each["name"] for timeline in timelines.values() for each in timeline.measures}
    kept = {name: column for name, column in turns.items() if name in measured}
    classes = list(dict.fromkeys(label for each in timelines.values() for label in each.classes))
    rows = [
        {
            "frame": row["index"],
            "FaceRectX": row["x"],
            "FaceRectY": row["y"],
            "FaceRectWidth": row["w"],
            "FaceRectHeight": row["h"],
            "FaceScore": row["score"],
            **{column: row.get(f"m_{name}") for name, column in kept.items()},
            **{_FEX.get(label, label): row.get(f"p_{label}") for label in classes},
            "input": file,
            "Identity": None if row["track"] is None else f"Person_{row['track']}",
            "time": row["time"],
        }
        for file, timeline in timelines.items()
        for row in timeline.rows()
    ]
    columns = ["frame", "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    columns += [*kept.values(), *(_FEX.get(label, label) for label in classes), "input", "Identity", "time"]
    return {target: _table(columns, rows)}, [
        "frames without a face, labels, and measures but the head's angles"
    ]


def _radians(degrees: float | None) -> float | None:
    return None if degrees is None else round(math.radians(degrees), 6)


def _seconds(time: int) -> str:
    return f"{time // MICROSECONDS}.{time % MICROSECONDS:06}"


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], separator: str = ",") -> bytes:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, delimiter=separator, lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()
