"""Small pictures: moments of the video, and a face of each person."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferpipe import Pipeline, UsageError
from ferpipe.packet import Image
from ferpipe_report.recording import MICROSECONDS, Person, Recording

__all__ = ["moments", "portraits"]

_MOMENTS = 16
_HEIGHT = 54
_FACE = 64
_QUALITY = 72


def moments(recording: Recording, video: Path) -> list[dict[str, Any]]:
    """Frames evenly over the recording: `time` in seconds after the offset, and `picture` as a data URL.

    Raises UsageError where the video has no such frames.
    """
    if not len(recording.times):
        return []
    wanted = np.linspace(recording.start, recording.end, _MOMENTS, endpoint=False)
    places = dict.fromkeys(max(0, int(np.searchsorted(recording.times, t, "right")) - 1) for t in wanted)
    found = []
    for place in places:
        picture = _frame(recording, place, video)
        height, width = picture.shape[:2]
        size = (max(1, round(width * _HEIGHT / height)), _HEIGHT)
        time = (int(recording.times[place]) - recording.offset) / MICROSECONDS
        found.append({"time": time, "picture": _jpeg(picture, size)})
    return found


def portraits(recording: Recording, video: Path) -> dict[int, str]:
    """A face of each person, by track, as a data URL: of the frame where it is large and surely one."""
    found = {}
    for person in recording.people:
        if not len(person.frames):
            continue
        best = int(np.argmax(np.nan_to_num(person.scores, nan=0.5) * np.sqrt(_areas(person))))
        picture = _frame(recording, int(person.frames[best]), video)
        face = _square(picture, person.boxes[best])
        if face is not None:
            found[person.track] = _jpeg(face, (_FACE, _FACE))
    return found


def _areas(person: Person) -> Any:
    return np.maximum(person.boxes[:, 2] * person.boxes[:, 3], 0)


def _square(picture: Image, box: Sequence[float]) -> Image | None:
    x, y, w, h = box
    half, cx, cy = 0.65 * max(w, h), x + w / 2, y + h / 2
    height, width = picture.shape[:2]
    left, right = max(0, round(cx - half)), min(width, round(cx + half))
    top, bottom = max(0, round(cy - half)), min(height, round(cy + half))
    return picture[top:bottom, left:right] if right - left > 4 and bottom - top > 4 else None


def _frame(recording: Recording, place: int, video: Path) -> Image:
    """The picture of one frame of the recording, as the source `file` gives it."""
    time, lasts = int(recording.times[place]), max(int(recording.durations[place]), 2_000)
    source: dict[str, Any] = {"path": str(video), "start": max(0, time - lasts // 2) / MICROSECONDS}
    missing = (
        f"'{video}' has no frame at {time / MICROSECONDS:.3f} s, where '{recording.path}' has one: "
        "give the video of the timeline"
    )
    try:
        for packet in Pipeline.of(("file", source)):
            if abs(packet.time - time) > lasts:
                break
            return packet.frame.image
    except UsageError as error:  # the video is over by then
        raise UsageError(missing) from error
    raise UsageError(missing)


def _jpeg(picture: Image, size: tuple[int, int]) -> str:
    """A picture, made small, as a data URL."""
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done  # noqa: S101 -- a JPEG of a small BGR picture cannot fail
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
