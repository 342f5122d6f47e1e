"""Folders of images, one a class: `train/happy/*.png`, or `happy/*.png` without splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ferpipe import UsageError
from ferpipe_train.data.faces import FER_CLASSES, SPLITS, LabelledFaces, split_name
from ferpipe_train.data.image_io import read_image

__all__ = ["image_files", "read_folders"]

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
_SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


def image_files(folder: Path) -> list[Path]:
    """Every image below `folder`, sorted."""
    return sorted(
        p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES and not p.name.startswith(".")
    )


def read_folders(
    path: Path, *, size: int, channels: int, classes: tuple[str, ...] | None = None
) -> LabelledFaces:
    """The images below `path`, by split folder where there are any, then by class folder.

    Folders named as FER2013's classes come in FER2013's order, others in the alphabet's, unless
    `classes` gives it.  Where `train` and `test` stand alone, `test` is what is chosen by
    (PublicTest), as the tutorials do.  A file that is no image, and a folder that has none, is skipped and
    named in `problems`.
    Raises UsageError where there are no class folders, or a class is not in `classes`.
    """
    parts = _split_folders(path)
    empty = _without_images(parts)
    found = sorted({_class_name(d.name) for _, folder in parts for d in _folders(folder)} - empty)
    names = classes or _order(found)
    if unknown := sorted(set(found) - set(names)):
        raise UsageError(f"{path} has class folders that are not in the classes: {', '.join(unknown)}")
    if len(found) < 2:
        raise UsageError(
            f"{path} needs a folder of images for each class (two at least), found {found or 'none'}"
        )
    images, labels, splits = [], [], []
    problems = [f"{name}: a folder without images is not a class" for name in sorted(empty - set(names))]
    for split, part in parts:
        for folder in _folders(part):
            for file in image_files(folder):
                image = read_image(file, size, channels)
                if image is None:
                    problems.append(f"{file.relative_to(path)}: not an image that can be read")
                    continue
                images.append(image)
                labels.append(names.index(_class_name(folder.name)))
                splits.append(split)
    if not images:
        raise UsageError(f"{path} holds no image that can be read")
    return LabelledFaces(
        np.stack(images),
        np.array(labels, np.int64),
        np.array(splits, np.int64),
        names,
        None,
        tuple(problems),
        str(path),
    )


def _without_images(parts: list[tuple[int, Path]]) -> set[str]:
    """The class folders that hold no image in any split, such as what an archiver or an editor left."""
    folders = [folder for _, part in parts for folder in _folders(part)]
    full = {_class_name(folder.name) for folder in folders if image_files(folder)}
    return {_class_name(folder.name) for folder in folders} - full


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _split_folders(path: Path) -> list[tuple[int, Path]]:
    named = [(split_name(p.name), p) for p in _folders(path)]
    parts = [(SPLITS.index(split), p) for split, p in named if split is not None]
    if not parts:
        return [(0, path)]
    if strays := [p.name for split, p in named if split is None]:
        raise UsageError(f"{path} mixes split folders with others: move {', '.join(strays)} elsewhere")
    if {split for split, _ in parts} == {0, 2}:
        parts = [(min(split, 1), p) for split, p in parts]
    return sorted(parts)


def _class_name(folder: str) -> str:
    name = folder.strip().lower()
    return _SYNONYMS.get(name, name) if _SYNONYMS.get(name, name) in FER_CLASSES else folder.strip()


def _order(found: list[str]) -> tuple[str, ...]:
    if set(found) <= set(FER_CLASSES):
        return tuple(name for name in FER_CLASSES if name in found)
    return tuple(sorted(found, key=str.lower))
