"""A timeline as columns: what a report and a conversion work on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferpipe.timeline import FaceRecord, FrameRecord, Segment, Timeline, Track, load

__all__ = [
    "Floats",
    "Ints",
    "Person",
    "Recording",
    "Span",
    "open_recording",
    "people_of",
    "spans_of",
    "unsure_runs",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in microseconds with one label; None where the label is not known.

    unsure: whether it is not known because the expression is unsure.
    """

    start: int
    end: int
    label: str | None
    unsure: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One track, a value a frame it was seen in.

    frames: positions in the recording's frames, (n,).  probabilities, raw: (n, classes), NaN where not
    known; `raw` is None where nothing was smoothed.  boxes: (n, 4) in pixels.  measures: (n,) each, NaN
    where absent.  unsure: (n,), what the face itself says, else whether its label is not known or has less
    than half of the probability.
    """

    track: int
    frames: Ints
    probabilities: Floats
    raw: Floats | None
    boxes: Floats
    scores: Floats
    unsure: NDArray[np.bool_]
    measures: dict[str, Floats]
    spans: list[Span]
    record: Track


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One timeline: its frames as columns, its people, and where it came from.

    times, durations: of the frames, in microseconds.  offset: microseconds to subtract from a time to
    lay this recording beside the others.
    """

    path: Path
    name: str
    digest: str
    timeline: Timeline
    times: Ints
    durations: Ints
    people: list[Person]
    measures: dict[str, Floats] = field(default_factory=dict)
    offset: int = 0

    @property
    def start(self) -> int:
        """The time of the first frame; 0 where there is none."""
        return int(self.times[0]) if len(self.times) else 0

    @property
    def end(self) -> int:
        """The end of the last frame."""
        return int(self.times[-1] + self.durations[-1]) if len(self.times) else 0

    def described(self) -> list[dict[str, Any]]:
        """What the header says of each measure."""
        return [dict(each) for each in self.timeline.measures]


def open_recording(path: Path) -> Recording:
    """Read a timeline; raises UsageError where it is none."""
    timeline = load(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    frames, durations = [], []
    for record, duration in timeline.paced():
        frames.append(record)
        durations.append(duration)
    times = [round(record["time"] * MICROSECONDS) for record in frames]
    name = timeline.source["name"] if timeline.source else path.name
    return Recording(
        path=path,
        name=name,
        digest=digest,
        timeline=timeline,
        times=np.array(times, np.int64),
        durations=np.array(durations, np.int64),
        people=people_of(frames, timeline.tracks, timeline.classes),
        measures=_columns(frames),
    )


def spans_of(segments: Sequence[Segment]) -> list[Span]:
    """The segments of a track in microseconds."""
    return [
        Span(
            round(each["start"] * MICROSECONDS),
            round(each["end"] * MICROSECONDS),
            each["label"],
            bool(each.get("unsure", False)),
        )
        for each in segments
    ]


def people_of(frames: Sequence[FrameRecord], tracks: Sequence[Track], classes: Sequence[str]) -> list[Person]:
    """The people of `tracks`, each with the frames it was seen in."""
    seen: dict[int, dict[int, FaceRecord]] = {track["id"]: {} for track in tracks}
    for position, record in enumerate(frames):
        for face in record["faces"]:
            if face["track"] is not None:
                # Of two faces with one id in one frame the first counts, as in the summary.
                seen.setdefault(face["track"], {}).setdefault(position, face)
    return [_person(track, seen[track["id"]], classes) for track in tracks]


def unsure_runs(person: Person, recording: Recording) -> tuple[Ints, Ints]:
    """Starts and ends, in microseconds, of the stretches in which the label is unsure or not known."""
    times = recording.times[person.frames]
    ends = times + recording.durations[person.frames]
    apart = (np.diff(person.frames) > 1) | (times[1:] > ends[:-1])
    on = person.unsure
    first = on & np.concatenate([[True], ~on[:-1] | apart])[: len(on)]
    last = on & np.concatenate([~on[1:] | apart, [True]])[: len(on)]
    return times[first], ends[last]


def _person(track: Track, faces: dict[int, FaceRecord], classes: Sequence[str]) -> Person:
    found = list(faces.values())
    probabilities = _table([face["probabilities"] for face in found], classes)
    has_raw = any(face["raw"] is not None for face in found)
    return Person(
        track=track["id"],
        frames=np.fromiter(faces, np.int64, len(faces)),
        probabilities=probabilities,
        raw=_table([face["raw"] for face in found], classes) if has_raw else None,
        boxes=np.array([face["box"] for face in found], np.float64).reshape(-1, 4),
        scores=np.array([np.nan if face["score"] is None else face["score"] for face in found]),
        unsure=np.array([_unsure(face) for face in found], np.bool_),
        measures=_columns(found),
        spans=spans_of(track["segments"]),
        record=track,
    )


def _unsure(face: FaceRecord) -> bool:
    """What a classifier that knows it has said, else whether the label has less than half."""
    said = face.get("unsure")
    if isinstance(said, bool):
        return said
    return (face["probabilities"] or {}).get(face["label"] or "", 0.0) < 0.5


def _table(rows: Sequence[dict[str, float] | None], classes: Sequence[str]) -> Floats:
    empty = dict.fromkeys(classes, np.nan)
    values = [[(row or empty).get(name, np.nan) for name in classes] for row in rows]
    return np.array(values, np.float64).reshape(len(rows), len(classes))


def _columns(records: Sequence[Any]) -> dict[str, Floats]:
    """A column a measure, in the order in which they first come."""
    names = {name: None for record in records for name in record.get("measures") or ()}
    return {
        name: np.array([(record.get("measures") or {}).get(name, np.nan) for record in records], np.float64)
        for name in names
    }
