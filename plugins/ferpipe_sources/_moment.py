"""When a recording was made, as its container says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ferpipe.packet import MICROSECONDS

__all__ = ["created_at", "timecode_of"]

_TIMECODE = re.compile(r"\d\d:\d\d:\d\d[:;.]\d\d")

_ZONE = re.compile(r"([+-]\d\d)(\d\d)$")
"""Apple writes `+0100`, which Python 3.10 does not read."""

_EARLIEST = 30 * 365 * 86_400 * MICROSECONDS
"""About the year 2000: what lies before it is a camera whose clock was never set."""


def created_at(container: Any) -> int | None:
    """Microseconds since 1970 (UTC) of the start that the container claims; None where it claims none.

    Reads `creation_time` (QuickTime, MP4, Matroska) and Apple's own, which has the time zone.
    """
    keys = ("com.apple.quicktime.creationdate", "creation_time")
    for text in _found(_metadata(container), keys):
        try:
            moment = datetime.fromisoformat(_ZONE.sub(r"\1:\2", text.strip().replace("Z", "+00:00")))
        except ValueError:
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
        micro = (since.days * 86_400 + since.seconds) * MICROSECONDS + since.microseconds
        if micro > _EARLIEST:
            return micro
    return None


def timecode_of(container: Any) -> str | None:
    """The time code of the first frame (SMPTE 12M, `HH:MM:SS:FF`); None where there is none."""
    codes = _found(_metadata(container), ("timecode",))
    return next((text for text in codes if _TIMECODE.fullmatch(text)), None)


def _metadata(container: Any) -> list[Mapping[str, str]]:
    return [container.metadata, *(stream.metadata for stream in container.streams)]


def _found(places: Iterable[Mapping[str, str]], keys: Iterable[str]) -> list[str]:
    lower = [{key.lower(): text for key, text in place.items()} for place in places]
    return [place[key] for key in keys for place in lower if key in place]
