"""ELAN's annotation format 3.0 (.eaf): a tier a person, the video linked, a CSV for the time series."""

from __future__ import annotations

import mimetypes
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from ferpipe.timeline import Timeline
from ferpipe_report.convert.stretches import Stretch, people, rounded
from ferpipe_report.convert.timeseries import configuration_of, curves, curves_of, track_configuration
from ferpipe_report.events import EXPRESSION
from ferpipe_report.writing import Content

__all__ = ["write_eaf"]

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_MILLISECOND = 1000
_EPOCH = "1970-01-01T00:00:00+00:00"
"""The format wants a date; that of today would give the same input other bytes."""


def write_eaf(timeline: Timeline, target: Path, video: Path | None) -> tuple[dict[Path, Content], list[str]]:
    """The `.eaf`, beside it the CSV of the curves and its configuration; and what they do not hold."""
    series, settings = curves_of(target), configuration_of(target)
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
    for beside, kind in ((series, "unknown"), (settings, "text/xml")):
        linked = {"LINK_URL": f"./{beside.name}", "MIME_TYPE": kind, "RELATIVE_LINK_URL": f"./{beside.name}"}
        ET.SubElement(header, "LINKED_FILE_DESCRIPTOR", linked)
    kept = {}
    for person, stretches in tiers.items():
        kept[person], lost = rounded(stretches, _MILLISECOND)
        notes += lost
    _annotate(root, header, kept)
    ET.SubElement(root, "LINGUISTIC_TYPE", _type())
    content = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    files: dict[Path, Content] = {
        target: content + b"\n",
        series: curves(timeline),
        settings: track_configuration(timeline, target),
    }
    return files, notes


def _type() -> dict[str, str]:
    return {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": EXPRESSION, "TIME_ALIGNABLE": "true"}


def _relative(video: Path, target: Path) -> str:
    # The name that was given, also of a link: that is what lies beside the file and moves with it.
    named = video.parent.resolve() / video.name
    link = Path(os.path.relpath(named, target.resolve().parent)).as_posix()
    return link if link.startswith("..") else f"./{link}"


def _annotate(root: Any, header: Any, tiers: dict[str, list[Stretch]]) -> None:
    """Time slots, then tiers.

    Each annotation has slots of its own, as in ELAN's own files: where two share one, moving the border of
    one moves the other.
    """
    order = ET.SubElement(root, "TIME_ORDER")
    every = [each for stretches in tiers.values() for each in stretches]
    ends = [(each.start, i, "TIME_SLOT_REF1") for i, each in enumerate(every)]
    ends += [(each.end, i, "TIME_SLOT_REF2") for i, each in enumerate(every)]
    places: list[dict[str, str]] = [{"ANNOTATION_ID": f"a{i}"} for i, _ in enumerate(every, 1)]
    for number, (time, i, which) in enumerate(sorted(ends), 1):
        ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{number}", "TIME_VALUE": str(time)})
        places[i][which] = f"ts{number}"
    following = iter(places)
    for person, stretches in tiers.items():
        names = {"LINGUISTIC_TYPE_REF": EXPRESSION, "PARTICIPANT": person, "TIER_ID": person}
        tier = ET.SubElement(root, "TIER", names)
        for each in stretches:
            annotation = ET.SubElement(tier, "ANNOTATION")
            holder = ET.SubElement(annotation, "ALIGNABLE_ANNOTATION", next(following))
            ET.SubElement(holder, "ANNOTATION_VALUE").text = each.label
    ET.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(len(every))
