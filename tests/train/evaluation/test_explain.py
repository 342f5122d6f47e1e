"""Explanations of a real photograph, with Keras and with LiteRT alone, and the export between them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferpipe import UsageError
from ferpipe.models import Input, Model, Output
from ferpipe_networks.classifier import open_classifier
from ferpipe_train.commands.export import run_export
from ferpipe_train.data import FER_CLASSES
from ferpipe_train.explain.explain import explain
from ferpipe_train.explain.heat import grad_cam, occlusion

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")
skimage = pytest.importorskip("skimage.data")

CORNER = np.zeros((48, 48), np.uint8)
CORNER[4:16, 4:16] = 255


def corner_network() -> keras.Model:
    """Class 3 is called the more, the more of the picture is bright."""
    picture = keras.Input((48, 48, 1))
    bright = keras.layers.Conv2D(2, 3, strides=2, padding="same", use_bias=False)(picture)
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(bright))
    network = keras.Model(picture, keras.layers.Dense(7, name="emotion")(mean))
    kernel = np.zeros((3, 3, 1, 2))
    kernel[1, 1, 0, 0] = 1 / 25
    network.layers[1].set_weights([kernel])
    weights = np.zeros((2, 7))
    weights[0, 3] = 2
    network.layers[-1].set_weights([weights, np.zeros(7)])
    return network


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "corner.keras"
    corner_network().save(path)
    card = Model(
        name="corner",
        file=path.name,
        format="keras",
        classes=FER_CLASSES,
        input=Input(height=48, width=48),
        output=Output(kind="logits"),
    )
    card.write(path.with_suffix(".json"))
    return path


def centre_of(heat: np.ndarray) -> tuple[float, float]:
    ys, xs = np.mgrid[: heat.shape[0], : heat.shape[1]]
    return float((ys * heat).sum() / heat.sum()), float((xs * heat).sum() / heat.sum())


def test_both_maps_point_at_what_made_the_answer(model: Path) -> None:
    classifier = open_classifier(model)
    for heat in (
        grad_cam(keras.models.load_model(model), classifier.card, CORNER, 3),
        occlusion(classifier, CORNER, 3),
    ):
        assert heat.shape == (48, 48)
        assert heat.min() >= 0
        assert heat.max() == pytest.approx(1, abs=0.1)
        assert centre_of(heat) == (pytest.approx(9.5, abs=2.5), pytest.approx(9.5, abs=2.5))


def test_a_network_without_pictures_in_it_is_refused(model: Path) -> None:
    picture = keras.Input((48, 48, 1))
    flat = keras.Model(picture, keras.layers.Dense(7)(keras.layers.Flatten()(picture)))
    # The input itself has places; a heat map of it is the slope of each pixel.
    heat = grad_cam(flat, open_classifier(model).card, CORNER, 0)
    assert heat.shape == (48, 48)


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("image") / "astronaut.png"
    cv2.imwrite(str(path), skimage.astronaut()[..., ::-1])
    return path


def test_the_astronaut_explained(model: Path, astronaut: Path, tmp_path: Path) -> None:
    done = explain(astronaut, str(model), tmp_path / "out")
    index, faces, how = done.page, done.faces, done.method
    assert done.classes == FER_CLASSES
    assert len(faces) == 1
    box = faces[0].box
    assert box.x < 225 < box.x + box.w, "the nose"
    assert box.y < 120 < box.y + box.h
    assert how == "heat map: Grad-CAM on corner.keras"
    names = {path.name for path in index.parent.iterdir()}
    assert names == {"index.html", "picture.png", "face-1.png", "face-1-layers.png", "explanation.json"}
    content = json.loads((index.parent / "explanation.json").read_text())
    shares = content["faces"][0]["probabilities"]
    assert list(shares) == list(FER_CLASSES)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
    assert index.read_text().count("data:image/png") == 3
    picture = cv2.imread(str(index.parent / "face-1.png"))
    assert picture is not None
    assert picture.std() > 20


def test_export_and_explain_with_litert_alone(
    model: Path, astronaut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported = tmp_path / "small.tflite"
    assert run_export(model, exported, "float16", None, 0) == 0
    assert "float16" in capsys.readouterr().out
    keras_answer = open_classifier(model).probabilities([CORNER])
    assert np.abs(open_classifier(exported).probabilities([CORNER]) - keras_answer).max() < 5e-3
    done = explain(astronaut, str(exported), tmp_path / "out")
    assert "put small.keras beside small.tflite" in done.method
    assert done.faces[0].layers == []
    (tmp_path / "small.keras").write_bytes(model.read_bytes())
    done = explain(astronaut, str(exported), tmp_path / "out2")
    assert done.method == "heat map: Grad-CAM on small.keras"
    assert [name for name, _ in done.faces[0].layers]


def test_what_cannot_be_exported_or_explained(model: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.tflite or \.onnx"):
        run_export(model, tmp_path / "x.pb", "float32", None, 0)
    with pytest.raises(UsageError, match=r"--float16 is for \.tflite files"):
        run_export(model, tmp_path / "x.onnx", "float16", None, 0)
    with pytest.raises(UsageError, match="int8 needs faces"):
        run_export(model, tmp_path / "x.tflite", "int8", None, 0)
    grey = tmp_path / "grey.png"
    cv2.imwrite(str(grey), np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(UsageError, match="no face was found"):
        explain(grey, str(model), tmp_path / "out")
    with pytest.raises(UsageError, match="there is no image file"):
        explain(tmp_path / "none.png", str(model), tmp_path / "out")


def test_a_branch_for_another_output_has_no_part_in_the_heat_map(model: Path) -> None:
    plain = corner_network()
    other = keras.layers.GlobalMaxPooling2D()(keras.layers.Conv2D(3, 5)(plain.inputs[0]))
    both = keras.Model(plain.inputs, [plain.outputs[0], keras.layers.Dense(2)(other)])
    card = open_classifier(model).card
    np.testing.assert_allclose(grad_cam(both, card, CORNER, 3), grad_cam(plain, card, CORNER, 3), atol=1e-6)
