"""Several networks joined into one file, which then is found, explained and exported like any other."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferpipe.cli import main
from ferpipe.models import Framing, Input, Model, Output, find_model, known_models
from ferpipe_networks.classifier import open_classifier
from ferpipe_train.explain.heat import grad_cam, layer_answers

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


def test_a_soup_has_the_mean_of_the_weights(tmp_path: Path, capsys) -> None:
    paths = [
        saved(tmp_path, "a", 1, output=Output(temperature=2.0)),
        saved(tmp_path, "b", 2, output=Output(temperature=0.5)),
    ]
    out = tmp_path / "soup.keras"
    assert main(["export", *map(str, paths), "-o", str(out), "--soup"]) == 0
    assert "the mean of the weights of 2 networks" in capsys.readouterr().out
    first, second, both = (keras.models.load_model(path).get_weights() for path in (*paths, out))
    assert np.abs(first[0] - second[0]).max() > 0.1
    for one, other, mean in zip(first, second, both, strict=True):
        np.testing.assert_allclose(mean, (one + other) / 2, atol=1e-6)
    assert find_model(out).card.output.temperature == 1.25
    odd = tmp_path / "odd.keras"
    keras.Sequential([keras.Input((24, 24, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]).save(odd)
    about = find_model(paths[0]).card.model_copy(update={"file": odd.name, "sha256": None})
    about.write(odd.with_suffix(".json"))
    refused = tmp_path / "refused.keras"
    assert main(["export", str(paths[0]), str(odd), "-o", str(refused), "--soup"]) == 2
    assert "has other layers than" in capsys.readouterr().err
    assert main(["export", str(paths[0]), "-o", str(refused), "--soup"]) == 2
    assert "give more than one" in capsys.readouterr().err
    assert not refused.exists()


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
    out.with_suffix(".ferpipe.json").write_bytes(paths[0].with_suffix(".json").read_bytes())
    assert main([*joining, str(tmp_path / "faces")]) == 2
    assert "all.ferpipe.json' exists" in capsys.readouterr().err
    # That of a joined network which was removed is in nobody's way.
    out.with_suffix(".ferpipe.json").write_text(
        paths[0].with_suffix(".json").read_text().replace("a.keras", "all.keras")
    )
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
    assert "the data has the classes sad, which the model does not know" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ("angry", "sad", "neutral")}, "has the classes angry, sad, neutral"),
        ({"input": Input(height=24, width=24, scale="unit")}, "expects another input"),
        ({"framing": Framing(points={"nose": (0.5, 0.6)})}, "expects a different framing of faces"),
    ],
)
def test_networks_that_differ_are_not_joined(changes, said, tmp_path: Path, capsys) -> None:
    framing = Framing(points={"nose": (0.5, 0.5)})
    paths = [saved(tmp_path, "a", 1, framing=framing), saved(tmp_path, "b", 2, **changes)]
    assert main(["export", *map(str, paths), "-o", str(tmp_path / "all.keras")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "all.keras").exists()


def test_a_network_that_says_nothing_of_the_framing_joins_one_that_does(tmp_path: Path) -> None:
    framing = Framing(points={"nose": (0.5, 0.5)})
    paths = [saved(tmp_path, "a", 1), saved(tmp_path, "b", 2, framing=framing)]
    assert main(["export", *map(str, paths), "--soup", "-o", str(tmp_path / "all.keras")]) == 0
    assert find_model(tmp_path / "all.keras").card.framing == framing


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"output": Output(index=7)}, "has 2 outputs, its side file asks for output 7"),
        ({"classes": CLASSES[:2]}, "distinguishes 3 classes, but 2 are named"),
        (
            {"input": Input(height=20, width=24)},
            "expects an input of 24 x 24 x 1, but 20 x 24 x 1 is described",
        ),
    ],
)
def test_the_side_file_of_another_network_is_refused(changes, said, tmp_path: Path, capsys) -> None:
    paths = [str(saved(tmp_path, "a", 1, **changes)), str(saved(tmp_path, "b", 2, **changes))]
    assert main(["export", *paths, "-o", str(tmp_path / "all.keras")]) == 2
    assert said in capsys.readouterr().err
    assert main(["export", paths[0], "-o", str(tmp_path / "all.tflite")]) == 2
    of_export = "the network has no output '7'; it has emotion, other" if "output" in changes else said
    assert of_export in capsys.readouterr().err
    assert not list(tmp_path.glob("*all*"))


def test_a_network_that_takes_two_pictures_is_refused(tmp_path: Path, capsys) -> None:
    a, two = saved(tmp_path, "a", 1), saved(tmp_path, "two", 2)
    pictures = [keras.Input((24, 24, 1)) for _ in range(2)]
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()(pictures))
    keras.Model(pictures, keras.layers.Dense(3)(mean)).save(two)
    for models, out in (([a, two], "all.keras"), ([two], "two.tflite")):
        assert main(["export", *map(str, models), "-o", str(tmp_path / out)]) == 2
        assert "takes 2 inputs; a classifier takes one picture" in capsys.readouterr().err


def sequential(folder: Path) -> Path:
    """As most tutorials have it, in the form of Keras 2's days."""
    keras.utils.set_random_seed(7)
    layers = [keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    made = keras.Sequential([keras.Input((24, 24, 1)), keras.layers.Rescaling(1 / 255), *layers])
    folder.mkdir()
    (folder / "model.json").write_text(made.to_json())
    made.save(folder / "model.h5")
    card = Model(
        name="tutorial",
        file="model.json",
        weights="model.h5",
        format="keras-json",
        classes=CLASSES,
        input=Input(height=24, width=24),
        output=Output(kind="probabilities"),
    )
    card.write(folder / "model.ferpipe.json")
    return folder / "model.json"


def test_sequential_networks_are_joined_and_exported(tmp_path: Path, capsys) -> None:
    paths = [sequential(tmp_path / "old"), saved(tmp_path, "a", 1)]
    assert main(["export", *map(str, paths), "-o", str(tmp_path / "all.keras")]) == 0
    answers = np.stack([open_classifier(path).probabilities(PICTURES) for path in paths])
    product = np.exp(np.log(answers).mean(axis=0))
    said = open_classifier(tmp_path / "all.keras").probabilities(PICTURES)
    assert said == pytest.approx(product / product.sum(1, keepdims=True), abs=1e-4)
    assert main(["export", str(paths[0]), "-o", str(tmp_path / "lite.tflite")]) == 0
    said = open_classifier(tmp_path / "lite.tflite").probabilities(PICTURES)
    assert said == pytest.approx(answers[0], abs=1e-4)
    before = paths[0].read_bytes()
    capsys.readouterr()
    # The side file of model.tflite would be model.json, in which the layers are.
    assert main(["export", str(paths[0]), "-o", str(paths[0].with_suffix(".tflite"))]) == 2
    assert "is not a side file and would be lost" in capsys.readouterr().err
    assert main(["export", *map(str, paths), "-o", str(paths[0].with_suffix(".keras"))]) == 2
    assert "model.ferpipe.json' exists: give the result another name" in capsys.readouterr().err
    assert paths[0].read_bytes() == before
    names = sorted(file.name for file in paths[0].parent.iterdir())
    assert names == ["model.ferpipe.json", "model.h5", "model.json"]


def test_what_joining_refuses(tmp_path: Path, capsys) -> None:
    a, b = (str(saved(tmp_path, name, seed)) for name, seed in (("a", 1), ("b", 2)))
    c = str(saved(tmp_path, "c", 3))
    (tmp_path / "x").mkdir()
    roundabout = str(tmp_path / "x" / ".." / "a.keras")
    before = {path: Path(path).read_bytes() for path in (a, b, c)}
    bare = tmp_path / "bare.keras"
    network(3).save(bare)
    for arguments, said in (
        ([a, b, "-o", "x.tflite"], "must end in .keras"),
        ([a, b, "-o", a], "is one of the networks of the ensemble"),
        ([a, b, "-o", roundabout], "is one of the networks of the ensemble"),
        ([str(tmp_path / "a.json"), b, "-o", a], "is one of the networks of the ensemble"),
        ([a, b, "-o", c], "exists: give the result another name"),
        ([a, b, roundabout, "-o", "x.keras"], "is named twice"),
        ([a, str(bare), "-o", "x.keras", "--data", "nowhere"], "docs/models.md describes it"),
        ([a, b, "-o", "x.keras", "--float16"], "built first"),
        ([a, str(bare), "-o", "x.keras"], "has no side file"),
        ([a, "-o", "x.keras"], "must end in .tflite or .onnx"),
        ([a, "-o", "x.tflite", "--int8", "--float16"], "--float16 and --int8 exclude each other"),
    ):
        assert main(["export", *arguments]) == 2, said
        assert said in capsys.readouterr().err
    assert {path: Path(path).read_bytes() for path in before} == before


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
    assert "is already a LiteRT file" in capsys.readouterr().err
    assert main(["export", "mine", "-o", str(tmp_path / "half.tflite"), "--float16"]) == 0
    assert find_model(tmp_path / "half.tflite").card.name == "half"
    side, named = tmp_path / "mine.ferpipe.json", ["export", "mine", "-o", str(tmp_path / "x.tflite")]
    side.unlink()  # the LiteRT file's own would be untrue of the network
    assert main(named) == 2
    assert "mine.keras' has no side file of its own" in capsys.readouterr().err
    path.unlink()
    assert main(named) == 2
    assert "is already a LiteRT file" in capsys.readouterr().err
