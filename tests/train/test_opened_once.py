"""A model that was found is hashed once and read once, however many parts of a command need it.

Files are counted where Python opens them, by an audit hook: a real model, real commands.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferpipe.cli import main
from ferpipe.models import Input, Model, Output, digest, find_model
from ferpipe_train.data import FER_CLASSES

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

_opened: Counter[str] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is not None and event == "open" and isinstance(arguments[0], str | Path):
        _opened[Path(arguments[0]).name] += 1


sys.addaudithook(_hook)  # for good: Python has no way to take one off


@contextmanager
def counting() -> Iterator[Counter[str]]:
    global _opened  # noqa: PLW0603 -- the hook stays, and counts only here
    _opened = counted = Counter()
    try:
        yield counted
    finally:
        _opened = None


def written(folder: Path, name: str = "net") -> Path:
    keras.utils.set_random_seed(3)
    picture = keras.Input((48, 48, 1))
    seen = keras.layers.Conv2D(2, 3, strides=2, padding="same")(picture)
    mean = keras.layers.GlobalAveragePooling2D()(seen)
    path = folder / f"{name}.keras"
    keras.Model(picture, keras.layers.Dense(7, name="emotion")(mean)).save(path)
    card = Model(
        name=name,
        file=path.name,
        format="keras",
        sha256=digest(path),
        classes=FER_CLASSES,
        input=Input(height=48, width=48),
        output=Output(kind="logits"),
    )
    card.write(path.with_suffix(".json"))
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def once(model: Path) -> int:
    """How often a file is opened that is hashed once and then read by Keras once."""
    with counting() as opened:
        digest(model)
        keras.saving.load_model(model, compile=False)
    return opened[model.name]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    rows = ["emotion,pixels,Usage"]
    for number in range(28):
        pixels = " ".join(map(str, rng.integers(0, 256, 48 * 48)))
        rows.append(f"{number % 7},{pixels},{'Training' if number % 2 else 'PublicTest'}")
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_export_hashes_and_reads_its_model_once(
    model: Path, data: Path, once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERPIPE_CACHE", str(tmp_path / "cache"))
    target = tmp_path / "out" / "small.tflite"
    with counting() as opened:
        assert main(["export", str(model), "-o", str(target), "--data", str(data)]) == 0
    assert opened[model.name] == once
    assert opened[target.name] == 1, "only its first bytes are read back by Python; LiteRT reads it natively"
    assert opened[f"{target.name}.part"] == 1
    assert find_model(target).card is not None


def test_an_ensemble_hashes_and_reads_each_member_once(
    model: Path, data: Path, once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERPIPE_CACHE", str(tmp_path / "cache"))
    other, out = written(tmp_path, "other"), tmp_path / "both.keras"
    with counting() as opened:
        assert main(["export", str(model), str(other), "-o", str(out), "--data", str(data)]) == 0
    assert (opened[model.name], opened[other.name]) == (once, once)
    assert opened[out.name] == 1, "hashed, for its side file"
    assert find_model(out).card is not None


def test_explain_hashes_and_reads_its_model_once(model: Path, once: int, tmp_path: Path) -> None:
    skimage = pytest.importorskip("skimage.data")
    image = tmp_path / "astronaut.png"
    cv2.imwrite(str(image), skimage.astronaut()[..., ::-1])
    with counting() as opened:
        assert main(["explain", str(image), "--model", str(model), "-o", str(tmp_path / "out")]) == 0
    assert opened[model.name] == once


def test_explain_of_a_litert_model_hashes_it_once_and_reads_its_keras_file_once(
    model: Path, once: int, tmp_path: Path
) -> None:
    skimage = pytest.importorskip("skimage.data")
    image = tmp_path / "astronaut.png"
    cv2.imwrite(str(image), skimage.astronaut()[..., ::-1])
    assert main(["export", str(model), "-o", str(tmp_path / "net.tflite")]) == 0
    with counting() as opened:
        lite = str(tmp_path / "net.tflite")
        assert main(["explain", str(image), "--model", lite, "-o", str(tmp_path / "out")]) == 0
    assert opened["net.tflite"] == 2, "hashed, and its first bytes read before LiteRT opens it"
    assert opened[model.name] == once
