"""One network in every format gives the same probabilities."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from support.networks import CLASSES, card

from ferpipe import Box, Chip, Face, UsageError
from ferpipe.testing import TestContext, check_stage, make_packet, run_stage
from ferpipe_emotion.classify import LiteRT, Onnx
from ferpipe_networks.classifier import open_classifier
from ferpipe_train.export.convert import export_litert, export_onnx


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
