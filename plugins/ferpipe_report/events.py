"""Events: marks and stretches of time with names, from the files that people's tools write."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from ferpipe import UsageError
from ferpipe_report.recording import MICROSECONDS, Recording
from ferpipe_report.tables import Row, number, pick, read_rows, read_text

__all__ = ["EXPRESSION", "Event", "beyond", "events_of", "read_events"]

EXPRESSION = "expression"
"""The type of the tiers that `ferpipe convert` writes into an `.eaf`."""

_SLACK = MICROSECONDS
"""What an event may reach beyond a recording before it is worth a note: people round."""

_STARTS = ("start", "onset", "begin", "time", "from")
_ENDS = ("end", "stop", "offset", "to")
_NAMES = (
    "name",
    "event",
    "trial_type",
    "behavior",
    "behaviour",
    "label",
    "value",
    "stimulus",
    "task",
    "annotation",
)
_FILES = ("file", "media file name", "media file", "source", "video", "recording", "observation id")


@dataclass(frozen=True, slots=True)
class Event:
    """A stretch from `start` to `end` in microseconds, or a mark where both are the same.

    file: the recording that it belongs to, None where it belongs to all.
    """

    start: int
    end: int
    name: str
    file: str | None = None


def read_events(path: Path) -> list[Event]:
    """The events of a `.csv`, `.tsv`, `.eaf`, `.vtt` or `.srt` file, in the order of time.

    A table has a start and a name, an end or a duration, and perhaps a file; the column names of BIDS
    (onset, duration, trial_type) and of BORIS (Time, Behavior, Behavior type START and STOP) work.
    Raises UsageError where the file is none of these, with its line where one is wrong.
    """
    kind = path.suffix.lower()
    text = read_text(path)
    readers: dict[str, Callable[[str, Path], list[Event]]] = {".eaf": _from_eaf, ".vtt": _cues, ".srt": _cues}
    found = readers.get(kind, _from_table)(text, path)
    if not found:
        but = " but ferpipe's own" if kind == ".eaf" and EXPRESSION in text else ""
        raise UsageError(f"'{path}' holds no events{but}")
    return sorted(found, key=lambda event: (event.start, event.end, event.name))


def events_of(recording: Recording, events: Sequence[Event]) -> list[Event]:
    """The events of one recording: those of its file, and those of no file.

    A file is known by the name of its video or of its timeline, with or without ending and folder.
    """
    names = {recording.name, recording.path.name}
    stems = {_stem(name) for name in names}
    return [
        event for event in events if event.file is None or event.file in names or _stem(event.file) in stems
    ]


def beyond(recording: Recording, events: Sequence[Event]) -> list[str]:
    """In one line, the events of a recording that reach beyond its end: their numbers are of time in which
    nobody was recorded.  None where there are none.
    """
    found = [event for event in events if event.end > recording.end + _SLACK]
    if not found:
        return []
    some = ", ".join(f"'{event.name}'" for event in found[:3]) + (", ..." if found[3:] else "")
    end = recording.end / MICROSECONDS
    return [f"beyond the end of '{recording.name}' at {end:.1f} s: {some}"]


def _stem(name: str) -> str:
    stem = PurePath(name.replace("\\", "/")).name
    for ending in (".part", ".json", ".jsonl", ".csv", ".timeline"):
        stem = stem.removesuffix(ending)
    return PurePath(stem).stem if PurePath(stem).suffix else stem


def _event(start: float, end: float, name: str, file: str | None) -> Event:
    begin, stop = round(start * MICROSECONDS), round(end * MICROSECONDS)
    return Event(begin, max(begin, stop), name, file)


def _from_table(text: str, path: Path) -> list[Event]:
    rows = read_rows(text, path)
    if rows and "behavior type" in rows[0] and "time" in rows[0]:
        return _from_boris(rows, path)
    found = []
    for line, row in enumerate(rows, 2):
        start, name = pick(row, _STARTS), pick(row, _NAMES)
        if start is None or name is None:
            what = "start (or onset, time)" if start is None else "name (or trial_type, behavior)"
            raise UsageError(f"{path}:{line}: no {what}: a table of events needs a start and a name")
        end, long = pick(row, _ENDS), pick(row, ("duration",))
        try:
            begin = number(start)
            stop = number(end) if end is not None else begin + (number(long) if long is not None else 0.0)
        except ValueError as error:
            raise UsageError(f"{path}:{line}: '{error}' is not a time: give seconds") from error
        if stop < begin:
            raise UsageError(f"{path}:{line}: '{name}' ends at {stop} s, before it starts at {begin} s")
        found.append(_event(begin, stop, name, pick(row, _FILES)))
    return found


def _from_boris(rows: Sequence[Row], path: Path) -> list[Event]:
    """BORIS' tabular events: a row where a state starts, one where it stops, one for a point."""
    found: list[Event] = []
    begun: dict[tuple[str, str | None, str | None], float] = {}
    for line, row in enumerate(rows, 2):
        name, kind = pick(row, ("behavior",)) or "", (pick(row, ("behavior type",)) or "").upper()
        file = pick(row, _FILES)
        try:
            time = number(pick(row, ("time",)) or "")
        except ValueError as error:
            raise UsageError(f"{path}:{line}: '{error}' is not a time: give seconds") from error
        key = (name, file, pick(row, ("subject",)))
        if kind == "START":
            begun[key] = time
        elif kind == "STOP" and key in begun:
            found.append(_event(begun.pop(key), time, name, file))
        elif kind != "STOP":
            found.append(_event(time, time, name, file))
    if begun:
        raise UsageError(f"{path}: '{next(iter(begun))[0]}' starts but never stops: complete it in BORIS")
    return found


def _from_eaf(text: str, path: Path) -> list[Event]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UsageError(f"'{path}' declares a document type, which ELAN never writes: it is not read")
    try:
        root = ET.fromstring(text)  # noqa: S314 -- without a document type nothing can be expanded
    except ET.ParseError as error:
        raise UsageError(f"'{path}' is not an ELAN file: {error}") from error
    try:
        slots = {each.get("TIME_SLOT_ID"): _slot(each.get("TIME_VALUE")) for each in root.iter("TIME_SLOT")}
    except ValueError as error:
        raise UsageError(f"'{path}' is not an ELAN file: its TIME_VALUE '{error}' is no number") from error
    found = []
    # The expressions that `ferpipe convert` wrote are what the report shows already.
    tiers = [tier for tier in root.iter("TIER") if not _is_own(tier)]
    for each in (each for tier in tiers for each in tier.iter("ALIGNABLE_ANNOTATION")):
        start, end = (slots.get(each.get(f"TIME_SLOT_REF{i}"), -1.0) for i in (1, 2))
        if start >= 0 and end >= start:
            found.append(_event(start, end, (each.findtext("ANNOTATION_VALUE") or "").strip(), None))
    return found


def _is_own(tier: ET.Element) -> bool:
    name = tier.get("TIER_ID", "")
    return tier.get("LINGUISTIC_TYPE_REF") == EXPRESSION and re.fullmatch(r"Person \d+", name) is not None


def _slot(value: str | None) -> float:
    """Seconds of a time slot; -1 where it has none: ELAN places it between its neighbours."""
    if value is None:
        return -1.0
    if not value.isdecimal():
        raise ValueError(value)
    return int(value) / 1000


_MOMENT = r"((?:\d+:)?\d+:\d+[.,]\d+)"
_CUE = re.compile(rf"^\s*{_MOMENT}\s*-->\s*{_MOMENT}[^\n]*\n(.*?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


def _cues(text: str, path: Path) -> list[Event]:
    del path
    flat = text.replace("\r\n", "\n")
    return [
        _event(number(start), number(end), re.sub(r"<[^>]*>", "", " ".join(words.split())), None)
        for start, end, words in _CUE.findall(flat)
    ]
