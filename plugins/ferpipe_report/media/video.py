"""A video beside a report, or inside it."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import av
from av.error import FFmpegError

from ferpipe import UsageError

__all__ = ["playable", "video_data"]

_TYPES = {".webm": "video/webm", ".mkv": "video/webm"}


def video_data(
    video: Path, target: Path, number: int, *, embed: bool
) -> tuple[dict[str, Any], dict[str, str], dict[Path, bytes]]:
    """How the page at `target` finds the video: `{"src": ...}` or `{"blob": ...}` with its content; and
    what to write beside the page.

    A browser recording without a duration cannot be searched in: a copy that has one is used instead.
    """
    repaired = playable(video)
    kind = _TYPES.get(video.suffix.lower(), "video/mp4")
    if embed:
        content = video.read_bytes() if repaired is None else repaired
        return {"blob": f"v{number}", "type": kind}, {f"v{number}": base64.b64encode(content).decode()}, {}
    copy = target.with_name(f"{target.stem}.{video.stem}{video.suffix}")
    place, beside = (video, {}) if repaired is None else (copy, {copy: repaired})
    try:
        # The name that was given, also of a link: that is what lies beside the page and moves with it.
        link = os.path.relpath(place.parent.resolve() / place.name, target.resolve().parent)
    except ValueError:  # another drive of Windows
        return {"src": place.resolve().as_uri(), "type": kind}, {}, beside
    return {"src": quote(Path(link).as_posix()), "type": kind}, {}, beside


def playable(video: Path) -> bytes | None:
    """The video written anew with its duration and index, where it lacks them; None where it has them.

    Nothing is encoded anew.  Raises UsageError where it is no video.
    """
    try:
        with av.open(str(video)) as given:
            if not given.streams.video:
                raise UsageError(f"'{video}' contains no frames: give the video of the timeline")
            if given.duration is not None:
                return None
            out = io.BytesIO()
            form = "matroska" if video.suffix.lower() == ".mkv" else given.format.name.split(",")[-1]
            # Else Matroska's identifiers are made by chance, and the same input has other bytes.
            options = {"fflags": "+bitexact"}
            with av.open(out, "w", format="webm" if form == "webm" else form, options=options) as copy:
                _copy(given, copy)
            return out.getvalue()
    except FFmpegError as error:
        raise UsageError(f"cannot read the video '{video}': {error.strerror or error}") from error
    except OSError as error:
        raise UsageError(f"cannot read the video '{video}': {error.strerror or error}") from error


def _copy(given: Any, copy: Any) -> None:
    streams = [each for each in given.streams if each.type in {"video", "audio"}]
    places = {each.index: copy.add_stream_from_template(each) for each in streams}
    for packet in given.demux(streams):
        if packet.dts is not None:
            packet.stream = places[packet.stream.index]
            copy.mux(packet)
