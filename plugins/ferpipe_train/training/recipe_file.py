"""Recipes from YAML, checked as pipelines are: every mistake at once, each with its place."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from ferpipe import ConfigError, UsageError
from ferpipe.documents import Item, Notes, Place, Problem, move, parse, put, read_text, validate
from ferpipe.resources import expanded
from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.recipe_networks import Layer, Network
from ferpipe_train.training.recipe_parts import Augmentation, Optimizer, Schedule

__all__ = ["find_recipe", "known_recipes", "load_recipe", "parse_recipe"]


def known_recipes() -> dict[str, Path]:
    """The shipped recipes by name."""
    from ferpipe.resources import shipped

    return {path.stem: path for path in sorted((shipped("models") / "recipes").glob("*.yaml"))}


def find_recipe(name: str) -> Path:
    """The file of a recipe: a path, or the name of a shipped one.  Raises UsageError."""
    path = expanded(name)
    if path.is_file():
        return path
    known = known_recipes()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"shipped are: {', '.join(known) or 'none'}"
    raise UsageError(f"recipe '{name}' is neither a file nor a shipped recipe ({hint})")


def load_recipe(name: str, changes: Iterable[str] = ()) -> Recipe:
    """The recipe in a file or of that name, with `changes` such as `optimizer.rate=0.1` made.

    Raises UsageError with a line for every mistake.
    """
    path = find_recipe(name)
    notes = Notes()
    text = read_text(path, notes)
    if text is None:
        raise ConfigError(notes.problems)
    return parse_recipe(text, str(path), changes)


def parse_recipe(text: str, file: str | None = None, changes: Iterable[str] = ()) -> Recipe:
    """The recipe written in `text`; `file` is its name in messages."""
    notes = Notes()
    item = parse(text, file, notes, os.environ)
    if item is None:
        raise ConfigError(notes.in_order())
    for change in changes:
        _change(item, change, notes)
    for part, models in _choices(item):
        _check_choice(part, models, notes)
    known = len(notes.problems)
    reported = {_place(problem) for problem in notes.problems}
    recipe = validate(Recipe, item, notes)
    # The parts have been reported already, and better: with the keys that each really has.
    notes.problems[known:] = [
        p for p in notes.problems[known:] if _place(p) not in reported and "input tag" not in p.message
    ]
    if notes.problems or recipe is None:
        raise ConfigError(notes.in_order())
    return recipe


def _place(problem: Problem) -> tuple[str, int | None, int | None]:
    return problem.where, problem.line, problem.column


def _change(item: Item, change: str, notes: Notes) -> None:
    key, equals, text = (part.strip() for part in change.partition("="))
    place = Place(label=f"--set {key}")
    path = key.split(".")
    value = parse(text, None, notes, None) if equals and all(path) else None
    if value is None:
        notes.add(place, "expected a key of the recipe and its value, such as optimizer.rate=0.1")
        return
    move(value, place)
    put(item, path, value)


def _choices(item: Item) -> Iterator[tuple[Item, Any]]:
    """The parts that say with `use` which of several they are, and what there is to choose from."""
    for key, models in (("network", Network), ("optimizer", Optimizer), ("schedule", Schedule)):
        part = item.get(key)
        if part is not None:
            yield part, models
    for part in _listed(item.get("augment")):
        yield part, Augmentation
    network = item.get("network")
    for part in _listed(network.get("layers") if network else None):
        yield part, Layer


def _listed(item: Item | None) -> list[Item]:
    return item.value if item is not None and isinstance(item.value, list) else []


def _check_choice(part: Item, annotated: Any, notes: Notes) -> None:
    models: dict[str, type[BaseModel]] = {
        get_args(model.model_fields["use"].annotation)[0]: model for model in get_args(get_args(annotated)[0])
    }
    use = part.get("use")
    if use is None:
        notes.add(part.place, "'use' is missing", hint=f"one of {', '.join(models)}")
    elif use.value not in models:
        near = difflib.get_close_matches(str(use.value), models, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"one of {', '.join(models)}"
        notes.add(use.place, f"there is no '{use.value}'", hint=hint)
    elif use.value == "layers":
        _check_without_layers(part, models["layers"], notes)
    else:
        validate(models[str(use.value)], part, notes, owner=f"'{use.value}'")


def _check_without_layers(part: Item, model: type[BaseModel], notes: Notes) -> None:
    """Each layer is a choice of its own, looked at by itself: leave them out here."""
    parts = part.value if isinstance(part.value, dict) else {}
    if "layers" not in parts:
        notes.add(part.place, "the key 'layers' is missing", hint="a list such as [{use: flatten}]")
    one = Item([Item({"use": Item("flatten")})])
    validate(model, Item({**parts, "layers": one}, part.place, part.keys), notes, owner="'layers'")
