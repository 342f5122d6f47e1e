"""YAML text to items that know their places; safe, bounded, and strict about double keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ferpipe.documents.located import Item, Notes, Place
from ferpipe.documents.variables import VariableError, is_whole, refers, substitute

__all__ = ["expand", "parse"]

_MOST_VALUES = 20_000
"""Values in a pipeline, aliases counted as often as they are used."""
_DEEPEST = 40
_LONGEST_SCALAR = 100
"""Characters of a number."""
_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null"))
_COLLECTIONS = frozenset({_TAG + "map", _TAG + "seq"})
_TEXT = _TAG + "str"
_MERGE = _TAG + "merge"


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, for which a date is a text: file names often look like one.

    It stops at a depth: the scanner takes quadratic time in it, and the composer recurses.
    """

    _depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self._depth += 1
        if self._depth > 2 * _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, "is nested too deeply", mark)
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag in _SCALARS or tag == _MERGE]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: str, file: str | None, notes: Notes, env: Mapping[str, str] | None) -> Item | None:
    """The items of a YAML document, None where it is empty or cannot be read.

    Mistakes go to `notes`.  `env` resolves variables; None leaves them as they stand.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        _blame_syntax(error, text, file, notes)
        return None
    if root is None:
        notes.add(Place(file), "the file is empty", hint="a pipeline has version and stages")
        return None
    try:
        return _Walker(file, notes, env).item(root)
    except _TooMuchError as error:
        notes.add(error.place, str(error))
        return None


def expand(item: Item, notes: Notes, env: Mapping[str, str]) -> None:
    """Resolve the variables in an item that came from Python objects, in place."""
    parts = item.value
    for part in parts.values() if isinstance(parts, dict) else parts if isinstance(parts, list) else ():
        expand(part, notes, env)
    if isinstance(parts, str):
        resolved = _Walker(None, notes, env).text(parts, item.place, plain=True)
        item.value, item.variable = resolved.value, resolved.variable


class _TooMuchError(Exception):
    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def _blame_syntax(error: yaml.YAMLError, text: str, file: str | None, notes: Notes) -> None:
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        place = Place(file, before.count("\n") + 1, error.position - before.rfind("\n"))
        notes.add(place, "this character is not allowed in YAML", hint="save the file as plain UTF-8 text")
        return
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    begun = getattr(error, "context_mark", None)
    if context and context.startswith("while") and begun and mark and begun.line != mark.line:
        context += f" that begins on line {begun.line + 1}"
    what = ", ".join(part for part in (context, problem) if part)
    line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
    notes.add(place, f"bad YAML: {what or 'cannot be read'}", hint=_syntax_hint(line, problem or ""))


def _syntax_hint(line: str, problem: str) -> str:
    if "'\\t'" in problem:
        return "indent with spaces, not with tabs"
    if "${" in line:
        return 'inside {} or [] a variable needs quotes: "${NAME}"'
    if "mapping values are not allowed" in problem:
        return "put text that contains ': ' in quotes, or check the indentation"
    return ""


class _Walker:
    """Turns composed nodes into items, following aliases up to a bound."""

    def __init__(self, file: str | None, notes: Notes, env: Mapping[str, str] | None) -> None:
        self.file = file
        self.notes = notes
        self.env = env
        self.values = 0
        self.scalars = _Loader("")  # resolves and makes scalars; it never reads

    def place(self, node: Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def item(self, node: Node, depth: int = 0) -> Item:
        self.values += 1
        if self.values > _MOST_VALUES:
            raise _TooMuchError(self.place(node), f"more than {_MOST_VALUES} values, aliases counted")
        if depth > _DEEPEST:
            raise _TooMuchError(self.place(node), f"is nested more than {_DEEPEST} deep")
        if isinstance(node, ScalarNode):
            return self.scalar(node)
        if node.tag not in _COLLECTIONS:
            self.blame_tag(node)
        if isinstance(node, MappingNode):
            return self.mapping(node, depth)
        return Item([self.item(part, depth + 1) for part in node.value], self.place(node))

    def mapping(self, node: MappingNode, depth: int) -> Item:
        own: dict[str, Item] = {}
        keys: dict[str, Place] = {}
        merged: dict[str, tuple[Item, Place]] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                for part in self.merged(value, depth):
                    merged = part | merged
            elif not isinstance(key, ScalarNode):
                self.notes.add(self.place(key), "a key must be a plain string")
            elif key.value in own:
                first = keys[key.value].line
                hint = f"it is already on line {first}; keep one of them"
                self.notes.add(self.place(key), f"duplicate key '{key.value}'", hint=hint)
            else:
                keys[key.value] = self.place(key)
                own[key.value] = self.item(value, depth + 1)
        for name in merged.keys() - own.keys():
            own[name], keys[name] = merged[name]
        return Item(own, self.place(node), keys)

    def merged(self, node: Node, depth: int) -> list[dict[str, tuple[Item, Place]]]:
        """The mappings that a merge key brings in, the first the strongest."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        found = []
        for source in sources:
            if not isinstance(source, MappingNode):
                self.notes.add(self.place(source), "a merge key takes a mapping, or a list of mappings")
                continue
            item = self.item(source, depth + 1)
            values = item.value if isinstance(item.value, dict) else {}
            found.append({name: (child, item.keys[name]) for name, child in values.items()})
        return found

    def scalar(self, node: ScalarNode) -> Item:
        place = self.place(node)
        if node.tag not in _SCALARS:
            self.blame_tag(node)
            return Item(node.value, place)
        if node.tag == _TEXT:
            return self.text(node.value, place, plain=node.style is None)
        return Item(self.construct(node, place), place)

    def text(self, text: str, place: Place, *, plain: bool) -> Item:
        """A text with its variables resolved; a plain one that is all variable is typed anew."""
        if self.env is None or "${" not in text:
            return Item(text, place)
        try:
            resolved = substitute(text, self.env)
        except VariableError as error:
            self.notes.add(place, str(error), hint=error.hint)
            return Item(text, place, variable=text)
        value = self.retype(resolved, place) if plain and is_whole(text) else resolved
        return Item(value, place, variable=text if refers(text) else None)

    def retype(self, text: str, place: Place) -> Any:
        """The value of a variable as a plain YAML scalar would be read, never as a structure."""
        tag = self.scalars.resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        return self.construct(ScalarNode(tag, text), place) if tag in _SCALARS else text

    def construct(self, node: ScalarNode, place: Place) -> Any:
        try:
            if len(node.value) > _LONGEST_SCALAR and node.tag != _TEXT:
                raise ValueError(node.tag)  # noqa: TRY301 -- a number that long cannot even be shown
            return self.scalars.construct_object(node)
        except (ValueError, OverflowError, KeyError, IndexError, yaml.YAMLError):
            kind = node.tag.removeprefix(_TAG)
            self.notes.add(place, f"cannot be read as YAML's {kind}", hint="put it in quotes if it is text")
            return None

    def blame_tag(self, node: Node) -> None:
        tag = node.tag.replace(_TAG, "!!")
        self.notes.add(self.place(node), f"the tag '{tag}' is not allowed", hint="leave it out")
