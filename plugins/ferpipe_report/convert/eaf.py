"""ELAN's annotation format 3.0 (.eaf): a tier a person, the video linked, a CSV for the time series."""

from __future__ import annotations

import csv
import io
import mimetypes
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from ferpipe.timeline import Timeline
from ferpipe_report.convert.stretches import MICROSECONDS, Stretch, people, rounded

__all__ = ["write_eaf"]

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_MILLISECOND = 1000
_EPOCH = "1970-01-01T00:00:00+00:00"
"""The format wants a date; that of today would give the same input other bytes."""


def write_eaf(timeline: Timeline, target: Path, video: Path | None) -> tuple[dict[Path, bytes], list[str]]:
    """The `.eaf`, and the CSV of the curves beside it; and what they do not hold."""
    series = target.with_name(f"{target.stem}.curves.csv")
    tiers, notes = people(timeline)
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "ferpipe",
            "DATE": _EPOCH,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    name = timeline.source["name"] if timeline.source else None
    if video is not None or (name and "://" not in name):
        link = _relative(video, target) if video is not None else f"./{name}"
        kind = mimetypes.guess_type(link)[0] or "video/mp4"
        place = {"MEDIA_URL": link, "MIME_TYPE": kind, "RELATIVE_MEDIA_URL": link}
        ET.SubElement(header, "MEDIA_DESCRIPTOR", place)
    linked = {"LINK_URL": f"./{series.name}", "MIME_TYPE": "unknown", "RELATIVE_LINK_URL": f"./{series.name}"}
    ET.SubElement(header, "LINKED_FILE_DESCRIPTOR", linked)
    kept = {}
    for person, stretches in tiers.items():
        kept[person], lost = rounded(stretches, _MILLISECOND)
        notes += lost
    _annotate(root, header, kept)
    ET.SubElement(root, "LINGUISTIC_TYPE", _type())
    content = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return {target: content + b"\n", series: _curves(timeline)}, notes


def _type() -> dict[str, str]:
    return {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": "expression", "TIME_ALIGNABLE": "true"}


def _relative(video: Path, target: Path) -> str:
    link = Path(os.path.relpath(video.resolve(), target.resolve().parent)).as_posix()
    return link if link.startswith("..") else f"./{link}"


def _annotate(root: Any, header: Any, tiers: dict[str, list[Stretch]]) -> None:
    """Time slots, then tiers: stretches that touch share the slot between them."""
    order = ET.SubElement(root, "TIME_ORDER")
    moments = sorted({time for each in tiers.values() for s in each for time in (s.start, s.end)})
    slots = {time: f"ts{i}" for i, time in enumerate(moments, 1)}
    for time, slot in slots.items():
        ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": slot, "TIME_VALUE": str(time)})
    number = 0
    for person, stretches in tiers.items():
        names = {"LINGUISTIC_TYPE_REF": "expression", "PARTICIPANT": person, "TIER_ID": person}
        tier = ET.SubElement(root, "TIER", names)
        for each in stretches:
            number += 1
            places = {
                "ANNOTATION_ID": f"a{number}",
                "TIME_SLOT_REF1": slots[each.start],
                "TIME_SLOT_REF2": slots[each.end],
            }
            holder = ET.SubElement(ET.SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", places)
            ET.SubElement(holder, "ANNOTATION_VALUE").text = each.label
    ET.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(number)


def _curves(timeline: Timeline) -> bytes:
    """Time in seconds and a column a person and class: what ELAN's time-series viewer reads."""
    tracks = [track["id"] for track in timeline.tracks]
    names = [(track, label) for track in tracks for label in timeline.classes]
    measures = [each["name"] for each in timeline.measures if each["of"] == "face"]
    more = [(track, name) for track in tracks for name in measures]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["time", *(f"{track} {name}" for track, name in [*names, *more])])
    for record in timeline.frames:
        faces: dict[int | None, Any] = {face["track"]: face for face in reversed(record["faces"])}
        shares = [((faces.get(t) or {}).get("probabilities") or {}).get(label, "") for t, label in names]
        others = [((faces.get(t) or {}).get("measures") or {}).get(name, "") for t, name in more]
        table.writerow([f"{round(record['time'] * MICROSECONDS) / MICROSECONDS:.6f}", *shares, *others])
    return text.getvalue().encode()
