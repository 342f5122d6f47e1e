"""What a stage says of its stream and of the run while it is opened, checked where it says it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any

from ferpipe.packet import StreamInfo
from ferpipe.text import shown

__all__ = ["check_note", "stream_objection"]

_TEXTS = ("name", "uri")
_TEXTS_OR_NOTHING = ("path", "timecode")
_WHOLE_OR_NOTHING = ("width", "height", "duration", "frames", "size", "end", "created")


def stream_objection(stream: object) -> str | None:
    """What is wrong with a source's `stream`; None where nothing is."""
    if not isinstance(stream, StreamInfo):
        return "the source did not set its stream to a StreamInfo"
    values = {name: getattr(stream, name) for name in StreamInfo.__slots__}
    for name in (*_TEXTS, *_TEXTS_OR_NOTHING):
        value = values[name]
        if not isinstance(value, str) and (value is not None or name in _TEXTS):
            return f"the {name} of its stream is {shown(value)}, where a str is expected"
    for name in (*_WHOLE_OR_NOTHING, "start"):
        value = values[name]
        if type(value) is not int and (value is not None or name == "start"):
            return f"the {name} of its stream is {shown(value)}, where a whole number is expected"
    rate = values["rate"]
    if rate is not None and not (isinstance(rate, float | int) and isfinite(rate)):
        return f"the rate of its stream is {shown(rate)}, where a number is expected"
    return None


def check_note(key: object, value: Any) -> None:
    """Raise TypeError or ValueError for a note that no timeline could hold."""
    if not isinstance(key, str):
        raise TypeError(f"a note is named {shown(key)}, where a str is expected")
    if key == "classes" and not _are_names(value):
        raise TypeError(f"the note 'classes' is {shown(value)}, where different names are expected")
    try:
        json.dumps(value, default=shown, skipkeys=True)
    except (ValueError, RecursionError):
        raise ValueError(f"the note '{key}' contains itself, or is nested too deeply") from None


def _are_names(value: object) -> bool:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return False
    names = list(value)
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
