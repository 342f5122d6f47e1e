"""The models on this machine, by their side files, and the ones that can be downloaded."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, Literal
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from ferpipe.errors import FerpipeError, UsageError, redact
from ferpipe.resources import user_models

__all__ = ["REMOTE", "Remote", "Shelf", "find", "pull"]

_FORMAT = "ferpipe.model/"
_BLOCK = 1 << 16
_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Remote:
    """A model that somebody else publishes: one file, known by its SHA-256 and size in bytes."""

    name: str
    kind: str
    file: str
    base: str
    sha256: str
    size: int
    licence: str


REMOTE = {
    "yunet": Remote(
        name="yunet",
        kind="face detector",
        file="face_detection_yunet_2023mar.onnx",
        base="https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet",
        sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        size=232_589,
        licence="MIT",
    )
}
"""What `ferpipe models pull` can bring."""


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
    return name != side.name and _is_side_file(side.with_name(f"{name}.json"))


def _is_side_file(path: Path) -> bool:
    """Whether it is one; the layers of a Keras network are JSON too."""
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(facts, dict) and _is_ours(facts)


def _is_ours(facts: dict[str, Any]) -> bool:
    return any(str(facts.get(key, "")).startswith(_FORMAT) for key in ("version", "format"))


def pull(name: str, *, base: str | None = None, into: Path | None = None) -> Path:
    """Download a model into the user's folder, and give its path.

    base: another address of the folder that holds the file, such as a mirror's.  A file that is
    there already and right is not fetched again.  What was fetched takes its place only whole and
    with the right checksum.  Raises UsageError for an unknown name or address, FerpipeError where
    the download fails.
    """
    if name not in REMOTE:
        raise UsageError(f"there is no model '{name}' to pull: there are {', '.join(REMOTE)}")
    remote = REMOTE[name]
    url = f"{(base or remote.base).rstrip('/')}/{remote.file}"
    if not url.startswith(("https://", "http://")):
        raise UsageError(f"'{url}' is no address to download from: it must begin with https:// or http://")
    target = (into or user_models()) / remote.file
    if _digest(target) != remote.sha256:
        _fetch(url, target, remote)
    return target


def _fetch(url: str, target: Path, remote: Remote) -> None:
    part: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own, so that two pulls at once do not write into one file.
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as file:
            part = Path(file.name)
            digest = _download(url, file, remote)
        if digest != remote.sha256:
            raise FerpipeError(
                f"{url} has the checksum {digest[:12]}..., not {remote.sha256[:12]}...: it was not kept; "
                "try again later, or fetch the file by hand"
            )
        part.chmod(0o644)
        part.replace(target)
    except HTTPError as error:
        raise FerpipeError(
            f"cannot download {url}: the server answers {error.code} {error.reason}"
        ) from error
    except URLError as error:
        raise FerpipeError(_unreachable(url, target, error.reason)) from error
    except HTTPException as error:
        raise FerpipeError(_unreachable(url, target, type(error).__name__)) from error
    except OSError as error:
        raise FerpipeError(_unreachable(url, target, error.strerror or error)) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _download(url: str, file: IO[bytes], remote: Remote) -> str:
    hasher, size = hashlib.sha256(), 0
    with urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 -- the caller has checked the scheme
        while block := answer.read(_BLOCK):
            size += len(block)
            if size > remote.size:  # told early: a wrong file must not fill the disk
                raise FerpipeError(f"{url} is longer than the {remote.size} bytes published: it was not kept")
            hasher.update(block)
            file.write(block)
    if size < remote.size:
        raise FerpipeError(f"the download of {url} ended after {size} of {remote.size} bytes: try again")
    file.flush()
    os.fsync(file.fileno())
    return hasher.hexdigest()


def _unreachable(url: str, target: Path, reason: object) -> str:
    advice = f"with no internet here, fetch the file elsewhere and put it at {target}"
    return redact(f"cannot download {url}: {reason}; {advice}")


def _lies(folder: Path, remote: Remote) -> bool:
    return (folder / remote.file).is_file()


def _pulled(path: Path, remote: Remote) -> Shelf:
    state: Literal["ok", "changed"] = "ok" if _digest(path) == remote.sha256 else "changed"
    return Shelf(remote.name, remote.kind, path, state, path.stat().st_size, remote.licence)


def _from_sums(sums: Path) -> list[Shelf]:
    """The files that a `SHA256SUMS` names, as `sha256sum` writes it."""
    shelves = []
    for line in sums.read_text(encoding="utf-8", errors="replace").splitlines():
        expected, _, file = line.partition(" ")
        path = sums.parent / file.strip().removeprefix("*")
        if file.strip():
            size = path.stat().st_size if path.is_file() else None
            found = _digest(path)
            state: Literal["ok", "changed", "missing"] = "ok" if found == expected else "changed"
            name = f"{sums.parent.name}/{path.stem}"
            shelves.append(Shelf(name, "network", path, "missing" if found is None else state, size))
    return shelves


def _from_side_file(side: Path) -> Shelf | None:
    try:
        facts = json.loads(side.read_bytes())
    except (OSError, ValueError):
        return Shelf(side.stem, "", side, "unreadable")
    if not isinstance(facts, dict):
        return None
    if not _is_ours(facts):
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
    return "ok" if _digest(path) == expected.lower() else "changed"


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            hasher = hashlib.sha256()
            while block := file.read(1 << 20):
                hasher.update(block)
    except OSError:
        return None
    return hasher.hexdigest()
