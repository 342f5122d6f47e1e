"""Faces of which the classifier cannot tell the label: by their reliability, and over time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from ferpipe import Box, Chip, Emotion, Face, Packet
from ferpipe.models import Reliability, read_side_file
from ferpipe.resources import shipped
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_emotion.classify import LiteRT, LiteRTOptions
from ferpipe_emotion.evidence import evidence, turn_by_landmarks
from ferpipe_emotion.smooth import Smooth, SmoothOptions

CLASSES = ("angry", "happy", "neutral")
NOISE = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
FRONT = {"left_eye": (30, 40), "right_eye": (70, 40), "nose": (50, 62), "mouth": (50, 81)}
ASIDE = FRONT | {"nose": (72, 62)}


def a_face(points=FRONT, image=NOISE, scale: float = 1.0, **more) -> Face:
    landmarks = np.array(list(points.values()), np.float32)
    chip = Chip(np.array(image), np.eye(2, 3) * scale)
    return Face(Box(20, 20, 60, 60), 0.9, landmarks, tuple(points), data={"chip": chip}, **more)


def classified(context, face: Face, **options) -> Face:
    (packet,) = run_stage(LiteRT(LiteRTOptions(**options)), [make_packet(faces=(face,))], context=context)
    return packet.faces[0]


@pytest.mark.parametrize("model", ["base", "large", "nano"])
def test_the_shipped_networks_say_how_far_they_can_be_believed(ferpipe_context, model):
    own = read_side_file(shipped("models") / f"{model}.json").reliability
    assert own is not None
    face = classified(ferpipe_context, a_face(ASIDE), model=model)
    assert face.measures["reliability"] == pytest.approx(own.of(evidence(face)))
    assert face.emotion.unsure == (face.measures["reliability"] < own.threshold)
    assert ferpipe_context.notes["unsure"] == {"below": own.threshold}
    assert 0.2 < own.threshold < 0.5


def test_below_the_threshold_there_is_no_label(ferpipe_context):
    face = classified(ferpipe_context, a_face(ASIDE), unsure=0.99)
    assert face.emotion.unsure
    assert face.emotion.label is None
    assert sum(face.emotion.probabilities) == pytest.approx(1)


def test_an_option_takes_the_doubt_away(ferpipe_context):
    face = classified(ferpipe_context, a_face(ASIDE), unsure=0)
    assert not face.emotion.unsure
    assert face.emotion.label is not None
    assert "reliability" in face.measures
    assert "unsure" not in ferpipe_context.notes


def test_a_model_without_a_fit_is_doubted_by_its_own_probabilities(ferpipe_context, tmp_path):
    described = json.loads((shipped("models") / "nano.json").read_text())
    (tmp_path / "bare.json").write_text(json.dumps(described | {"name": "bare", "reliability": None}))
    shutil.copy(shipped("models") / "nano.tflite", tmp_path)
    usual = classified(ferpipe_context, a_face(), model=str(tmp_path / "bare.json"))
    assert not usual.emotion.unsure
    assert "reliability" not in usual.measures
    least = max(usual.emotion.probabilities)
    for threshold in (least - 0.01, least + 0.01):
        face = classified(ferpipe_context, a_face(), model=str(tmp_path / "bare.json"), unsure=threshold)
        assert face.emotion.unsure == (threshold > least)


def test_a_turn_is_seen_in_the_landmarks():
    assert turn_by_landmarks(_arrays(FRONT)) < 5
    assert 25 < turn_by_landmarks(_arrays(ASIDE)) < 60
    mirrored = {name: np.array([100 - x, y]) for name, (x, y) in ASIDE.items()}
    swapped = mirrored | {"left_eye": mirrored["right_eye"], "right_eye": mirrored["left_eye"]}
    assert turn_by_landmarks(swapped) == pytest.approx(turn_by_landmarks(_arrays(ASIDE)))
    assert turn_by_landmarks({}) is None
    assert turn_by_landmarks(_arrays(FRONT | {"right_eye": (30, 40)})) is None
    assert turn_by_landmarks(_arrays(FRONT | {"nose": (np.nan, 0)})) is None


def test_the_mesh_knows_the_turn_better_than_the_landmarks():
    emotion = Emotion(CLASSES, (0.6, 0.3, 0.1), "angry")
    seen = a_face(ASIDE, emotion=emotion)
    assert evidence(seen)["turned"] == pytest.approx(turn_by_landmarks(_arrays(ASIDE)) / 10, abs=1e-5)
    assert evidence(seen.with_measures({"head.turned": 50.0}))["turned"] == 5
    assert evidence(Face(Box(0, 0, 9, 9), 0.9, emotion=emotion)).keys() == {"confidence"}
    certain = Emotion(CLASSES, (1.0, 0.0, 0.0), "angry")
    assert evidence(Face(Box(0, 0, 9, 9), 0.9, emotion=certain)) == {"confidence": 6}


def test_a_side_file_names_only_numbers_that_exist():
    with pytest.raises(ValidationError, match="weights has no number 'luck'"):
        Reliability(intercept=0, weights={"luck": 1.0}, threshold=0.4)
    assert Reliability(intercept=0, weights={}, threshold=0.4).of({"confidence": 3.0}) == 0.5
    assert Reliability(intercept=0, weights={"turned": 1e9}, threshold=0.4).of({"turned": 1.0}) == 1


def test_over_time_a_face_is_unsure_where_most_of_a_second_is(tmp_path):
    found = smoothed(tmp_path, [i >= 30 for i in range(60)] + [False] * 60)
    doubtful = [emotion.unsure for emotion in found]
    assert not any(doubtful[:40])  # half a second of doubt and 0.3 s of hold
    assert all(doubtful[55:70])
    assert not any(doubtful[90:])
    assert all((emotion.label is None) == emotion.unsure for emotion in found[10:])
    assert found[-1].label == "happy"


def test_what_is_unsure_earns_no_label(tmp_path):
    labels = [emotion.label for emotion in smoothed(tmp_path, [False] * 25 + [True] * 10, turned="angry")]
    assert "angry" not in labels
    never = smoothed(tmp_path, [False] * 25 + [True] * 40, turned="angry", unsure=False)
    assert never[-1].label == "angry"
    assert not never[-1].unsure


def smoothed(folder: Path, doubts: list[bool], turned: str = "happy", **options) -> list[Emotion]:
    packets = [make_packet(time=i * 40_000, faces=(_said(doubt, turned),)) for i, doubt in enumerate(doubts)]
    given: list[Packet] = run_stage(Smooth(SmoothOptions(**options)), packets, context=TestContext(folder))
    return [packet.faces[0].emotion for packet in given]


def _said(doubt: bool, turned: str) -> Face:
    name = turned if doubt else "happy"
    shares = tuple(0.8 if each == name else 0.1 for each in CLASSES)
    emotion = Emotion(CLASSES, shares, None if doubt else name, unsure=doubt)
    return Face(Box(0, 0, 9, 9), 0.9, track=1, emotion=emotion)


def _arrays(points):
    return {name: np.array(point, np.float64) for name, point in points.items()}
