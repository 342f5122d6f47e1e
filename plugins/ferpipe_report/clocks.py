"""When recordings began, by the clocks of their cameras: time codes, or the times of recording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np

from ferpipe import UsageError
from ferpipe_report.recording import MICROSECONDS, Recording

__all__ = ["has_time_codes", "moments_of", "time_of"]

_CODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
_DAY = 86_400 * MICROSECONDS


def moments_of(recordings: Sequence[Recording]) -> list[int]:
    """The moment of each recording's time 0, in microseconds after one that all share.

    Time codes are used where all recordings have one, since they are exact to the frame and cameras are
    synchronised by them; else the times of recording.  A time code says no day: that is the one on which the
    recordings lie closest together, by their times of recording where all have these.
    Raises UsageError where neither all have a time code nor all say when they were made.
    """
    created = [_created(each) for each in recordings]
    codes = [_code_of(each) for each in recordings]
    if has_time_codes(recordings):
        known = [code for code in codes if code is not None]
        made = [moment for moment in created if moment is not None]
        days = made if len(made) == len(known) else [0] * len(known)
        return [_nearest(code - known[0], day - days[0]) for code, day in zip(known, days, strict=True)]
    for recording, moment in zip(recordings, created, strict=True):
        if moment is None:
            raise UsageError(
                f"'{recording.name}' does not say when it was made, so it cannot be aligned at the "
                "wall clock: give an event that all recordings have"
            )
    return [moment for moment in created if moment is not None]


def has_time_codes(recordings: Sequence[Recording]) -> bool:
    """Whether all have one; codes that all begin at the same full hour were counted from the start."""
    codes = [_code_of(each) for each in recordings]
    if any(code is None for code in codes):
        return False
    counted = len(set(codes)) == 1 and codes[0] in {0, 3600 * MICROSECONDS}
    return not (counted and len(codes) > 1 and all(_created(each) is not None for each in recordings))


def time_of(code: str, rate: float) -> int | None:
    """Microseconds of the day of a time code (SMPTE 12M) at `rate` frames a second; None where it is none.

    With `;` before the frames, numbers are dropped: at 29.97 two in each minute but every tenth.
    """
    found = _CODE.fullmatch(code)
    if found is None or rate <= 0:
        return None
    hours, minutes, seconds, frames = (int(found[i]) for i in (1, 2, 3, 5))
    nominal = round(rate)
    if frames >= nominal:
        return None
    total = 60 * hours + minutes
    count = (60 * total + seconds) * nominal + frames
    if found[4] != ":" and nominal % 30 == 0:
        count -= nominal // 15 * (total - total // 10)
    return round(count * MICROSECONDS / _exact(rate)) % _DAY


def _exact(rate: float) -> float:
    """The rate of the standard that is meant: 24000/1001 of 23.98."""
    nominal = round(rate)
    slow = nominal * 1000 / 1001
    return slow if abs(rate - slow) < abs(rate - nominal) else float(nominal)


def _code_of(recording: Recording) -> int | None:
    source = recording.timeline.source
    code = None if source is None else source.get("timecode")
    return time_of(code, _rate(recording)) if isinstance(code, str) else None


def _rate(recording: Recording) -> float:
    """Frames a second, by the container's account, else by the usual step of the timeline."""
    source = recording.timeline.source
    if source is not None and source["frames"] and source["duration"]:
        return source["frames"] / source["duration"]
    steps = np.diff(recording.times)
    return MICROSECONDS / float(np.median(steps)) if len(steps) else 0.0


def _nearest(step: int, wanted: int) -> int:
    """The step, days added, that lies closest to the one that is wanted."""
    return step + round((wanted - step) / _DAY) * _DAY


def _created(recording: Recording) -> int | None:
    """Microseconds since 1970 of the recording's time 0; UTC where the text says no zone.

    Raises UsageError where the text is no moment.
    """
    source = recording.timeline.source
    text = None if source is None else source.get("created")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(f"'{recording.path}' is damaged: 'created' is '{text}', which is no time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
