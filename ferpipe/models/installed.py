"""The models on this machine, by their side files and their lists of checksums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ferpipe.models.card import is_card, is_side_file
from ferpipe.models.checksum import file_digest
from ferpipe.models.download import REMOTE, Remote
from ferpipe.resources import read_json, read_small

__all__ = ["Shelf", "find"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One model on this machine.

    state: `ok`, `unchecked` (its side file has no checksum of one file), `missing`, `changed` (the
        checksum differs) or `unreadable` (the side file is no JSON object).
    facts: the whole side file.
    """

    name: str
    kind: str
    path: Path
    state: Literal["ok", "unchecked", "missing", "changed", "unreadable"]
    size: int | None = None
    licence: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def find(folders: Iterable[Path]) -> tuple[Shelf, ...]:
    """The models in `folders` and in the folders directly inside, first by folder, then by name.

    A model is known by its side file, or by a line of a `SHA256SUMS` beside it; a file that both
    name counts once.
    """
    shelves: list[Shelf] = []
    for folder in folders:
        sides = sorted([*folder.glob("*.json"), *folder.glob("*/*.json")])
        shelves += [shelf for side in sides if not _is_second(side) and (shelf := _from_side_file(side))]
        for sums in sorted(folder.glob("*/SHA256SUMS")):
            shelves += _from_sums(sums)
        shelves += [
            _pulled(folder / remote.file, remote) for remote in REMOTE.values() if _lies(folder, remote)
        ]
    return tuple({shelf.path: shelf for shelf in reversed(shelves)}.values())[::-1]


def _is_second(side: Path) -> bool:
    """Whether it is the NAME.ferpipe.json of a model that has a NAME.json: the same in another format."""
    name = side.name.removesuffix(".ferpipe.json")
    return name != side.name and is_side_file(side.with_name(f"{name}.json"))


def _lies(folder: Path, remote: Remote) -> bool:
    return (folder / remote.file).is_file()


def _pulled(path: Path, remote: Remote) -> Shelf:
    state: Literal["ok", "changed"] = "ok" if file_digest(path) == remote.sha256 else "changed"
    return Shelf(remote.name, remote.kind, path, state, path.stat().st_size, remote.licence)


def _from_sums(sums: Path) -> list[Shelf]:
    """The files that a `SHA256SUMS` names, as `sha256sum` writes it."""
    shelves: list[Shelf] = []
    try:
        lines = read_small(sums).decode("utf-8", "replace").splitlines()
    except OSError:
        return shelves
    for line in lines:
        expected, _, file = line.partition(" ")
        path = sums.parent / file.strip().removeprefix("*")
        if file.strip():
            size = path.stat().st_size if path.is_file() else None
            found = file_digest(path)
            state: Literal["ok", "changed", "missing"] = "ok" if found == expected else "changed"
            name = f"{sums.parent.name}/{path.stem}"
            shelves.append(Shelf(name, "network", path, "missing" if found is None else state, size))
    return shelves


def _from_side_file(side: Path) -> Shelf | None:
    try:
        facts = read_json(side)
    except (OSError, ValueError):
        return Shelf(side.stem, "", side, "unreadable")
    if not is_card(facts):
        return None
    path = side.parent / str(facts.get("file", side.stem))
    return Shelf(
        name=str(facts.get("name", side.stem)),
        kind=str(facts.get("kind", "")),
        path=path,
        state=_state(path, facts),
        size=path.stat().st_size if path.is_file() else None,
        licence=str(facts.get("licence", "")),
        facts=facts,
    )


def _state(path: Path, facts: dict[str, Any]) -> Literal["ok", "unchecked", "missing", "changed"]:
    if not path.exists():
        return "missing"
    expected = facts.get("sha256")
    if not isinstance(expected, str) or facts.get("weights") or path.is_dir():
        return "unchecked"
    return "ok" if file_digest(path) == expected.lower() else "changed"
