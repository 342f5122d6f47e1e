"""What ELAN's time-series viewer reads: a CSV of the curves, and the configuration that names its columns."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ferpipe.timeline import Timeline
from ferpipe_report.convert.stretches import MICROSECONDS, plain
from ferpipe_report.palette import colour_of

__all__ = ["configuration_of", "curves", "curves_of", "track_configuration"]

_PROVIDER = "mpi.eudico.client.annotator.timeseries.csv.CSVServiceProvider"
_DATE = "1970-01-01T00:00:00+00:00"
"""The format wants a date; that of today would give the same input other bytes."""
_MEASURE = "#0072B2"
_PIECE = 1 << 16
"""Characters that are made before they are written."""


class _Column(NamedTuple):
    track: int
    key: str
    name: str
    entry: str
    unit: str = ""
    low: float | None = 0.0
    high: float | None = 1.0
    colour: str = _MEASURE


def curves_of(target: Path) -> Path:
    """The CSV that belongs to the `.eaf`."""
    return target.with_name(f"{target.stem}.curves.csv")


def configuration_of(target: Path) -> Path:
    """The configuration that ELAN looks for beside the `.eaf`."""
    return target.with_name(f"{target.stem}_tsconf.xml")


def _columns(timeline: Timeline) -> list[_Column]:
    tracks = [track["id"] for track in timeline.tracks]
    found = [
        _Column(track, "probabilities", label, f"{track} {label}", colour=colour_of(label, timeline.classes))
        for track in tracks
        for label in timeline.classes
    ]
    for track in tracks:
        for each in timeline.measures:
            if each["of"] == "face":
                entry = f"{track} {each['name']}"
                found.append(
                    _Column(track, "measures", each["name"], entry, each["unit"], each["low"], each["high"])
                )
    return found


def curves(timeline: Timeline) -> Iterator[bytes]:
    """Time in seconds and a column a person and class, and a person and measure; empty where not known."""
    columns = _columns(timeline)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["time", *(column.entry for column in columns)])
    for record in timeline.frames:
        faces: dict[int | None, Any] = {face["track"]: face for face in reversed(record["faces"])}
        values = [((faces.get(c.track) or {}).get(c.key) or {}).get(c.name, "") for c in columns]
        table.writerow([f"{round(record['time'] * MICROSECONDS) / MICROSECONDS:.6f}", *values])
        if text.tell() > _PIECE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def track_configuration(timeline: Timeline, target: Path) -> bytes:
    """Each column of the CSV as a track of the viewer, with its range, unit and colour."""
    root = ET.Element("timeseries", {"date": _DATE, "version": "1.0"})
    source = ET.SubElement(
        root,
        "tracksource",
        {
            "sample-type": "Discontinuous Rate",
            "source-url": f"./{curves_of(target).name}",
            "time-column": "0",
        },
    )
    ET.SubElement(source, "property", {"key": "provider", "value": _PROVIDER})
    for place, column in enumerate(_columns(timeline), 1):
        track = ET.SubElement(source, "track", {"derivative": "0", "name": plain(column.entry)})
        known = column.low is not None and column.high is not None
        ET.SubElement(track, "property", {"key": "detect-range", "value": "false" if known else "true"})
        position = ET.SubElement(track, "sample-position")
        ET.SubElement(position, "pos", {"col": str(place), "row": "0"})
        ET.SubElement(track, "description")
        ET.SubElement(track, "units").text = plain(column.unit) if column.unit else ""
        ends = {"max": str(column.high), "min": str(column.low)} if known else {"max": "1.0", "min": "0.0"}
        ET.SubElement(track, "range", ends)
        shares = bytes.fromhex(column.colour.removeprefix("#"))
        ET.SubElement(track, "color").text = ",".join(map(str, shares))
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
