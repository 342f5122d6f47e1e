"""An exported network gives the same probabilities, and its side file describes it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from support.networks import card

from ferpipe import UsageError
from ferpipe.models import digest, load_model_card, read_side_file
from ferpipe_networks.classifier import open_classifier
from ferpipe_networks.prepare import prepare
from ferpipe_train.export.convert import export_litert, export_onnx, to_litert
from ferpipe_train.export.onnx import to_onnx

SLOWLY = [
    ("float32", 1e-4),
    pytest.param("float16", 5e-3, marks=pytest.mark.slow),
    pytest.param("dynamic-range", 0.1, marks=pytest.mark.slow),
    pytest.param("int8", 0.2, marks=pytest.mark.slow),
]


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
def test_export_keeps_the_head_that_is_requested(network, tmp_path, pictures):
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
