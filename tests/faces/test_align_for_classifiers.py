"""What `align` cuts is what the classifiers behind it want, each for itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.graphs import EXECUTORS, Bench

from ferpipe import Box, ChipFormat, Classifier, Face, Options, Packet, Pipeline, Stage, UsageError
from ferpipe.resources import shipped
from ferpipe.testing import TestContext, fake_source, make_packet, run_stage
from ferpipe.timeline import load
from ferpipe_faces.align import Align, AlignOptions
from ferpipe_faces.track import Track

EYES = [[40, 50], [60, 50], [50, 62], [50, 70]]
FACE = Face(
    Box(25, 25, 50, 60),
    0.9,
    np.array(EYES, np.float32),
    ("left_eye", "right_eye", "nose", "mouth"),
)
WIDE = json.dumps({"points": {"left_eye": [0.45, 0.45], "right_eye": [0.55, 0.45]}, "boxes": {}})
SMALL, LARGE = ChipFormat(48), ChipFormat(96, 3)


def picture() -> np.ndarray:
    """Colours that a grey picture cannot tell apart."""
    image = np.random.default_rng(0).integers(0, 255, (120, 120, 3), np.uint8)
    return np.ascontiguousarray(image)


class Seeing(Classifier[Options]):
    """Remembers the pictures that it was given."""

    classes = ("calm", "busy")

    def __init__(self, chip: ChipFormat | None) -> None:
        super().__init__()
        self.chip = chip
        self.seen: list[np.ndarray] = []

    def probabilities(self, chips: Sequence[np.ndarray]) -> list[tuple[float, float]]:
        self.seen += chips
        return [(0.75, 0.25)] * len(chips)


class Found(Stage[Options]):
    """The face."""

    gives = frozenset({"faces"})

    def process(self, packet: Packet) -> Packet:
        return packet.replace(faces=[FACE])


def given_to(
    executor: str, *wanted: ChipFormat | None, options: Any = None, between: Any = None
) -> list[Seeing]:
    """What classifiers that want this were given, each in a branch of its own."""
    stages = [Seeing(each) for each in wanted]
    bench = Bench(executor).add("in", fake_source([make_packet(picture())])()).add("found", Found())
    bench.add("align", Align(AlignOptions(**options or {})), handed=False)
    before = "align"
    if between is not None:
        bench.add("between", between)
        before = "between"
    for i, stage in enumerate(stages):
        bench.add(f"seeing-{i}", stage, before)
    report = bench.run()
    if report.error is not None:
        raise report.error
    return stages


def alone(wanted: ChipFormat | None, **options: Any) -> np.ndarray:
    """The picture that an aligner gives which was told by options."""
    stage = Align(AlignOptions(**options))
    (packet,) = run_stage(stage, [make_packet(picture(), faces=[FACE])], context=TestContext(Path.cwd()))
    return packet.faces[0].data["chip"].cut_for(wanted).image  # type: ignore[no-any-return]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_each_classifier_gets_its_own_size_and_colours(executor: str) -> None:
    small, large, any_ = given_to(executor, SMALL, LARGE, None)
    assert small.seen[0].shape == (48, 48)
    assert large.seen[0].shape == (96, 96, 3)
    assert np.array_equal(small.seen[0], alone(None))
    assert np.array_equal(large.seen[0], alone(None, size=96, channels="bgr"))
    assert np.array_equal(any_.seen[0], small.seen[0])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_order_of_the_classifiers_changes_nothing(executor: str) -> None:
    large, small = given_to(executor, LARGE, SMALL)
    assert [each.seen[0].shape for each in (large, small)] == [(96, 96, 3), (48, 48)]


def test_nobody_who_asks_gets_the_usual_face() -> None:
    (any_,) = given_to("threads", None)
    assert any_.seen[0].shape == (48, 48)


def test_the_framing_of_a_model_counts_unless_an_option_says_otherwise() -> None:
    wide = ChipFormat(48, framing=WIDE)
    usual, own = given_to("inline", SMALL, wide)
    assert not np.array_equal(usual.seen[0], own.seen[0])
    (kept,) = given_to("inline", wide, options={"framing": "fer2013"})
    assert np.array_equal(kept.seen[0], usual.seen[0])


def test_more_than_is_wanted_may_be_set() -> None:
    (small,) = given_to("inline", SMALL, options={"size": 64, "channels": "bgr"})
    assert small.seen[0].shape == (64, 64, 3)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"size": 48},
            "the model wants faces of 96 pixels, and 'align' is set to size: 48: leave size out, or set",
        ),
        (
            {"channels": "grey"},
            "the model wants faces in colour, and 'align' is set to channels: grey: leave",
        ),
    ],
)
def test_what_contradicts_a_model_is_refused_before_the_first_frame(
    executor: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match="stage 'seeing-1': ") as error:
        given_to(executor, SMALL, LARGE, options=options)
    assert message in str(error.value)


def test_a_stage_between_that_gives_the_chips_again_hands_the_wish_on() -> None:
    class Brighter(Stage[Options]):
        """Leaves the faces as they are, and says that it renews their chips."""

        needs = frozenset({"faces", "face.chip"})
        gives = frozenset({"face.chip"})

        def process(self, packet: Packet) -> Packet:
            return packet

    (large,) = given_to("inline", LARGE, between=Brighter())
    assert large.seen[0].shape == (96, 96, 3)


def test_an_aligner_of_a_plugin_that_gives_grey_faces_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    (packet,) = run_stage(Align(), [make_packet(picture(), faces=[FACE])])
    with caplog.at_level("WARNING"):
        run_stage(Seeing(LARGE), [packet, make_packet(picture(), time=1, faces=packet.faces)])
    assert [record.getMessage() for record in caplog.records] == [
        "the model needs faces in colour, but the aligner provides grey ones"
    ]


def test_a_reordered_face_keeps_its_own_picture_and_so_its_own_emotion() -> None:
    """Two people of different brightness, the tracker behind the aligner, in the other order."""

    class Two(Stage[Options]):
        """The bright one has the better score, and stands on the right."""

        gives = frozenset({"faces"})

        def process(self, packet: Packet) -> Packet:
            order = (1, 0) if packet.frame.index == 0 else (0, 1)
            both = [Face(Box(100 * i + 10, 10, 60, 70), 0.9 - order.index(i) / 10) for i in (0, 1)]
            return packet.replace(faces=[both[i] for i in order])

    class Brightness(Classifier[Options]):
        """Calls a bright face busy."""

        classes = ("calm", "busy")

        def probabilities(self, chips: Sequence[np.ndarray]) -> list[list[float]]:
            return [[1.0, 0.0] if chip.mean() < 128 else [0.0, 1.0] for chip in chips]

    image = np.zeros((90, 200, 3), np.uint8)
    image[:, 100:] = 255
    source = fake_source([make_packet(image, time=i * 40_000, index=i) for i in range(4)])()
    packets = list(Pipeline.of(source, Two(), "align", ("track", {"confirm": 0}), Brightness()))
    shown = [
        (face.box.x < 90, face.emotion.label) for packet in packets for face in packet.faces if face.emotion
    ]
    assert len(shown) >= 6  # how soon a doubtful face is shown is for the tracker to say
    assert set(shown) == {(True, "calm"), (False, "busy")}


COMPARED = """
version: 1
stages:
  - {{use: file, with: {{path: "ferpipe:samples/demo.mp4", end: 2.0}}}}
  - blazeface
  - track
  - align
  - {{use: litert, name: base, with: {{model: base}}}}
  - {{use: timeline, name: of-base, with: {{path: "{folder}/base.{form}"}}}}
  - {{use: litert, name: other, from: align, with: {other}}}
  - {{use: timeline, name: of-other, with: {{path: "{folder}/other.{form}"}}}}
  - {{use: timeline, name: of-nobody, from: align, with: {{path: "{folder}/nobody.{form}"}}}}
"""


def compared(folder: Path, executor: str, form: str, other: str) -> list[Any]:
    """The timelines of two classifiers in one pipeline, and of a branch without one."""
    path = folder / "two.yaml"
    path.write_text(COMPARED.format(folder=folder, form=form, other=other))
    Pipeline.from_yaml(path, overrides=[f"run.executor={executor}"]).run()
    return [load(folder / f"{name}.{form}") for name in ("base", "other", "nobody")]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_two_classifiers_each_speak_for_their_own_branch(tmp_path: Path, executor: str) -> None:
    base, nano, nobody = compared(tmp_path, executor, "json", "{model: nano}")
    assert (base.model["name"], nano.model["name"], nobody.model) == ("base", "nano", None)
    assert nobody.classes == []
    assert base.classes == nano.classes
    assert {timeline.notes["detector"]["name"] for timeline in (base, nano, nobody)} == {"blazeface"}
    chances = [
        [f["probabilities"] for frame in t.frames for f in frame["faces"]] for t in (base, nano, nobody)
    ]
    assert chances[0] != chances[1]
    assert set(chances[2]) == {None}


def coloured_model(folder: Path) -> Path:
    """A network of 60x60 in colour that says whether red and green differ."""
    keras = pytest.importorskip("keras", reason="TensorFlow is not installed")
    from ferpipe_train.export.convert import to_litert

    seen = keras.layers.Input((60, 60, 3))
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[0, 0, :, 0], kernel[0, 0, :, 1] = (1, -1, 0), (-1, 1, 0)
    differ = keras.layers.Conv2D(2, 1, activation="relu", use_bias=False)
    inner = keras.layers.GlobalAveragePooling2D()(differ(seen))
    last = keras.layers.Dense(2)
    network = keras.Model(seen, last(inner))
    differ.set_weights([kernel])
    last.set_weights([np.array([[-1, 1], [-1, 1]], np.float32), np.array([2, -2], np.float32)])
    path = folder / "coloured.tflite"
    path.write_bytes(to_litert(network))
    return path


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_network_of_other_size_colours_and_classes_works_beside_base(tmp_path: Path, form: str) -> None:
    model = coloured_model(tmp_path)
    other = f'{{model: "{model}", classes: [grey, coloured], input: {{scale: raw}}}}'
    base, coloured, _ = compared(tmp_path, "threads", form, other)
    assert coloured.classes == ["grey", "coloured"]
    labels = [face["label"] for frame in coloured.frames for face in frame["faces"] if face["label"]]
    assert labels
    assert set(labels) == {"coloured"}
    assert len(base.classes) == 7
    assert all(face["probabilities"] for frame in base.frames for face in frame["faces"] if face["label"])


def test_the_case_of_a_colour_network(tmp_path: Path, case: Any) -> None:
    model = case("rgb_model") / "colour224.tflite"
    target = tmp_path / "t.json"
    options = {"model": str(model), "classes": ["grey", "coloured"], "input": {"scale": "raw"}}
    source = ("file", {"path": str(shipped("samples") / "demo.mp4"), "end": 2.0})
    sink = ("timeline", {"path": str(target)})
    Pipeline.of(source, "blazeface", "align", ("litert", options), sink).run()
    labels = [face["label"] for frame in load(target).frames for face in frame["faces"]]
    assert labels
    assert set(labels) == {"coloured"}


def test_a_carried_face_keeps_nothing_that_was_found_in_another_picture(tmp_path: Path) -> None:
    shown = FACE.replace(data={"chip": "old", "mesh": "old"}, measures={"head.yaw": 3.0})
    packets = [
        make_packet(picture(), time=0, faces=[shown]),
        make_packet(picture(), time=40_000, index=1, faces=()),
    ]
    first, second = run_stage(Track(), packets, context=TestContext(tmp_path))
    (seen,), (carried,) = first.faces, second.faces
    assert (dict(seen.data), dict(seen.measures)) == ({"chip": "old", "mesh": "old"}, {"head.yaw": 3.0})
    assert not carried.detected
    assert (dict(carried.data), dict(carried.measures)) == ({}, {})
