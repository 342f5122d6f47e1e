"""Several networks joined into one file, which then is found, explained and exported like any other."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferpipe.cli import main
from ferpipe_emotion.classifier import open_classifier
from ferpipe_emotion.explain.heat import grad_cam, layer_answers
from ferpipe_emotion.find import find_model, known_models
from ferpipe_emotion.model import Framing, Input, Model, Output

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

CLASSES = ("angry", "happy", "neutral")
PICTURES = list(np.random.default_rng(4).integers(0, 256, (9, 24, 24), np.uint8))


def network(seed: int, *, softmax: bool = False) -> keras.Model:
    """Two heads, the first of three classes; the layers of all have the same names."""
    keras.utils.set_random_seed(seed)
    picture = keras.Input((24, 24, 1), name="picture")
    seen = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="conv")(
        keras.layers.Rescaling(1 / 99, name="unit")(picture)
    )
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(
        keras.layers.BatchNormalization(name="norm")(seen)
    )
    wide = keras.initializers.RandomNormal(stddev=3.0)
    emotion = keras.layers.Dense(3, "softmax" if softmax else None, kernel_initializer=wide, name="emotion")(
        mean
    )
    return keras.Model(picture, [emotion, keras.layers.Dense(2, name="other")(mean)])


def saved(folder: Path, name: str, seed: int, **changes: object) -> Path:
    output = changes.pop("output", Output())
    path = folder / f"{name}.keras"
    network(seed, softmax=output.kind == "probabilities").save(path)
    about = {"name": name, "file": path.name, "format": "keras", "classes": CLASSES}
    about |= {"input": Input(height=24, width=24), "output": output, **changes}
    Model(**about).write(path.with_suffix(".json"))
    return path


def test_the_joined_network_answers_with_the_product_of_the_others(tmp_path: Path, capsys) -> None:
    paths = [
        saved(tmp_path, "a", 1, output=Output(temperature=2.0), licence="MIT"),
        saved(tmp_path, "b", 2, output=Output(kind="probabilities"), licence="MIT"),
        saved(tmp_path, "c", 3, output=Output(temperature=0.5)),
    ]
    assert main(["export", *map(str, paths), "-o", str(tmp_path / "all.keras")]) == 0
    assert "the mean of 3 networks" in capsys.readouterr().out
    answers = np.stack([open_classifier(path).probabilities(PICTURES) for path in paths])
    assert np.ptp(answers, axis=0).max() > 0.1, "they differ"
    product = np.exp(np.log(answers).mean(axis=0))
    joined = open_classifier(tmp_path / "all.keras")
    assert joined.probabilities(PICTURES) == pytest.approx(product / product.sum(1, keepdims=True), abs=1e-5)
    assert joined.card.licence == "MIT"


def test_it_is_explained_through_all_of_its_networks(tmp_path: Path) -> None:
    paths = [saved(tmp_path, "a", 1), saved(tmp_path, "b", 2)]
    assert main(["export", *map(str, paths), "-o", str(tmp_path / "all.keras")]) == 0
    whole, card = (
        keras.models.load_model(tmp_path / "all.keras"),
        open_classifier(tmp_path / "all.keras").card,
    )
    picture = PICTURES[0]
    assert [name for name, _ in layer_answers(whole, card, picture)] == ["n1_conv", "n2_conv"]
    alone = [grad_cam(keras.models.load_model(path), card, picture, 1) for path in paths]
    both = grad_cam(whole, card, picture, 1)
    # A blend of the two, but for the overshoots of the cubic resampling, which each cuts off by itself.
    blend, *_ = np.linalg.lstsq(np.stack([part.ravel() for part in alone], 1), both.ravel(), rcond=None)
    assert np.abs(sum(w * part for w, part in zip(blend, alone, strict=True)) - both).mean() < 0.01
    assert min(blend) > 0.1


def test_the_temperature_is_fitted_where_there_is_data(tmp_path: Path, capsys) -> None:
    paths = [saved(tmp_path, "a", 1), saved(tmp_path, "b", 2)]
    rng = np.random.default_rng(5)
    for name in CLASSES:
        (tmp_path / "faces" / name).mkdir(parents=True)
        for i in range(30):
            cv2.imwrite(str(tmp_path / "faces" / name / f"{i}.png"), rng.integers(0, 256, (48, 48), np.uint8))
    out = tmp_path / "all.keras"
    joining = ["export", *map(str, paths), "-o", str(out), "--data"]
    assert main([*joining, str(tmp_path / "faces")]) == 0
    said = capsys.readouterr().out
    card = find_model(out).card
    (scores,) = card.scores.values()
    assert f"{100 * scores['accuracy']:.1f}" in said
    assert f"of {scores['n']} faces" in said
    # Labels that have nothing to do with the faces: a network can only be less sure.
    assert card.output.temperature > 1.5
    out.unlink()
    (tmp_path / "faces" / "angry").rename(tmp_path / "faces" / "sad")
    assert main([*joining, str(tmp_path / "faces")]) == 2
    assert "the data has the classes sad, which the model does not tell" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ("angry", "sad", "neutral")}, "tells angry, sad, neutral"),
        ({"input": Input(height=24, width=24, scale="unit")}, "wants another input"),
        ({"framing": Framing(points={"nose": (0.5, 0.6)})}, "wants faces framed otherwise"),
    ],
)
def test_networks_that_differ_are_not_joined(changes, said, tmp_path: Path, capsys) -> None:
    paths = [saved(tmp_path, "a", 1), saved(tmp_path, "b", 2, **changes)]
    assert main(["export", *map(str, paths), "-o", str(tmp_path / "all.keras")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "all.keras").exists()


def test_what_joining_refuses(tmp_path: Path, capsys) -> None:
    a, b = (str(saved(tmp_path, name, seed)) for name, seed in (("a", 1), ("b", 2)))
    bare = tmp_path / "bare.keras"
    network(3).save(bare)
    for arguments, said in (
        ([a, b, "-o", "x.tflite"], "must end in .keras"),
        ([a, b, "-o", a], "is one of the networks to join"),
        ([a, b, "-o", "x.keras", "--float16"], "joined first"),
        ([a, str(bare), "-o", "x.keras"], "has no side file"),
        ([a, "-o", "x.keras"], "must end in .tflite or .onnx"),
    ):
        assert main(["export", *arguments]) == 2, said
        assert said in capsys.readouterr().err


def test_an_export_beside_the_network_leaves_it_its_side_file(tmp_path: Path, monkeypatch, capsys) -> None:
    path = saved(tmp_path, "mine", 1)
    for _ in range(2):
        assert main(["export", str(path), "-o", str(tmp_path / "mine.tflite")]) == 0
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["mine.ferpipe.json", "mine.json", "mine.keras", "mine.tflite"]
    assert (found := find_model(path)).card is not None
    assert found.path == path
    assert find_model(tmp_path / "mine.tflite").card.format == "litert"
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path))
    assert known_models()["mine"].name == "mine.json"
    assert "mine.ferpipe" not in known_models()
    assert find_model("mine").format == "litert"
    capsys.readouterr()
    assert main(["models"]) == 0
    (listed,) = (line for line in capsys.readouterr().out.splitlines() if "mine" in line)
    assert "mine.tflite" in listed
    assert main(["export", str(tmp_path / "mine.tflite"), "-o", str(tmp_path / "x.tflite")]) == 2
    assert "is a LiteRT file already" in capsys.readouterr().err
