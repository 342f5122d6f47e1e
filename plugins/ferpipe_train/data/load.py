"""One door to every kind of data: tables, folders and caches."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console

from ferpipe import UsageError
from ferpipe.models import Model
from ferpipe.resources import expanded
from ferpipe_train.data.cache import cache_dir, key_of, load_cache, save_cache
from ferpipe_train.data.faces import LabelledFaces
from ferpipe_train.data.fer2013 import read_table, votes_file
from ferpipe_train.data.folders import image_files, read_folders

__all__ = ["DataOptions", "faces_for", "load_faces"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class DataOptions:
    """How data is read.

    size: faces are made size x size pixels.
    color: `grey` or `rgb`.
    classes: the names in the order of the labels; None takes them from the data.
    share: the part of each class that is held back as PublicTest where the data has no splits.
    seed: of that choice.
    strict: refuse data with a bad row instead of leaving the row out.
    cache: keep what was read in the user's cache folder.
    """

    size: int = 48
    color: Literal["grey", "rgb"] = "grey"
    classes: tuple[str, ...] | None = None
    share: float = 0.1
    seed: int = 0
    strict: bool = False
    cache: bool = True

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return 1 if self.color == "grey" else 3


def load_faces(
    path: str | Path, options: DataOptions | None = None, *, warn: Callable[[str], None] = lambda _: None
) -> LabelledFaces:
    """The labelled faces in `path`: a FER2013 csv (with FER+'s beside it), a folder of images a
    class, or a cache.

    What was skipped is passed to `warn`, a line each for the first few.  Raises UsageError where
    there is nothing to read, or with `strict` where a row is bad.
    """
    options = options or DataOptions()
    source = expanded(path)
    if not source.exists():
        raise UsageError(
            f"data '{path}' is not there: give a FER2013 csv, a folder of images a class, or a cache"
        )
    if source.suffix == ".npz":
        faces = _of_size(load_cache(source), options)
    else:
        faces = _through_cache(source, options)
    _judge_problems(faces, options, warn)
    return _with_splits(faces, options)


def _through_cache(source: Path, options: DataOptions) -> LabelledFaces:
    if not options.cache:
        return _read(source, options)
    files = image_files(source) if source.is_dir() else [p for p in (source, votes_file(source)) if p]
    key = key_of(
        files, root=str(source.absolute()), size=options.size, color=options.color, classes=options.classes
    )
    kept = cache_dir() / f"{key}.npz"
    if kept.exists():
        with suppress(UsageError):  # a damaged cache is written anew
            faces = load_cache(kept)
            with suppress(OSError):
                os.utime(kept)
            return faces
    faces = _read(source, options)
    with suppress(OSError):  # a full disk or a read-only home costs time, not the run
        save_cache(kept, faces)
    return faces


def _read(source: Path, options: DataOptions) -> LabelledFaces:
    read = read_folders if source.is_dir() else read_table
    return read(source, size=options.size, channels=options.channels, classes=options.classes)


def _of_size(faces: LabelledFaces, options: DataOptions) -> LabelledFaces:
    from ferpipe_train.data.image_io import fit

    shape = (options.size, options.size, options.channels)
    if faces.images.shape[1:] == shape:
        return faces
    # fit takes BGR; a cache holds RGB.
    pictures = (image[..., 0] if image.shape[-1] == 1 else image[..., ::-1] for image in faces.images)
    fitted = np.stack([fit(np.ascontiguousarray(p), options.size, options.channels) for p in pictures])
    return dataclasses.replace(faces, images=fitted)


def _judge_problems(faces: LabelledFaces, options: DataOptions, warn: Callable[[str], None]) -> None:
    if not faces.problems:
        return
    count = len(faces.problems)
    shown = [f"  {problem}" for problem in faces.problems[:_SHOWN]]
    if count > _SHOWN:
        shown.append(f"  and {count - _SHOWN} more")
    what = f"{faces.source}: {count} bad {'row' if count == 1 else 'rows'}"
    if options.strict:
        raise UsageError(f"{what} (refused by strict)", *shown)
    warn("\n".join([f"{what} skipped", *shown]))


def _with_splits(faces: LabelledFaces, options: DataOptions) -> LabelledFaces:
    """`faces` as they are where they have splits, else with a share of each class held back.

    With one seed a smaller share is a part of a larger one: an evaluation with the default share
    meets no face that a training with that share or a larger one has learnt.
    """
    if np.any(faces.splits != 0) or options.share <= 0:
        return faces
    splits = np.zeros(len(faces), np.int64)
    random = np.random.default_rng(options.seed)
    for label in range(len(faces.classes)):
        rows = random.permutation(np.flatnonzero(faces.labels == label))
        splits[rows[: round(len(rows) * options.share)]] = 1
    return dataclasses.replace(faces, splits=splits)


def faces_for(card: Model, data: str, split: str, errors: Console, *, strict: bool = False) -> LabelledFaces:
    """The faces of a split, not smaller than the network wants them."""
    wants = card.input
    options = DataOptions(
        size=max(48, wants.height, wants.width), color="grey" if wants.channels == 1 else "rgb", strict=strict
    )
    faces = load_faces(data, options, warn=lambda line: errors.print(line, highlight=False, soft_wrap=True))
    return faces.split(split)
