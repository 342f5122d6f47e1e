"""The classifier stages on real networks: faces and chips in, emotions out."""

from __future__ import annotations

import shutil
import sys

import cv2
import numpy as np
import pytest

from ferpipe import Box, Chip, Face, UsageError
from ferpipe.models import Input
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_emotion.classify import ClassifyOptions, InputOptions, Keras, KerasOptions, LiteRT, LiteRTOptions
from ferpipe_networks.classifier import open_classifier
from ferpipe_networks.litert import LiteRTNetwork
from ferpipe_networks.prepare import prepare

CLASSES = ("angry", "happy", "neutral")


def packet_of(images, **more):
    chips = [Chip(np.array(image), np.eye(2, 3)) for image in images]
    faces = tuple(Face(Box(i, 0, 9, 9), 0.9, data={"chip": chip}) for i, chip in enumerate(chips))
    return make_packet(faces=faces, **more)


@pytest.fixture
def context(tmp_path) -> TestContext:
    return TestContext(tmp_path)


def options(kind, path, **more):
    return kind(model=str(path), classes=CLASSES, input=InputOptions(scale="raw"), **more)


def test_litert_and_keras_give_the_same_probabilities(files, pictures, expected, context):
    packet = packet_of(pictures)
    for stage in (
        LiteRT(options(LiteRTOptions, files["litert"])),
        Keras(options(KerasOptions, files["saved-model"])),
    ):
        (told,) = run_stage(stage, [packet], context=context)
        emotions = [face.emotion for face in told.faces]
        np.testing.assert_allclose([e.probabilities for e in emotions], expected, atol=1e-4)
        assert [e.label for e in emotions] == [CLASSES[i] for i in expected.argmax(axis=1)]
        assert [face.box for face in told.faces] == [face.box for face in packet.faces]
        assert {e.classes for e in emotions} == {CLASSES}


def test_the_default_is_the_shipped_network(context):
    chips = [np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)]
    (told,) = run_stage(LiteRT(), [packet_of(chips)], context=context)
    assert sum(told.faces[0].emotion.probabilities) == pytest.approx(1)
    assert context.notes["model"]["name"] == "base"
    assert len(context.notes["model"]["sha256"]) == 64
    assert context.notes["classes"] == list(told.faces[0].emotion.classes)


def test_the_shipped_network_knows_a_smile(context):
    """The astronaut of scikit-image smiles; her face is cut out by hand."""
    data = pytest.importorskip("skimage.data")
    grey = cv2.cvtColor(data.astronaut()[60:180, 165:285], cv2.COLOR_RGB2GRAY)
    (told,) = run_stage(LiteRT(LiteRTOptions(flip=True)), [packet_of([grey])], context=context)
    assert told.faces[0].emotion.label == "happy"


def test_a_frame_without_faces_costs_nothing(context, files):
    packet = packet_of([])
    assert run_stage(LiteRT(options(LiteRTOptions, files["litert"])), [packet], context=context) == [packet]


def test_a_face_without_a_picture_stays_without_an_emotion_and_the_others_keep_their_own(
    files, pictures, context
):
    stage, whole = LiteRT(options(LiteRTOptions, files["litert"])), packet_of(pictures)
    (everyone,) = run_stage(stage, [whole], context=context)
    some = [face if i % 2 else face.replace(data={}) for i, face in enumerate(whole.faces)]
    (told,) = run_stage(stage, [whole.replace(faces=some)], context=context)
    expected = [face.emotion if i % 2 else None for i, face in enumerate(everyone.faces)]
    assert [face.emotion for face in told.faces] == expected


@pytest.mark.parametrize("shape", [(48, 40), (12, 10), (24, 20, 3), (96, 81, 3)])
def test_chips_of_any_size_and_colour_are_taken(shape, files, context):
    (told,) = run_stage(
        LiteRT(options(LiteRTOptions, files["litert"])),
        [packet_of([np.full(shape, 90, np.uint8)])],
        context=context,
    )
    flat = open_classifier(files["litert"], classes=CLASSES, given={"scale": "raw"})
    same = flat.probabilities([np.full((24, 20), 90, np.uint8)])[0]
    np.testing.assert_allclose(told.faces[0].emotion.probabilities, same, atol=1e-6)


def test_flip_averages_with_the_mirrored_face(files, pictures):
    plain, flipped = (
        open_classifier(files["litert"], classes=CLASSES, given={"scale": "raw"}, flip=flip)
        for flip in (False, True)
    )
    mirrored = [picture[:, ::-1] for picture in pictures]
    middle = (plain.probabilities(pictures) + plain.probabilities(mirrored)) / 2
    np.testing.assert_allclose(flipped.probabilities(pictures), middle, atol=1e-6)
    assert np.abs(middle - plain.probabilities(pictures)).max() > 1e-3


def test_temperature_softens(files, pictures, expected):
    warm = open_classifier(files["litert"], classes=CLASSES, given={"scale": "raw"}, temperature=2)
    shares = np.sqrt(expected) / np.sqrt(expected).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(warm.probabilities(pictures), shares, atol=1e-4)


def test_an_answer_that_is_not_finite_is_no_emotion(single, tmp_path, context, pictures):
    import keras

    shape = keras.Input((24, 20, 1))
    # log(mean - 5): NaN for dark pictures, finite for light ones.  It stands behind the network, since some
    # libraries' ReLU makes a number of NaN.
    light = keras.ops.log(keras.ops.mean(shape, axis=(1, 2)) - 5.0)
    keras.Model(shape, single(shape) + light).export(tmp_path / "net", verbose=False)
    dark, light = np.zeros((24, 20), np.uint8), np.full((24, 20), 200, np.uint8)
    (told,) = run_stage(
        Keras(options(KerasOptions, tmp_path / "net")), [packet_of([dark, light])], context=context
    )
    assert told.faces[0].emotion is None
    assert told.faces[1].emotion is not None
    assert context.counts == {"not_finite": 1}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, r"no side file with its classes and scale.* or give its 3 classes in order"),
        ({"classes": CLASSES}, "input: {scale: raw, unit, signed or standardize}"),
        (
            {"classes": ("a", "b"), "given": {"scale": "raw"}},
            "distinguishes 3 classes, but 2 are named",
        ),
        (
            {"classes": CLASSES, "given": {"scale": "raw", "height": 48}},
            "expects an input of 24 x 20 x 1, but 48",
        ),
        ({"classes": CLASSES, "given": {"scale": "raw", "layout": "NCHW"}}, "but 1 x 24 x 20 is described"),
        ({"classes": CLASSES, "given": {"scale": "raw", "std": (0,)}}, "std must be above 0"),
    ],
)
def test_what_a_bare_network_lacks_is_one_line(more, said, files):
    with pytest.raises(UsageError, match=said) as caught:
        open_classifier(files["litert"], **more)
    assert "\n" not in str(caught.value)


def test_each_stage_names_the_other(files, context):
    with pytest.raises(UsageError, match="use the stage 'keras'"):
        run_stage(LiteRT(options(LiteRTOptions, files["keras"])), [], context=context)
    with pytest.raises(UsageError, match="use the stage 'litert'"):
        run_stage(Keras(options(KerasOptions, files["litert"])), [], context=context)


def test_without_tensorflow_there_is_advice(files, context, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(UsageError, match=r"TensorFlow is not installed: pip install 'ferpipe\[train\]'"):
        run_stage(Keras(options(KerasOptions, files["keras"])), [], context=context)


def test_close_after_a_failed_open_is_harmless(tmp_path, context):
    stage = LiteRT(LiteRTOptions(model=str(tmp_path / "no.tflite")))
    with pytest.raises(UsageError):
        stage.open(context)
    stage.close()


def test_a_side_file_next_to_weights_is_overridden_by_options(files, tmp_path, context, pictures):
    shutil.copy(files["litert"], tmp_path / "own.tflite")
    network = LiteRTNetwork(tmp_path / "own.tflite")
    assert network.input_shape == (24, 20, 1)
    bare = open_classifier(tmp_path / "own.tflite", classes=CLASSES, given={"scale": "unit"})
    bare.card.write(tmp_path / "own.json")
    by_card = open_classifier(tmp_path / "own.tflite")
    np.testing.assert_array_equal(by_card.probabilities(pictures), bare.probabilities(pictures))
    raw = open_classifier(tmp_path / "own.tflite", classes=("x", "y", "z"), given={"scale": "raw"})
    assert raw.classes == ("x", "y", "z")
    assert np.abs(raw.probabilities(pictures) - bare.probabilities(pictures)).max() > 0.01


RAMP = np.arange(0, 240, 4, np.uint8).reshape(6, 10)


@pytest.mark.parametrize(
    ("scale", "low", "high"), [("raw", 0, 236), ("unit", 0, 236 / 255), ("signed", -1, 236 / 127.5 - 1)]
)
def test_scales(scale, low, high):
    batch = prepare([RAMP], Input(height=6, width=10, scale=scale))
    assert batch.dtype == np.float32
    assert (batch.min(), batch.max()) == (pytest.approx(low), pytest.approx(high))


def test_standardize_is_a_picture_at_a_time():
    batch = prepare([RAMP, RAMP // 4 + 100], Input(height=6, width=10, scale="standardize"))
    np.testing.assert_allclose(batch.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(batch.std(axis=(1, 2, 3)), 1, atol=1e-4)
    flat = prepare([np.full((6, 10), 80, np.uint8)], Input(height=6, width=10, scale="standardize"))
    assert np.abs(flat).max() < 1e-3


def test_colours_orders_and_layouts():
    blue = np.zeros((4, 5, 3), np.uint8)
    blue[..., 0] = 200
    rgb = prepare([blue], Input(height=4, width=5, channels=3))
    assert rgb[0, 0, 0].tolist() == [0, 0, 200]
    assert prepare([blue], Input(height=4, width=5, channels=3, order="bgr"))[0, 0, 0].tolist() == [200, 0, 0]
    first = prepare([blue], Input(height=4, width=5, channels=3, layout="NCHW"))
    np.testing.assert_array_equal(first, rgb.transpose(0, 3, 1, 2))
    grey = prepare([blue], Input(height=4, width=5))
    assert grey[0, 0, 0, 0] == round(0.114 * 200)
    assert prepare([RAMP], Input(height=6, width=10, channels=3)).shape == (1, 6, 10, 3)


def test_mean_and_std_are_a_channel_each():
    grey = np.full((4, 5), 255, np.uint8)
    wanted = Input(height=4, width=5, channels=3, scale="unit", mean=(0.5, 0.25, 0), std=(0.5, 0.25, 2))
    assert prepare([grey], wanted)[0, 0, 0].tolist() == [1, 3, 0.5]


def test_every_option_is_described():
    for model in (ClassifyOptions, LiteRTOptions, KerasOptions, InputOptions):
        assert all(field.description for field in model.model_fields.values())
