"""How the findings that a stage writes down were made: the stages before it, and a checksum of them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from ferpipe.graph import Graph

__all__ = ["provenance"]


def provenance(graph: Graph, name: str) -> dict[str, Any]:
    """The stages on the way to the node `name` with the options that were changed, and their SHA-256.

    Names of files, addresses and all other free text are omitted, since timelines are shared:
    the entry is the same for every recording that went through the same stages, on every machine and in
    both executors.
    """
    before: set[str] = set(graph[name].inputs)
    for node in reversed(graph.nodes):
        if node.name in before:
            before.update(node.inputs)
    stages = [
        {"use": node.use, **({"with": options} if (options := _changed(node.options)) else {})}
        for node in graph.nodes
        if node.name in before
    ]
    if not stages:
        return {}
    text = json.dumps(stages, sort_keys=True, separators=(",", ":"))
    return {"stages": stages, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _changed(options: BaseModel) -> dict[str, Any]:
    """The options with another value than their default, as far as they are numbers or choices."""
    found = {}
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if value == field.get_default(call_default_factory=True, validated_data={}):
            continue
        plain = _plain(value, _choices(field.annotation))
        if plain is not None:
            found[name] = plain
    return found


def _plain(value: Any, choices: frozenset[str]) -> Any:
    """`value` as JSON has it; None for what is neither a number nor a choice, nor made of these."""
    if isinstance(value, BaseModel):
        return _changed(value) or None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value if value in choices else None
    if isinstance(value, list | tuple):
        items = [_plain(item, choices) for item in value]
        return items if items and None not in items else None
    if isinstance(value, Mapping):
        entries = {str(key): _plain(item, choices) for key, item in value.items() if key in choices}
        return entries or None
    return None


def _choices(annotation: Any) -> frozenset[str]:
    """The words that an annotation allows by name."""
    if get_origin(annotation) is Literal:
        return frozenset(each for each in get_args(annotation) if isinstance(each, str))
    return frozenset().union(*map(_choices, get_args(annotation)))
