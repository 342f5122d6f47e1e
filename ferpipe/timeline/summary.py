"""Tracks, segments and the summary, added up frame by frame in memory that frames do not fill.

How long a frame lasts and where a segment ends is defined in docs/timeline.md; the constants
here are the ones named there.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median_low

from ferpipe.timeline.model import (
    FaceRecord,
    FrameRecord,
    Segment,
    SourceRecord,
    Summary,
    Track,
    microseconds,
    seconds,
)
from ferpipe.timeline.spread import Spreads

__all__ = ["BRIDGE", "HOLD", "Pace", "SummaryBuilder", "paced", "usual_pace"]

HOLD = 1_000_000
"""Microseconds that a frame may last without looking like an outage."""

BRIDGE = 500_000
"""Microseconds that a face may be lost without ending its segment."""

_USUAL = 4
"""A step of up to so many usual ones is no outage, however long it is."""

_RECENT = 1000
"""How many steps the usual one is the median of."""


class Pace:
    """Says how long each frame lasted, which the frame after it decides.

    step: microseconds that a frame lasts where it is the only one, as its source says.
    end: microseconds at which the source ends, by its own account; 0 where it does not say.
    """

    def __init__(self, step: int = 0, end: int = 0) -> None:
        self._step = step
        self._end = end
        self._pending: FrameRecord | None = None
        self._steps: deque[int] = deque(maxlen=_RECENT)

    def push(self, record: FrameRecord) -> tuple[FrameRecord, int] | None:
        """Take a frame; give the one before it, with its duration in microseconds."""
        before, self._pending = self._pending, record
        if before is None:
            return None
        step = microseconds(record["time"]) - microseconds(before["time"])
        if record.get("discontinuity", False) or not self._is_plausible(step):
            return before, min(step, self._usual())
        self._steps.append(step)
        return before, step

    def end(self) -> tuple[FrameRecord, int] | None:
        """Give the last frame: it lasts as long as frames usually did, or clearly less if the source ends."""
        last, self._pending = self._pending, None
        if last is None:
            return None
        usual = self._usual() if self._steps or "picture" in last else self._step
        left = self._end - microseconds(last["time"])
        return last, left if 0 < left < usual // 2 else usual

    def _is_plausible(self, step: int) -> bool:
        return step <= HOLD or not self._steps or step <= _USUAL * self._usual()

    def _usual(self) -> int:
        return median_low(self._steps) if self._steps else 0


def usual_step(source: SourceRecord | None) -> int:
    """Microseconds that a frame of this source lasts, by its own account; 0 where it does not say."""
    if source is None or not source["duration"] or not source["frames"]:
        return 0
    return microseconds(source["duration"]) // source["frames"]


def usual_pace(source: SourceRecord | None) -> Pace:
    """The pace of a source, which knows what the source says of its length."""
    return Pace(usual_step(source), microseconds((source and source["duration"]) or 0))


def paced(
    records: Iterable[FrameRecord], source: SourceRecord | None = None
) -> Iterator[tuple[FrameRecord, int]]:
    """Each record of `source` with its duration in microseconds."""
    pace = usual_pace(source)
    for record in records:
        if (settled := pace.push(record)) is not None:
            yield settled
    if (settled := pace.end()) is not None:
        yield settled


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    label: str | None
    unsure: bool
    total: float = 0.0
    frames: int = 0

    def grow(self, end: int, probability: float | None) -> None:
        self.end = end
        self.frames += 1
        self.total += probability or 0.0

    def as_segment(self) -> Segment:
        mean = None if self.label is None else round(self.total / self.frames, 4)
        segment: Segment = {
            "start": seconds(self.start),
            "end": seconds(self.end),
            "label": self.label,
            "mean_probability": mean,
        }
        if self.unsure:
            segment["unsure"] = True
        return segment


@dataclass(slots=True)
class _Person:
    id: int
    first: int
    last: int = -1
    epoch: int = 0
    frames: int = 0
    spans: list[_Span] = field(default_factory=list)
    spreads: Spreads = field(default_factory=Spreads)
    given: int = 0

    def see(self, face: FaceRecord, time: int, duration: int, epoch: int) -> None:
        label, unsure = face["label"], face.get("unsure", False)
        span = self._open_span(time, epoch)
        if span is None or (span.label, span.unsure) != (label, unsure):
            span = _Span(time, time, label, unsure)
            self.spans.append(span)
        span.grow(time + duration, (face["probabilities"] or {}).get(label or ""))
        self.spreads.add(face.get("measures", {}), duration)
        self.last, self.epoch = time, epoch
        self.frames += 1

    def _open_span(self, time: int, epoch: int) -> _Span | None:
        """The segment that still runs at `time`, carried over a short loss of the face."""
        if not self.spans or epoch != self.epoch or time - self.spans[-1].end > BRIDGE:
            return None
        span = self.spans[-1]
        span.end = max(span.end, time)
        return span


@dataclass(slots=True)
class _Time:
    """Time and frames a label; `unsure` is the time, and the frames, in which it was not known."""

    spent: Counter[str] = field(default_factory=Counter)
    frames: Counter[str] = field(default_factory=Counter)
    unsure: tuple[int, int] = (0, 0)

    def add(self, label: str | None, spent: int, frames: int, *, unsure: bool) -> None:
        if unsure:
            self.unsure = self.unsure[0] + spent, self.unsure[1] + frames
        if label is not None:
            self.spent[label] += spent
            self.frames[label] += frames

    def seconds(self, classes: Sequence[str]) -> dict[str, float]:
        return {label: seconds(self.spent[label]) for label in self._ordered(classes)}

    def share(self, classes: Sequence[str]) -> dict[str, float]:
        total = sum(self.spent.values())
        return {label: round(self.spent[label] / total, 4) for label in self._ordered(classes) if total}

    def dominant(self, classes: Sequence[str]) -> str | None:
        """The label of most time, where that ties of most frames, then the first of the classes."""
        return max(
            self._ordered(classes), key=lambda label: (self.spent[label], self.frames[label]), default=None
        )

    def _ordered(self, classes: Sequence[str]) -> list[str]:
        known = [label for label in classes if label in self.spent]
        return known + sorted(self.spent.keys() - set(classes))


class SummaryBuilder:
    """Builds the tracks and the summary from frames and their durations, in the order of time."""

    def __init__(self) -> None:
        self._people: dict[int, _Person] = {}
        self._running: dict[int, _Person] = {}
        self._untracked = _Time()
        self._spreads = Spreads()
        self._frames = self._empty = self._faces = self._epoch = 0
        self._start: int | None = None
        self._end = 0

    def add(self, record: FrameRecord, duration: int) -> None:
        """Take a frame that lasted `duration` microseconds."""
        time = microseconds(record["time"])
        self._start = time if self._start is None else self._start
        self._end = time + duration
        self._frames += 1
        self._epoch += record.get("discontinuity", False)
        self._empty += not record["faces"]
        self._spreads.add(record.get("measures", {}), duration)
        for face in record["faces"]:
            self._see(face, time, duration)

    def _see(self, face: FaceRecord, time: int, duration: int) -> None:
        self._faces += 1
        if face["track"] is None:
            self._untracked.add(face["label"], duration, 1, unsure=face.get("unsure", False))
            self._spreads.add(face.get("measures", {}), duration)
            return
        person = self._people.setdefault(face["track"], _Person(face["track"], time))
        # Of two faces with one id in one frame the first counts: nobody is in two places.
        if person.last != time:
            person.see(face, time, duration, self._epoch)
            self._running[person.id] = person
            self._spreads.add(face.get("measures", {}), duration)

    def closed(self) -> list[tuple[int, Segment]]:
        """The segments that no later frame can extend, each once, with their tracks."""
        found: list[tuple[int, Segment]] = []
        for track, person in list(self._running.items()):
            over = person.epoch != self._epoch or self._end - person.spans[-1].end > BRIDGE
            until = len(person.spans) if over else len(person.spans) - 1
            found += [(track, span.as_segment()) for span in person.spans[person.given : until]]
            person.given = until
            if over:
                del self._running[track]
        return found

    def open(self) -> list[tuple[int, Segment]]:
        """The segments that `closed` has not given yet, as far as they have come."""
        running = self._running.items()
        return [(track, span.as_segment()) for track, each in running for span in each.spans[each.given :]]

    @property
    def untracked(self) -> tuple[Counter[str], int]:
        """Faces a label of those that nobody follows, and how many are unsure."""
        return self._untracked.frames, self._untracked.unsure[1]

    def tracks(self, classes: Sequence[str]) -> list[Track]:
        """The tracks, by id."""
        return [_track(person, classes) for _, person in sorted(self._people.items())]

    def summary(self, classes: Sequence[str]) -> Summary:
        """The whole in a few numbers."""
        untracked = self._untracked
        time = _Time(untracked.spent.copy(), untracked.frames.copy(), untracked.unsure)
        for person in self._people.values():
            for span in person.spans:
                time.add(span.label, span.end - span.start, span.frames, unsure=span.unsure)
        summary: Summary = {
            "frames": self._frames,
            "frames_without_faces": self._empty,
            "faces": self._faces,
            "tracks": len(self._people),
            "duration": seconds(self._end - (self._start or 0)),
            "seconds": time.seconds(classes),
            "share": time.share(classes),
            "dominant": time.dominant(classes),
        }
        if time.unsure[0]:
            summary["unsure"] = seconds(time.unsure[0])
        if spreads := self._spreads.as_record():
            summary["measures"] = spreads
        return summary


def _track(person: _Person, classes: Sequence[str]) -> Track:
    time = _Time()
    for span in person.spans:
        time.add(span.label, span.end - span.start, span.frames, unsure=span.unsure)
    track: Track = {
        "id": person.id,
        "first": seconds(person.first),
        "last": seconds(person.last),
        "frames": person.frames,
        "seconds": time.seconds(classes),
        "dominant": time.dominant(classes),
        "segments": [span.as_segment() for span in person.spans],
    }
    if time.unsure[0]:
        track["unsure"] = seconds(time.unsure[0])
    if spreads := person.spreads.as_record():
        track["measures"] = spreads
    return track
