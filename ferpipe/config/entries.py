"""The stages of a pipeline file: shorthands, names, classes, options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from ferpipe.config.document import StageKeys
from ferpipe.config.overrides import Override
from ferpipe.config.protocols import Stages
from ferpipe.documents.edit import put
from ferpipe.documents.located import Item, Notes, Place, describe
from ferpipe.documents.validation import validate
from ferpipe.errors import UsageError
from ferpipe.graph import Node, Unknown
from ferpipe.stages import Options, Source, Stage
from ferpipe.text import did_you_mean, listing

__all__ = ["Entry", "read_entries"]

_KEYS = {model_field.alias or name for name, model_field in StageKeys.model_fields.items()}
_OVERRIDABLE = {"on_error", "timeout"}
"""Keys of a stage that `--set` reaches as if they were options."""


@dataclass(slots=True)
class Entry:
    """One stage of the file: its mapping, its name in the pipeline, its class where known."""

    item: Item
    name: str
    use: str
    stage: type[Stage[Any]] = Unknown
    broken: bool = field(default=False)

    def override(self, override: Override) -> None:
        """Take a value from the command line."""
        key = override.path[0]
        own = key in _OVERRIDABLE and key not in self.stage.Options.model_fields
        put(self.item, override.path if own else ("with", *override.path), override.item)

    def place_of(self, path: Sequence[str | int]) -> Place:
        """Where the key stands that `path` means; the stage's type where it is not written down."""
        item: Item | None = self.item
        for step in path:
            below = item.get(str(step)) if item else None
            if item and isinstance(item.value, list) and isinstance(step, int) and step < len(item.value):
                below = item.value[step]
            if below is None:
                break
            item = below
        if item is self.item or item is None:
            item = self.item.get("use") or self.item
        return item.place

    def node(self, notes: Notes, before: Entry | None) -> Node:
        """The node of the graph; a mistake makes it one that may need and give anything."""
        self._blame_misplaced_options(notes)
        keys = validate(StageKeys, self.item, notes, self.name, owner="a stage")
        options = self._options(notes)
        inputs = self._inputs(before)
        known = options is not None or _has_plain_contract(self.stage)
        stage = self.stage if known and not self.broken else Unknown
        if keys is None:
            return Node(self.name, self.use, stage, options or Options(), inputs)
        return Node(self.name, self.use, stage, options or Options(), inputs, keys.policy(), keys.timeout)

    def _options(self, notes: Notes) -> Options | None:
        if self.stage is Unknown:
            return None
        given = self.item.get("with")
        if given is not None and given.value is not None and not isinstance(given.value, dict):
            return None  # the stage's model has blamed it
        place = given.place if given and given.value else self.place_of(("use",))
        values = given.value if given and given.value else {}
        item = Item(values, place, given.keys if given else {})
        return validate(self.stage.Options, item, notes, self.name, noun="option", owner=self.use)

    def _inputs(self, before: Entry | None) -> tuple[str, ...]:
        given = self.item.get("from")
        if given is None:
            linear = before is not None and not issubclass(self.stage, Source)
            return (before.name,) if before and linear else ()
        parts = given.value if isinstance(given.value, list) else [given]
        names = tuple(part.value for part in parts if isinstance(part.value, str))
        self.broken |= len(names) < len(parts)
        return names

    def _blame_misplaced_options(self, notes: Notes) -> None:
        """An option beside `use` instead of under `with` is common; say where it belongs."""
        values = self.item.value if isinstance(self.item.value, dict) else {}
        for key in [key for key in values if key not in _KEYS and key in self.stage.Options.model_fields]:
            place = self.item.keys.get(key, self.item.place)
            hint = f"it is an option of {self.use}: put it under with"
            notes.add(place, f"unknown key '{key}'", self.name, hint)
            put(self.item, ("with", key), values.pop(key))


def _has_plain_contract(stage: type[Stage[Any]]) -> bool:
    """Whether what a stage needs and gives holds for any options, right or wrong."""
    return getattr(stage.contract, "__func__", None) is getattr(Stage.contract, "__func__", 0)


def read_entries(items: Sequence[Item], notes: Notes, stages: Stages, *, broken_plugin: bool) -> list[Entry]:
    """An entry for each stage of the file, named and with its class looked up.

    broken_plugin: a plugin file could not be loaded, so an unknown stage may be one of its own.
    """
    known = stages.names()
    entries = [_entry(_mended(item, known, notes), number, notes) for number, item in enumerate(items, 1)]
    _name(entries)
    for entry in entries:
        if not entry.broken:
            _look_up(entry, notes, stages, broken_plugin=broken_plugin)
    return entries


def _mended(item: Item, known: Sequence[str], notes: Notes) -> Item:
    """`- blazeface: {every: 2}`, which other tools write, as the stage that it means; it is blamed."""
    values = item.value if isinstance(item.value, dict) else {}
    use = next((key for key in values if key in known and key not in _KEYS), None)
    if use is None or "use" in values:
        return item
    place = item.keys.get(use, item.place)
    hint = f"write 'use: {use}', and its options under with"
    notes.add(place, f"a stage is named by the key 'use', found '{use}' as a key", hint=hint)
    rest = {key: value for key, value in values.items() if key != use}
    return Item({"use": Item(use, place), "with": values[use], **rest}, item.place, item.keys)


def _entry(item: Item, number: int, notes: Notes) -> Entry:
    """The stage as a mapping: a bare word is its type, and YAML's null is the stage of that name."""
    if isinstance(item.value, str) or item.value is None:
        item = Item({"use": item}, item.place, {"use": item.place})
    label = f"stage {number}"
    if not isinstance(item.value, dict):
        message = f"expected the name of a stage or a mapping with use, found {describe(item)}"
        notes.add(item.place, message, label)
        return Entry(Item({"use": Item("unknown", item.place)}, item.place), "", label, broken=True)
    use, name = item.get("use"), item.get("name")
    if use is not None and use.value is None:
        use.value = "null"
    given = name.value if name and isinstance(name.value, str) else ""
    if use is not None and isinstance(use.value, str) and use.value:
        return Entry(item, given, use.value)
    return Entry(item, given, label, broken=True)


def _name(entries: Sequence[Entry]) -> None:
    """Name what the file does not: the type, then type-2, type-3; given names come first."""
    taken = {entry.name for entry in entries if entry.name}
    numbers: dict[str, Iterator[int]] = {}
    for entry in entries:
        for number in () if entry.name else numbers.setdefault(entry.use, count(1)):
            entry.name = entry.use if number == 1 else f"{entry.use}-{number}"
            if entry.name not in taken:
                break
        taken.add(entry.name)


def _look_up(entry: Entry, notes: Notes, stages: Stages, *, broken_plugin: bool) -> None:
    place = entry.place_of(("use",))
    try:
        entry.stage = stages.stage(entry.use)
    except KeyError:
        use = entry.item.get("use")
        known = sorted(stages.names())
        unused = stages.unused()
        others = f"; unused are {listing(unused, 'and')}, see 'ferpipe plugins'" if unused else ""
        hint = did_you_mean(entry.use, known) or f"installed are {listing(known, 'and') or 'none'}{others}"
        if broken_plugin:
            hint = "perhaps it is in the plugin file that could not be loaded"
        notes.add(place, f"unknown stage {describe(use) if use else entry.use}", entry.name, hint)
    except UsageError as error:
        notes.add(place, str(error), entry.name)
