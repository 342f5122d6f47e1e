"""What is sent of a packet: the record of a timeline, with names and the size of the picture."""

from __future__ import annotations

from typing import Any

from ferpipe import Packet
from ferpipe.timeline import record_of
from ferpipe_web.worker.people import People

__all__ = ["facts"]

_DIGITS = 4


def facts(packet: Packet, people: People | None = None) -> dict[str, Any]:
    """Faces and measures of a packet, as in a timeline; without what the page does not use."""
    record: dict[str, Any] = dict(record_of(packet, _DIGITS))
    height, width = packet.frame.shape[:2]
    for face in record["faces"]:
        face.pop("raw", None)
        name = None if people is None else people.name_of(face["track"])
        if name is not None:
            face["name"] = name
    found = {
        "time": record["time"],
        "width": width,
        "height": height,
        "faces": record["faces"],
        "measures": record.get("measures", {}),
    }
    if record.get("discontinuity"):
        found["discontinuity"] = True
    return found
