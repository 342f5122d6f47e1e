"""The JSON Schema of timelines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources
from typing import Any, cast

from ferpipe.timeline.model import MeasureRecord

__all__ = ["schema"]


def schema(measures: Iterable[MeasureRecord] | None = None, *, version: int = 2) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a `.json` timeline; its `$defs` hold the lines of a `.jsonl`.

    measures: those of one timeline (its entry `measures`); nothing else is then allowed, nor a value
        outside its range.  None allows any that has the name of one.
    version: 1 is the format before there were measures.
    """
    name = f"timeline-{version}.schema.json"
    text = resources.files("ferpipe.timeline").joinpath(name).read_text("utf-8")
    found = cast("dict[str, Any]", json.loads(text))
    return found if measures is None else _narrowed(found, list(measures))


def _narrowed(found: dict[str, Any], measures: list[MeasureRecord]) -> dict[str, Any]:
    """`found` for these measures only."""
    parts = found["$defs"]
    for of in ("face", "frame"):
        known = {measure["name"]: _range(measure) for measure in measures if measure["of"] == of}
        parts[f"{of}_measures"] = {"type": "object", "properties": known, "additionalProperties": False}
    spreads = {measure["name"]: {"$ref": "#/$defs/spread"} for measure in measures}
    parts["statistics"] = {"type": "object", "properties": spreads, "additionalProperties": False}
    for head in (found, parts["header"]):
        head["properties"]["measures"] = {"const": measures}
    return found


def _range(measure: MeasureRecord) -> dict[str, Any]:
    ends = {"minimum": measure["low"], "maximum": measure["high"]}
    return {"type": "number", **{key: end for key, end in ends.items() if end is not None}}
