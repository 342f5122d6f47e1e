"""From what a user calls a model to the files on disk, and to its side file if it has one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ferpipe.errors import UsageError
from ferpipe.models.card import Format, Model, is_side_file, read_side_file
from ferpipe.models.checksum import digest
from ferpipe.resources import all_model_dirs, resolve
from ferpipe.text import listing

__all__ = ["Found", "find_model", "keras_twin", "known_models", "load_model_card", "side_files_of_others"]

_FORMATS: dict[str, Format] = {
    ".tflite": "litert",
    ".onnx": "onnx",
    ".keras": "keras",
    ".h5": "h5",
    ".hdf5": "h5",
}
_ACCEPTED = ".tflite, .onnx, .keras, .h5, a model.json with its weights beside it, or a SavedModel folder"


@dataclass(frozen=True, slots=True)
class Found:
    """A model's files.

    path: the weights, or the JSON of the layers; weights: the second file of that form.
    card: the side file, None where there is none.
    """

    path: Path
    format: Format
    weights: Path | None = None
    card: Model | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything that a checksum covers."""
        return (self.path,) if self.weights is None else (self.path, self.weights)

    def on_disk(self) -> Iterator[Path]:
        """The files of the model that are there, side files included."""
        yield from self.files
        stem = self.path.with_suffix("") if self.path.is_file() else self.path
        beside = (f"{self.path.name}.json", f"{stem.name}.ferpipe.json", f"{stem.name}.json")
        yield from (side for name in beside if (side := stem.with_name(name)).is_file())

    def sha256(self) -> str:
        """The checksum; the side file's, which was checked when the model was found, where it has one."""
        said = None if self.card is None or self.card.files != self.files else self.card.sha256
        return said or digest(*self.files)


def load_model_card(name_or_path: str | Path) -> Model:
    """The side file of a model, with its weights present and unchanged.

    `name_or_path` is a shipped or pulled model's name (`base`), or the path of a side file or
    of weights that have one.  Raises UsageError with what to do.
    """
    found = find_model(name_or_path)
    if found.card is None:
        raise UsageError(
            f"'{found.path}' has no side file{side_files_of_others(found)}; write "
            f"'{found.path.with_suffix('.json').name}' beside it (see docs/models.md)"
        )
    return found.card


def find_model(name_or_path: str | Path) -> Found:
    """The files of a model, known by name or by path, and its side file where it has one.

    Raises UsageError where there is no such model, its format is unknown, its side file is
    wrong, or its weights are missing or changed.
    """
    name, path = str(name_or_path), resolve(name_or_path)
    # A name comes before a folder or file of that name in the working directory, which is './NAME'.
    if Path(name).name == name and (side := known_models().get(name)) is not None:
        return _from_card(side)
    if not _exists(path):
        if Path(name).name == name and path.suffix not in {".json", *_FORMATS}:
            raise UsageError(_unknown(name))
        raise UsageError(f"there is no model file '{path}': give a path to {_ACCEPTED}, or a name")
    if path.is_dir():
        return _in_folder(path)
    if path.suffix == ".json":
        return _from_card(path) if is_side_file(path) else _layers(path)
    if path.suffix not in _FORMATS:
        raise UsageError(f"'{path}' is not a model that ferpipe can read: it must be {_ACCEPTED}")
    return _beside(Found(path, _FORMATS[path.suffix]))


def keras_twin(found: Found) -> Found | None:
    """The Keras network itself, or that of the same name beside a LiteRT or ONNX file; None without one."""
    if found.format == "saved-model":
        return None
    if found.format not in {"litert", "onnx"}:
        return found
    beside = found.path.with_suffix(".keras")
    if not beside.is_file():
        return None
    own = find_model(beside)
    return own if own.card is not None else Found(beside, "keras", None, found.card)


def known_models() -> dict[str, Path]:
    """The side files of the models that can be used by name: pulled ones, shipped ones, those of plugins."""
    known: dict[str, Path] = {}
    for folder in all_model_dirs():
        # NAME.ferpipe.json last: where NAME.json is a side file too, it has the name.
        for path in sorted(folder.glob("*.json"), key=lambda path: (path.name.count("."), path.name)):
            if is_side_file(path, kind="emotion"):
                known.setdefault(path.stem.removesuffix(".ferpipe"), path)
    return known


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise UsageError(f"cannot read the model '{path}': {error.strerror}") from error


def _unknown(name: str) -> str:
    known = known_models()
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean '{near[0]}'? " if near else ""
    names = ", ".join(known) or "none"
    return f"there is no model '{name}': {meant}known are {names}; a path works too"


def _from_card(path: Path) -> Found:
    card = read_side_file(path)
    card.check()
    return Found(card.path, card.format, card.weights_path, card)


def _beside(found: Found) -> Found:
    """`found` with the side file that describes it, if there is one beside it."""
    for _, card in _cards_beside(found):
        if found.path.name in {file.name for file in card.files}:
            card.check()
            return Found(card.path, card.format, card.weights_path, card)
    return found


def side_files_of_others(found: Found) -> str:
    """For messages about a model without a side file: those beside it that describe another file."""
    others = [f"'{side.name}' describes '{card.file}'" for side, card in _cards_beside(found)]
    return f" ({listing(others, 'and')})" if others else ""


def _cards_beside(found: Found) -> Iterator[tuple[Path, Model]]:
    """The side files that are named after the model, the most particular one first."""
    stem = found.path.with_suffix("") if found.path.is_file() else found.path
    name = found.path.name  # of an .onnx, NAME.onnx.json stands for itself beside that of a NAME.tflite
    for side in (stem.with_name(part + ".json") for part in (name, stem.name + ".ferpipe", stem.name)):
        # Another JSON may have the model's own name; this one can be nothing else, and is damaged then.
        if side.is_file() and (side.name.endswith(".ferpipe.json") or is_side_file(side)):
            yield side, read_side_file(side)


def _in_folder(folder: Path) -> Found:
    if (folder / "saved_model.pb").is_file():
        return _beside(Found(folder, "saved-model"))
    if (folder / "model.json").is_file():
        return _layers(folder / "model.json")
    raise UsageError(f"the folder '{folder}' holds neither a saved_model.pb nor a model.json")


def _layers(path: Path) -> Found:
    """An architecture in JSON: its weights have the same name, or are the only ones there."""
    stem = path.with_suffix("")
    same = [stem.with_name(stem.name + suffix) for suffix in (".weights.h5", ".h5", ".hdf5")]
    alone = [file for file in path.parent.iterdir() if file.suffix in {".h5", ".hdf5"}]
    present = [file for file in same if file.is_file()] or (alone if len(alone) == 1 else [])
    if not present:
        raise UsageError(
            f"'{path}' holds a network's layers, but its weights are not beside it: put them in '{same[1]}'"
        )
    return _beside(Found(path, "keras-json", present[0]))
