"""Change a document after it was read: values set from outside stand where they were given."""

from __future__ import annotations

from collections.abc import Sequence

from ferpipe.documents.located import Item, Place

__all__ = ["move", "put"]


def put(item: Item, path: Sequence[str], value: Item) -> None:
    """Set the value at `path` below a mapping, making the mappings on the way."""
    *way, last = path
    for key in way:
        below = item.get(key)
        if below is None or not isinstance(below.value, dict):
            below = Item({}, value.place)
            _set(item, key, below)
        item = below
    _set(item, last, value)


def _set(item: Item, key: str, value: Item) -> None:
    if isinstance(item.value, dict):
        item.value[key] = value
        item.keys[key] = value.place


def move(item: Item, place: Place) -> None:
    """Let every part of a value stand where the argument does."""
    item.place = place
    item.keys = dict.fromkeys(item.keys, place)
    parts = item.value
    for part in parts.values() if isinstance(parts, dict) else parts if isinstance(parts, list) else ():
        move(part, place)
