"""From what flows through the pipeline to what stands in a timeline."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import PurePath
from typing import Any

from ferpipe.errors import redact
from ferpipe.measures import Measure, significant
from ferpipe.packet import Emotion, Face, Packet, StreamInfo
from ferpipe.stages import Context
from ferpipe.timeline.model import (
    FORMAT,
    FaceRecord,
    FrameRecord,
    Header,
    MeasureRecord,
    SourceRecord,
    seconds,
)

__all__ = ["header_from", "header_of", "measure_record", "record_of"]

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


def header_of(
    stream: StreamInfo,
    packet: Packet | None = None,
    *,
    model: Any = None,
    classes: Sequence[str] = (),
    measures: Iterable[Measure] = (),
    notes: Mapping[str, Any] | None = None,
) -> Header:
    """The header of a timeline of `stream`.

    `packet`, the first one, fills in the size of the picture where the source did not know it, and
    the classes where the classifier did not say them.
    measures: those that the faces and the frames may have.
    notes: what else stages noted about the run; made JSON-like, without credentials and folders.
    """
    header: Header = {
        "format": FORMAT,
        "source": _source(stream, packet),
        "model": _plain(model),
        "classes": list(classes) or _classes_in(packet),
        "measures": [measure_record(measure) for measure in measures],
    }
    if notes:
        header["notes"] = _plain(notes)
    return header


def header_from(context: Context, packet: Packet | None) -> Header:
    """The header of the timeline that a sink with this context writes; `packet` is the first one, if any."""
    notes = dict(context.notes)
    if context.provenance:
        notes = {"pipeline": context.provenance, **notes}
    name = packet.frame.source if packet is not None else next(iter(context.streams), context.name)
    return header_of(
        context.streams.get(name) or StreamInfo(name, name),
        packet,
        model=notes.pop("model", None),
        classes=tuple(notes.pop("classes", ())),
        measures=context.measures,
        notes=notes,
    )


def record_of(packet: Packet, digits: int = 4) -> FrameRecord:
    """The record of one packet, with probabilities and scores rounded to `digits` decimals.

    A face whose box is not finite is omitted.  A score that is not finite is None, and so is an
    emotion with a probability that is not finite or not one probability a class.  Measures have six
    significant digits; one that is not finite is omitted.
    """
    faces = [_face(face, digits) for face in packet.faces if all(map(math.isfinite, face.box))]
    record: FrameRecord = {"index": int(packet.frame.index), "time": seconds(packet.time), "faces": faces}
    if packet.frame.discontinuity:
        record["discontinuity"] = True
    if packet.frame.picture is not None:
        record["picture"] = packet.frame.picture
    if measures := _measured(packet.measures):
        record["measures"] = measures
    return record


def _source(stream: StreamInfo, packet: Packet | None) -> SourceRecord:
    height, width = packet.frame.shape[:2] if packet is not None else (None, None)
    record: SourceRecord = {
        "name": _source_name(stream),
        "size": stream.size,
        "duration": None if stream.duration is None else seconds(stream.duration),
        "frames": stream.frames,
        "width": stream.width or width,
        "height": stream.height or height,
    }
    if stream.created is not None:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=stream.created)
        record["created"] = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if stream.timecode is not None:
        record["timecode"] = stream.timecode
    return record


def _source_name(stream: StreamInfo) -> str:
    """A name that is the same on every machine: a URL, or a file's name without its folder."""
    if stream.path is not None:
        return PurePath(stream.path).name
    if _URL.match(stream.uri):
        return redact(stream.uri)
    return PurePath(stream.uri).name or stream.name


def _classes_in(packet: Packet | None) -> list[str]:
    emotions = (face.emotion for face in packet.faces) if packet is not None else ()
    return next((list(emotion.classes) for emotion in emotions if emotion is not None), [])


def _face(face: Face, digits: int) -> FaceRecord:
    emotion = face.emotion if face.emotion is not None and _is_sound(face.emotion) else None
    record: FaceRecord = {
        "track": None if face.track is None else int(face.track),
        "box": [_rounded(value, 1) for value in face.box],
        "score": _rounded(face.score, digits) if math.isfinite(face.score) else None,
        "label": None if emotion is None else emotion.label,
        "probabilities": None if emotion is None else _named(emotion, emotion.probabilities, digits),
        "raw": None if emotion is None or emotion.raw is None else _named(emotion, emotion.raw, digits),
    }
    if emotion is not None and emotion.unsure:
        record["unsure"] = True
    if not face.detected:
        record["detected"] = False
    if measures := _measured(face.measures):
        record["measures"] = measures
    return record


def _measured(values: Mapping[str, float]) -> dict[str, float]:
    return {name: significant(value) for name, value in values.items() if math.isfinite(value)}


def measure_record(measure: Measure) -> MeasureRecord:
    """A measure as the header of a timeline describes it."""
    return {
        "name": measure.name,
        "unit": measure.unit,
        "low": measure.low,
        "high": measure.high,
        "about": measure.about,
        "of": measure.of,
    }


def _is_sound(emotion: Emotion) -> bool:
    vectors = [emotion.probabilities] if emotion.raw is None else [emotion.probabilities, emotion.raw]
    return all(len(each) == len(emotion.classes) and all(map(math.isfinite, each)) for each in vectors)


def _named(emotion: Emotion, values: Iterable[float], digits: int) -> dict[str, float]:
    return {name: _rounded(value, digits) for name, value in zip(emotion.classes, values, strict=True)}


def _rounded(value: float, digits: int) -> float:
    """Rounded, of Python's own type; adding zero makes -0.0 a plain 0.0."""
    return round(float(value), digits) + 0.0


def _plain(value: Any) -> Any:
    """`value` in types that JSON has, without credentials, folders and numbers that are not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, PurePath):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))
