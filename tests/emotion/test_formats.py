"""One network in every format gives the same probabilities."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferpipe import Box, Chip, Face, UsageError
from ferpipe.testing import TestContext, check_stage, make_packet, run_stage
from ferpipe_emotion.card import Input, Model, digest, read_side_file
from ferpipe_emotion.classifier import open_classifier
from ferpipe_emotion.classify import LiteRT, Onnx
from ferpipe_emotion.lookup import load_model_card
from ferpipe_emotion.prepare import prepare
from ferpipe_train.export.convert import export_litert, export_onnx, to_litert
from ferpipe_train.export.onnx import to_onnx

CLASSES = ("angry", "happy", "neutral")
SLOWLY = [
    ("float32", 1e-4),
    pytest.param("float16", 5e-3, marks=pytest.mark.slow),
    pytest.param("dynamic-range", 0.1, marks=pytest.mark.slow),
    pytest.param("int8", 0.2, marks=pytest.mark.slow),
]


def card(**changes: Any) -> Model:
    fields: dict[str, Any] = {
        "name": "small",
        "file": "small.tflite",
        "format": "litert",
        "classes": CLASSES,
        "input": Input(height=24, width=20),
        **changes,
    }
    return Model(**fields)


@pytest.mark.parametrize("form", ["keras", "h5", "keras-json", "saved-model", "litert"])
def test_every_format_agrees_with_keras(form, files, pictures, expected):
    classifier = open_classifier(files[form], classes=CLASSES, given={"scale": "raw"})
    assert classifier.card.format == form
    assert classifier.card.output.kind == "logits"
    assert (expected.max(axis=1) - expected.min(axis=1)).max() > 0.2  # not a network that says nothing
    np.testing.assert_allclose(classifier.probabilities(pictures), expected, atol=1e-4)
    np.testing.assert_allclose(classifier.probabilities(pictures[:1]), expected[:1], atol=1e-4)
    classifier.close()


@pytest.mark.parametrize("which", ["layers", "whole"])
def test_files_of_keras_2(which, keras2, pictures):
    classifier = open_classifier(getattr(keras2, which), classes=CLASSES, given={"scale": "unit"})
    assert classifier.card.output.kind == "probabilities"
    small = [picture[:6, :5] for picture in pictures]
    logits = np.stack(small).reshape(12, 30) / 255 @ keras2.kernel + keras2.bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classifier.probabilities(small), shares, atol=1e-5)


def test_weights_alone_ask_for_the_layers(keras2):
    with pytest.raises(UsageError, match=r"weights without layers: put its model\.json beside it"):
        open_classifier(keras2.layers.with_suffix(".h5"), classes=CLASSES, given={"scale": "unit"})


def test_layers_without_weights_say_where_to_put_them(files, tmp_path):
    shutil.copy(files["keras-json"], tmp_path / "model.json")
    with pytest.raises(UsageError, match=r"weights are not beside it: put them in '.*model\.h5'"):
        open_classifier(tmp_path / "model.json", classes=CLASSES, given={"scale": "raw"})


@pytest.mark.parametrize("name", ["broken.keras", "broken.h5", "broken.tflite"])
def test_a_broken_file_is_one_line(name, tmp_path):
    (tmp_path / name).write_bytes(b"this is no network")
    with pytest.raises(UsageError, match=name) as caught:
        open_classifier(tmp_path / name, classes=CLASSES, given={"scale": "raw"})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["code.keras", "code.h5", "code.json"])
def test_code_in_a_file_does_not_run(form, tmp_path):
    import keras

    seen = keras.Input((24, 20, 1))
    flat = keras.layers.Flatten()(keras.layers.Lambda(lambda x: x + 1)(seen))
    model = keras.Model(seen, keras.layers.Dense(3)(flat))
    if form == "code.json":
        (tmp_path / form).write_text(model.to_json())
        model.save_weights(tmp_path / "code.weights.h5")
    else:
        model.save(tmp_path / form)
    with pytest.raises(UsageError, match=r"(?i)lambda") as caught:
        open_classifier(tmp_path / form, classes=CLASSES, given={"scale": "raw"})
    assert "\n" not in str(caught.value)


def test_a_saved_model_that_is_broken_is_one_line(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff nonsense")
    with pytest.raises(UsageError, match="TensorFlow cannot read") as caught:
        open_classifier(tmp_path, classes=CLASSES, given={"scale": "raw"})
    assert "\n" not in str(caught.value)


def test_a_fixed_batch_is_padded(single, tmp_path, pictures, expected):
    import keras

    fixed = keras.Input(batch_shape=(5, 24, 20, 1))
    keras.Model(fixed, single(fixed)).save(tmp_path / "fixed.keras")
    classifier = open_classifier(tmp_path / "fixed.keras", classes=CLASSES, given={"scale": "raw"})
    np.testing.assert_allclose(classifier.probabilities(pictures), expected, atol=1e-4)


@pytest.mark.parametrize(("precision", "allowed"), SLOWLY)
def test_export_writes_a_side_file_that_works(precision, allowed, network, tmp_path, pictures, expected):
    network.save(tmp_path / "two.keras")
    samples = pictures * 10
    done, difference = export_litert(
        tmp_path / "two.keras", card(), tmp_path / "out", head="emotion", precision=precision, samples=samples
    )
    assert load_model_card(tmp_path / "out" / "small.json") == done
    classifier = open_classifier(tmp_path / "out" / "small.json")
    measured = np.abs(classifier.probabilities(pictures) - expected).max()
    assert measured < allowed
    assert measured == pytest.approx(difference, abs=1e-6)


def test_an_onnx_file_answers_the_same_and_says_how_to_ask(network, tmp_path, pictures, expected):
    onnxruntime = pytest.importorskip("onnxruntime")
    network.save(tmp_path / "two.keras")
    wanted = card().model_copy(update={"file": "small.onnx"})
    done, difference = export_onnx(tmp_path / "two.keras", wanted, tmp_path / "out", head="emotion")
    assert difference < 1e-5
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["small.onnx", "small.onnx.json"]
    side = read_side_file(tmp_path / "out" / "small.onnx.json")
    assert side == done
    assert (side.format, side.sha256) == ("onnx", digest(tmp_path / "out" / "small.onnx"))
    session = onnxruntime.InferenceSession(str(done.path), providers=["CPUExecutionProvider"])
    batch = prepare(pictures, side.input)
    (answer,) = session.run(None, {session.get_inputs()[0].name: batch})
    shares = np.exp(answer / side.output.temperature)
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), expected, atol=1e-4)
    for name in ("small.onnx", "small.onnx.json"):
        classifier = open_classifier(tmp_path / "out" / name)
        assert classifier.card == done
        np.testing.assert_allclose(classifier.probabilities(pictures), expected, atol=1e-4)
        np.testing.assert_allclose(classifier.probabilities(pictures[:1]), expected[:1], atol=1e-4)
        classifier.close()


def test_onnx_without_its_packages_says_how_to_get_them(single, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r"pip install 'ferpipe\[onnx-export\]'"):
        to_onnx(single)


def test_the_stage_onnx_runs_it_beside_a_litert_file(network, tmp_path, pictures, expected):
    network.save(tmp_path / "two.keras")
    out = tmp_path / "out"
    wanted = card().model_copy(update={"file": "small.onnx"})
    export_onnx(tmp_path / "two.keras", wanted, out, head="emotion")
    export_litert(tmp_path / "two.keras", card(), out, head="emotion")
    faces = [
        Face(Box(0, 0, 9, 9), 1.0, data={"chip": Chip(picture.copy(), np.eye(2, 3))}) for picture in pictures
    ]
    packets = [make_packet(faces=faces)]
    for stage, model in ((Onnx, "small.onnx"), (LiteRT, "small.tflite")):
        options = stage.Options(model=str(out / model))
        context = TestContext(tmp_path)
        (packet,) = run_stage(stage(options), packets, context=context)
        answers = [face.emotion.probabilities for face in packet.faces]
        np.testing.assert_allclose(answers, expected, atol=1e-4)
        assert context.notes["model"]["format"] == stage.__name__.lower()
        assert context.notes["classes"] == list(card().classes)
    with pytest.raises(UsageError, match=r"small\.onnx' is an ONNX model: use the stage 'onnx'"):
        LiteRT(LiteRT.Options(model=str(out / "small.onnx"))).open(TestContext(tmp_path))
    with pytest.raises(UsageError, match=r"small\.tflite' is a LiteRT model: use the stage 'litert'"):
        Onnx(Onnx.Options(model=str(out / "small.tflite"))).open(TestContext(tmp_path))
    check_stage(Onnx, {"model": str(out / "small.onnx")}, packets)


def test_what_is_no_onnx_network(tmp_path, monkeypatch):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x08\x07 nothing of the kind")
    options = Onnx.Options(model=str(broken), classes=("a", "b"), input={"scale": "unit"})
    with pytest.raises(UsageError, match=r"broken\.onnx' is not a network that ONNX Runtime can run"):
        Onnx(options).open(TestContext(tmp_path))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r"needs onnxruntime, .*pip install 'ferpipe\[onnx\]'"):
        Onnx(options).open(TestContext(tmp_path))


def test_a_mirrored_export_averages_over_both_faces(network, single, tmp_path, pictures):
    network.save(tmp_path / "two.keras")
    done, difference = export_litert(tmp_path / "two.keras", card(), tmp_path, head="emotion", mirror=True)
    assert difference < 1e-4
    straight, mirrored = (
        np.asarray(single(np.stack(seen)[..., None].astype("float32")))
        for seen in (pictures, [picture[:, ::-1] for picture in pictures])
    )
    assert np.abs(straight - mirrored).max() > 0.1
    found = open_classifier(done.path).logits(pictures)
    np.testing.assert_allclose(found, (straight + mirrored) / 2, atol=1e-3)


@pytest.mark.slow
def test_export_keeps_the_head_that_is_asked_for(network, tmp_path, pictures):
    network.save(tmp_path / "two.keras")
    two = card(classes=("yes", "no"))
    export_litert(tmp_path / "two.keras", two, tmp_path, head="other")
    second = np.asarray(network(np.stack(pictures)[..., None].astype("float32"))[1])
    np.testing.assert_allclose(open_classifier(tmp_path / "small.json").logits(pictures), second, atol=1e-4)
    # Left out, it is the one that the side file names.
    named = two.model_copy(update={"output": two.output.model_copy(update={"index": 1})})
    done, _ = export_litert(tmp_path / "two.keras", named, tmp_path / "again")
    assert done.output.index == 0, "the file has no other output"
    np.testing.assert_allclose(open_classifier(done.path).logits(pictures), second, atol=1e-4)


def test_export_names_the_heads_when_one_is_unknown(network, tmp_path):
    network.save(tmp_path / "two.keras")
    with pytest.raises(UsageError, match="no output 'emotions'; it has emotion, other"):
        export_litert(tmp_path / "two.keras", card(), tmp_path, head="emotions")


def test_an_export_that_answers_otherwise_is_not_written(network, tmp_path, monkeypatch):
    import keras

    network.save(tmp_path / "two.keras")
    other = keras.models.clone_model(network)  # the same layers, fresh weights
    from ferpipe_train.export import convert

    wrong = to_litert(convert.with_head(other, "emotion"))
    monkeypatch.setattr(convert, "to_litert", lambda *_, **__: wrong)
    with pytest.raises(UsageError, match="the export's probabilities differ by 0"):
        export_litert(tmp_path / "two.keras", card(), tmp_path / "out", head="emotion")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_dynamic_range_asks_for_no_pictures_and_holds_int8_weights(tmp_path: Path, pictures):
    import keras

    keras.utils.set_random_seed(3)
    picture = keras.Input((24, 20, 1))
    seen = keras.layers.Conv2D(64, 3, strides=4, activation="relu")(keras.layers.Rescaling(1 / 255)(picture))
    wide = keras.layers.Dense(3)(keras.layers.Dense(96, "relu")(keras.layers.Flatten()(seen)))
    keras.Model(picture, wide).save(tmp_path / "wide.keras")
    done, difference = export_litert(
        tmp_path / "wide.keras", card(), tmp_path / "out", precision="dynamic-range"
    )
    assert 1e-6 < difference < 0.05
    full, _ = export_litert(tmp_path / "wide.keras", card(), tmp_path / "full")
    assert done.path.stat().st_size < 0.3 * full.path.stat().st_size
    one, other = (open_classifier(made.path).probabilities(pictures) for made in (done, full))
    assert 0 < np.abs(one - other).max() < 0.05


def test_int8_asks_for_pictures(single):
    with pytest.raises(UsageError, match="at least 100 pictures"):
        to_litert(single, precision="int8")


@pytest.mark.slow
def test_int8_inputs_are_quantised(tmp_path: Path, single, pictures, expected):
    """A network whose input and output tensors are themselves integers."""
    import tensorflow as tf

    single.export(tmp_path / "saved", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    batch = np.stack(pictures)[..., None].astype("float32")
    converter.representative_dataset = lambda: ([picture[None]] for picture in batch)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    (tmp_path / "q.tflite").write_bytes(converter.convert())
    classifier = open_classifier(tmp_path / "q.tflite", classes=CLASSES, given={"scale": "raw"})
    assert np.abs(classifier.probabilities(pictures) - expected).max() < 0.1
