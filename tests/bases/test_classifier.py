"""The base of classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from ferpipe import (
    Box,
    Chip,
    Classifier,
    Face,
    Options,
    Packet,
    Pipeline,
    Source,
    StageError,
    StreamInfo,
    stage,
    timeline,
)
from ferpipe.testing import TestContext, check_stage, make_packet, run_stage


def chip(level: int) -> Chip:
    return Chip(np.full((4, 4), level, np.uint8), np.eye(2, 3))


def face(level: int | None) -> Face:
    return Face(Box(0, 0, 8, 8), 1.0, data={} if level is None else {"chip": chip(level)})


class Brightness(Classifier[Options]):
    """Says whether a face is bright."""

    classes = ("dark", "bright")

    def probabilities(self, chips: Sequence[Any]) -> Any:
        bright = np.array([image.mean() / 255 for image in chips])
        return np.stack([1 - bright, bright], axis=1)


def test_it_keeps_the_contract() -> None:
    check_stage(Brightness, packets=[make_packet(faces=[face(255), face(0)])])


def test_each_face_gets_its_own_row_and_the_sinks_learn_of_the_classes(tmp_path) -> None:
    context = TestContext(tmp_path, name="brightness")
    packets = [
        make_packet(faces=[face(255), face(None), face(51)]),
        make_packet(time=1, faces=[]),
    ]
    first, *rest = run_stage(Brightness(), packets, context=context)
    told = [found.emotion and (found.emotion.label, found.emotion.probabilities) for found in first.faces]
    assert told == [("bright", (0.0, 1.0)), None, ("dark", (0.8, 0.2))]
    assert [packet.faces for packet in rest] == [()]
    assert context.notes == {"model": {"name": "brightness"}, "classes": ["dark", "bright"]}


def test_a_face_of_which_nothing_can_be_said(tmp_path) -> None:
    class Doubtful(Brightness):
        def probabilities(self, chips: Sequence[Any]) -> Any:
            return np.where(super().probabilities(chips) == 0, np.nan, 0.5)

    context = TestContext(tmp_path)
    (packet,) = run_stage(Doubtful(), [make_packet(faces=[face(255), face(9)])], context=context)
    assert [found.emotion and found.emotion.label for found in packet.faces] == [None, "dark"]
    assert context.counts == {"not_finite": 1}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            lambda n: np.zeros((n, 3)),
            r"returned the shape \(2, 3\), not \(2, 2\): a row for each face, a column for each class",
        ),
        (lambda _: np.array([0.5, 0.5]), r"returned the shape \(2,\), not \(2, 2\)"),
        (lambda n: [[2.0, -1.0]] * n, "not between 0 and 1"),
        (lambda n: [[0.2, 0.2]] * n, "sum to 0.4"),
    ],
)
def test_what_are_no_probabilities_is_an_error(answer: Any, message: str, tmp_path) -> None:
    class Wrong(Brightness):
        def probabilities(self, chips: Sequence[Any]) -> Any:
            return answer(len(chips))

    with pytest.raises(ValueError, match=message):
        run_stage(Wrong(), [make_packet(faces=[face(1), face(2)])], folder=tmp_path)


@pytest.mark.parametrize("classes", [(), ("one",), ("same", "same"), ("a", 3), ("a", "")])
def test_what_are_no_classes_is_an_error(classes: Any, tmp_path) -> None:
    wrong = Brightness()
    wrong.classes = classes
    with pytest.raises(ValueError, match="two or more different names"):
        wrong.open(TestContext(tmp_path))


def test_a_plugin_that_overrides_nothing_is_named() -> None:
    class Empty(Classifier[Options]):
        classes = ("a", "b")

    with pytest.raises(
        StageError, match=r"stage 'empty' failed in process .*Empty does not override probabilities"
    ):
        list(Pipeline.of(_Faces(), Empty()))


class _Faces(Source[Options]):
    """Two frames with a bright and a dark face."""

    gives = frozenset({"frame", "faces", "face.chip"})

    def open(self, context: Any) -> None:
        super().open(context)
        self.stream = StreamInfo(context.name, "memory")

    def frames(self) -> Any:
        for index in range(2):
            packet = make_packet(time=index * 1000, index=index, source=self.context.name)
            yield Packet(packet.frame).replace(faces=[face(255), face(0)])


def test_its_labels_reach_the_timeline(tmp_path) -> None:
    path = tmp_path / "t.json"
    Pipeline.of(_Faces(), stage(Brightness(), name="light"), ("timeline", {"path": path})).run()
    written = timeline.load(path)
    assert [record["label"] for record in written.frames[0]["faces"]] == ["bright", "dark"]
    assert list(written.classes) == ["dark", "bright"]
