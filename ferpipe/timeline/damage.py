"""Whether what a file contains has the shapes of a timeline; what does not is named with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from ferpipe.errors import UsageError
from ferpipe.timeline.model import FrameRecord, MeasureRecord, SourceRecord, Summary, Track, microseconds

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["check_findings", "check_frames", "check_header"]

_AT_ONCE = 1000
"""Frames that are checked together: the check makes a copy of them, which is dropped again."""

_LATEST = 2**53
"""Microseconds up to which seconds are exact."""

_LARGEST = 2**63
_SIDES = 4

_NO_CLASS = "not one of the classes"
_NO_ID = "larger than an id can be"


class _Header(TypedDict):
    source: SourceRecord | None
    model: Any
    classes: list[str]
    measures: list[MeasureRecord]
    notes: dict[str, Any]


class _Findings(TypedDict):
    tracks: list[Track]
    summary: Summary
    complete: bool


def check_header(header: Mapping[str, Any], where: Path) -> None:
    """Raises UsageError where an entry before the frames is not what the format requires."""
    _check(_header, [{"measures": [], "notes": {}, **header}], where)
    for key in _Header.__annotations__:
        _check_text(key, header.get(key), where)


def check_frames(frames: Any, classes: Sequence[str], where: Path) -> None:
    """Raises UsageError where a frame or a face is not what the format requires: an entry is missing or of
    another type, a number is not finite, a frame is not later than the one before it, or a label is none of
    `classes`, where these are known.
    """
    if not isinstance(frames, list):
        raise _damaged(where, "frames: not a list")
    for first in range(0, len(frames), _AT_ONCE):
        _check(_frames, frames[first : first + _AT_ONCE], where, "frames", first)
    for i, (before, after) in enumerate(pairwise(frames), 1):
        if after["time"] <= before["time"]:
            raise _damaged(where, f"frames[{i}].time: not later than that of the frame before it")
    for i in (0, -1) if frames else ():
        _check_time(frames[i]["time"], f"frames[{i % len(frames)}].time", where)
    known = {None, *classes}
    for i, record in enumerate(frames):
        for j, face in enumerate(record["faces"]):
            if len(face["box"]) != _SIDES:
                raise _damaged(where, f"frames[{i}].faces[{j}].box: not x, y, w and h")
            if classes and face["label"] not in known:
                raise _damaged(where, f"frames[{i}].faces[{j}].label: {_NO_CLASS}")
            if abs(face["track"] or 0) >= _LARGEST:
                raise _damaged(where, f"frames[{i}].faces[{j}].track: {_NO_ID}")


def check_findings(findings: Mapping[str, Any], classes: Sequence[str], where: Path) -> None:
    """Raises UsageError where tracks or summary are not what the format requires: also where a track is
    there twice, a segment ends before it starts, or its label is none of `classes`.
    """
    _check(_findings, [findings], where)
    tracks: list[Track] = findings["tracks"]
    ids = [track["id"] for track in tracks]
    if len(set(ids)) < len(ids):
        raise _damaged(where, f"tracks: the id {max(ids, key=ids.count)} is there twice")
    known = {None, *classes}
    for i, track in enumerate(tracks):
        if abs(track["id"]) >= _LARGEST:
            raise _damaged(where, f"tracks[{i}].id: {_NO_ID}")
        for j, each in enumerate(track["segments"]):
            place = f"tracks[{i}].segments[{j}]"
            if each["label"] not in known:
                raise _damaged(where, f"{place}.label: {_NO_CLASS}")
            if each["end"] < each["start"]:
                raise _damaged(where, f"{place}.end: earlier than its start")
            _check_time(each["start"], f"{place}.start", where)
            _check_time(each["end"], f"{place}.end", where)


def _check_text(key: str, value: Any, where: Path) -> None:
    """What is free in its shape can be written as JSON in UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise _damaged(where, f"{key}: {error}") from error


def _check_time(time: float, place: str, where: Path) -> None:
    if abs(microseconds(time)) > _LATEST:
        raise _damaged(where, f"{place}: {time} s is larger than a time can be")


def _check(of: Any, values: Any, where: Path, name: str = "", first: int = 0) -> None:
    """Check `values`, a list that is in its place from `first` on."""
    from pydantic import ValidationError

    try:
        of().validate_python(values, strict=True)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        at, *rest = fault["loc"]
        path = f"{name}[{first + int(at)}]" if name else ""
        path += "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in rest)
        message = fault["msg"]
        raise _damaged(where, f"{path.removeprefix('.')}: {message[0].lower()}{message[1:]}") from error


def _damaged(where: Path, what: str) -> UsageError:
    return UsageError(f"'{where}' is damaged: {what}")


@cache
def _header() -> TypeAdapter[Any]:
    return _adapter(list[_Header])


@cache
def _frames() -> TypeAdapter[Any]:
    return _adapter(list[FrameRecord])


@cache
def _findings() -> TypeAdapter[Any]:
    return _adapter(list[_Findings])


def _adapter(shape: Any) -> TypeAdapter[Any]:
    """Lists of a shape, of which no number may be NaN or infinite."""
    # Imported here: nothing that only writes timelines needs it.
    from pydantic import ConfigDict, TypeAdapter

    return TypeAdapter(shape, config=ConfigDict(allow_inf_nan=False))
