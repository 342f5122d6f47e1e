"""What a stage gives is checked where it gives it: the error names that stage, not one behind it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.graphs import EXECUTORS, Bench
from support.stages import Counter, CounterOptions, Keep, doing

from ferpipe import Chip, Emotion, Face, Frame, Mark, Measure, Packet
from ferpipe.run import RunReport

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)

YAW = Measure("head.yaw", "deg", -90, 90, "Where the head turns.")
LIGHT = Measure("light", "", 0, None, "How bright the picture is.", of="frame")
CLASSES = ("calm", "busy")
GREY = np.zeros((8, 8), np.uint8)


def emotion(*probabilities: float, raw: Any = None) -> Emotion:
    return Emotion(CLASSES, probabilities, "calm", raw)


def face(**fields: Any) -> Face:
    return Face((1, 1, 4, 4), 0.9, **fields)


def given_by(executor: str, function: Any, **attributes: Any) -> tuple[RunReport, Keep]:
    """A run in which the stage `wrong` does `function`; every stage behind it takes all there is."""
    keep = Keep()
    wrong = doing(function, gives=frozenset({"faces"}), measures=(YAW, LIGHT), **attributes)
    bench = Bench(executor).add("in", Counter(CounterOptions(frames=3))).add("wrong", wrong)
    return bench.add("behind", keep).run(5), keep


WRONG_FACES: dict[str, tuple[Any, str]] = {
    "logits": (face(emotion=emotion(3.0, -7.0)), "hold -7, which is not between 0 and 1 (take a softmax"),
    "nan": (face(emotion=emotion(math.nan, 0.5)), "hold a number that is not finite"),
    "late nan": (face(emotion=emotion(0.5, math.nan)), "hold a number that is not finite"),
    "sum": (face(emotion=emotion(0.5, 0.2)), "sum to 0.7, not to 1"),
    "few": (face(emotion=emotion(1.0)), "there are 1 probabilities for 2 classes"),
    "raw": (face(emotion=emotion(0.5, 0.5, raw=(4.0, 1.0))), "raw hold 4"),
    "a label": (face(emotion="calm"), "the emotion of a face is a str where an Emotion is expected"),
    "no face": ({"box": 1}, "'faces' holds a dict where a Face is expected"),
    "undeclared": (
        face(measures={"pulse": 60.0}),
        "'pulse' of a face is not declared (declared are: head.yaw)",
    ),
    "of a frame": (face(measures={"light": 6.0}), "'light' of a face is not declared"),
    "measure nan": (face(measures={"head.yaw": math.nan}), "'head.yaw' is nan; leave out what is not known"),
    "range": (face(measures={"head.yaw": 91.0}), "'head.yaw' is 91, outside its range (-90 to 90)"),
    "chip": (
        face(data={"chip": Chip(GREY.astype(float), np.eye(2, 3))}),
        "the 'chip' of a face is (8, 8) float64",
    ),
    "landmarks": (face(landmarks=[(1, 2), (3, 4)]), "the landmarks of a face are not an (N, 2) array"),
    "three axes": (
        face(landmarks=np.zeros((5, 3))),
        "the landmarks of a face are (5, 3) float64, where (N",
    ),
    "names": (
        face(landmarks=np.zeros((2, 2)), landmark_names=("nose",)),
        "a face has 2 landmarks and 1 names of landmarks",
    ),
    "box nan": (Face((1, math.nan, 4, 4), 0.9), "the box of a face is (1, nan, 4, 4), where four finite"),
    "box of words": (Face(("1", "2", "3", "4"), 0.9), "the box of a face is ('1', '2', '3', '4'), where"),
    "score of 100": (Face((1, 1, 4, 4), 98.0), "the score of a face is 98.0, where a number from 0 to 1"),
    "no score": (Face((1, 1, 4, 4), None), "the score of a face is None, where a number from 0 to 1"),
    "a name": (face(track="Anna"), "the track of a face is 'Anna', where a whole number from 1 is expected"),
    "track 0": (face(track=0), "the track of a face is 0, where a whole number from 1 is expected"),
    "other label": (
        face(emotion=Emotion(CLASSES, (0.5, 0.5), "sad")),
        "the label is 'sad', which is none of",
    ),
    "number": (face(emotion=Emotion(CLASSES, (0.5, 0.5), 0)), "the label is 0, which is none of the classes"),
    "words": (
        face(emotion=Emotion(CLASSES, ("1", "0"), "calm")),
        "where numbers are expected",
    ),
    "no numbers": (face(emotion=Emotion(CLASSES, None, "calm")), "are None, where numbers are expected"),
    "twice": (
        face(emotion=Emotion(("calm", "calm"), (0.5, 0.5), "calm")),
        "the classes are ('calm', 'calm'), where different names are expected",
    ),
}


@pytest.mark.parametrize("case", WRONG_FACES)
def test_a_face_that_cannot_be(executor: str, case: str) -> None:
    wrong, message = WRONG_FACES[case]
    report, keep = given_by(executor, lambda packet: packet.replace(faces=[face(), wrong]))
    assert str(report.error).startswith("stage 'wrong' failed in process at frame 0 (0.000 s): ")
    assert message in str(report.error)
    assert report.exit_code == 1
    assert keep.packets == []


WRONG_PACKETS: dict[str, tuple[Any, str]] = {
    "undeclared": (lambda p: p.with_measures({"heat": 1.0}), "'heat' of a frame is not declared"),
    "infinite": (lambda p: p.with_measures({"light": math.inf}), "'light' is inf"),
    "below": (lambda p: p.with_measures({"light": -1}), "'light' is -1, outside its range (at least 0)"),
    "grey canvas": (lambda p: p.replace(canvas=GREY), "the canvas is (8, 8) uint8"),
    "float canvas": (lambda p: p.replace(canvas=np.zeros((8, 8, 3))), "scale it to 0 to 255 and convert it"),
    "marks": (lambda p: p.replace(marks=[(0, 0, 1, 1)]), "'marks' holds a tuple where a Mark is expected"),
    "mark": (lambda p: p.replace(marks=[Mark((0, 0, math.inf, 1))]), "the box of a mark is (0, 0, inf, 1)"),
    "text": (lambda p: p.replace(marks=[Mark((0, 0, 1, 1), 5)]), "the text of a mark is an int, where a str"),
    "no frame": (lambda p: Packet(None, p.data), "returned a packet of nothing and a mappingproxy, where"),
    "no data": (lambda p: Packet(p.frame, [p]), "returned a packet of a Frame and a list, where a Frame and"),
    "array": (lambda p: p.replace(faces=np.zeros((1, 4))), "'faces' is a ndarray where a tuple is expected"),
    "frame": (
        lambda p: Packet(Frame(GREY, p.time, p.frame.index, p.frame.source), p.data),
        "the image of a frame is (8, 8) uint8",
    ),
}


@pytest.mark.parametrize("case", WRONG_PACKETS)
def test_a_packet_that_cannot_be(executor: str, case: str) -> None:
    function, message = WRONG_PACKETS[case]
    report, keep = given_by(executor, lambda packet: function(packet.replace(faces=())))
    assert str(report.error).startswith("stage 'wrong' failed in process at frame 0 (0.000 s): ")
    assert message in str(report.error)
    assert keep.packets == []


def test_what_cannot_be_falls_under_the_policy_of_its_stage(executor: str) -> None:
    def odd(packet: Packet) -> Packet:
        return packet.replace(faces=[face(measures={"head.yaw": 10.0 * packet.frame.index})])

    keep = Keep()
    wrong = doing(odd, gives=frozenset({"faces"}), measures=(YAW,))
    bench = Bench(executor).add("in", Counter(CounterOptions(frames=12))).add("wrong", wrong, on_error="skip")
    report = bench.add("behind", keep).run(5)
    assert report.exit_code == 0
    assert [packet.frame.index for packet in keep.packets] == list(range(10))
    assert report.sources[0].failed == {"wrong": 2}


def test_sound_values_of_every_kind_pass(executor: str) -> None:
    def sound(packet: Packet) -> Packet:
        chip = Chip(GREY, np.eye(2, 3))
        one = face(emotion=Emotion.of(CLASSES, np.float32([0.25, 0.75])), data={"chip": chip})
        one = one.with_measures({"head.yaw": np.float32(-90)})
        marks = [Mark((0, 0, 3, 3), "dog")]
        canvas = np.zeros((8, 8, 3), np.uint8)
        return packet.replace(faces=[one, face()], marks=marks, canvas=canvas).with_measures({"light": 3})

    report, keep = given_by(executor, sound)
    assert report.error is None
    (first, second) = keep.packets[0].faces
    assert (first.emotion.label, first.measures) == ("busy", {"head.yaw": -90.0})
    assert type(first.measures["head.yaw"]) is float
    assert (second.measures, keep.packets[0].measures) == ({}, {"light": 3.0})


def test_what_a_stage_only_hands_on_is_not_its_mistake(executor: str) -> None:
    """Nor is it looked at again: the stage behind declares nothing at all."""
    report, keep = given_by(executor, lambda p: p.replace(faces=[face(measures={"head.yaw": 1.0})]))
    assert report.error is None
    assert [packet.faces[0].measures for packet in keep.packets] == [{"head.yaw": 1.0}] * 3


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("loop", LOOP, "the note 'loop' contains itself"),
        ("classes", 7, "the note 'classes' is 7, where different names are expected"),
        ("classes", ("a", "a"), "the note 'classes' is ('a', 'a'), where different names are expected"),
        (7, 1, "a note is named 7, where a str is expected"),
    ],
)
def test_a_note_that_no_timeline_could_hold(executor: str, key: Any, value: Any, message: str) -> None:
    class Noting(Keep):
        def open(self, context):
            super().open(context)
            context.note(key, value)

    report = Bench(executor).add("in", Counter()).add("noting", Noting()).run(5)
    assert str(report.error).startswith("stage 'noting' failed in open: ")
    assert message in str(report.error)


def test_a_time_in_seconds_is_not_taken_as_microseconds(executor: str) -> None:
    class Seconds(Counter):
        def frames(self):
            for i in range(3):
                yield Packet(Frame(np.zeros((8, 8, 3), np.uint8), i * 0.04 + 0.04, i, self.context.name))

    report = Bench(executor).add("in", Seconds()).add("keep", Keep()).run(5)
    assert str(report.error) == (
        "stage 'in' failed in frames: the time of a frame is 0.04, where a whole number of microseconds is "
        "expected; 0.04 s would be 40000"
    )


def test_a_time_of_numpy_is_a_whole_number_too(executor: str) -> None:
    class Numbers(Counter):
        def frames(self):
            for time in np.arange(3) * 40_000:
                yield Packet(Frame(np.zeros((8, 8, 3), np.uint8), time, 0, self.context.name))

    bench = Bench(executor).add("in", Numbers()).add("keep", Keep())
    assert bench.run(5).error is None
    assert [type(packet.time) for packet in bench.out] == [int] * 3


def test_notes_hold_for_what_is_behind_them_only(executor: str) -> None:
    heard: dict[str, dict[str, Any]] = {}

    class Noting(Keep):
        needs, gives = frozenset({"faces"}), frozenset({"emotions"})

        def open(self, context):
            super().open(context)
            context.note("model", context.name)

    class Hearing(Keep):
        def process(self, packet):
            heard[self.context.name] = dict(self.context.notes)
            return packet

    found = doing(lambda packet: packet.replace(faces=()), gives=frozenset({"faces"}))
    again = doing(lambda packet: packet.replace(faces=()), gives=frozenset({"faces"}))
    bench = Bench(executor).add("in", Counter()).add("find", found)
    bench.add("base", Noting(), "find").add("a", Hearing(), "base")
    bench.add("nano", Noting(), "find").add("b", Hearing(), "nano")
    bench.add("none", Hearing(), "find")
    bench.add("again", again, "base").add("late", Hearing(), "again")
    report = bench.run(5)
    assert report.error is None
    assert heard == {"a": {"model": "base"}, "b": {"model": "nano"}, "none": {}, "late": {}}
    assert report.notes == {"base": {"model": "base"}, "nano": {"model": "nano"}}


def test_measures_of_two_branches_meet_and_an_older_value_is_not_a_newer_one(executor: str) -> None:
    def bright(packet: Packet) -> Packet:
        return packet.with_measures({"light": 1.0})

    def brighter(packet: Packet) -> Packet:
        """Gives the measure again, on every second frame only."""
        known = {"light": 2.0} if packet.frame.index % 2 else {}
        return Packet(packet.frame, packet.data, known)

    heat = Measure("heat", "", None, None, "How warm it is.", of="frame")
    warm = doing(lambda packet: packet.with_measures({"heat": 5.0}), measures=(heat,))
    bench = Bench(executor).add("in", Counter(CounterOptions(frames=2)))
    bench.add("one", doing(bright, measures=(LIGHT,)))
    bench.add("two", doing(brighter, measures=(LIGHT,)), "one")
    bench.add("warm", warm, "one").add("join", Keep(), "warm", "two")
    report = bench.run(5)
    assert report.error is None
    assert [packet.measures for packet in bench.out] == [{"heat": 5.0}, {"heat": 5.0, "light": 2.0}]


def test_the_context_knows_the_measures_that_arrive_and_the_own_ones(executor: str) -> None:
    known: dict[str, tuple[Measure, ...]] = {}

    class Asking(Keep):
        def open(self, context):
            super().open(context)
            known[context.name] = context.measures

    bench = Bench(executor).add("in", Counter()).add("before", Asking())
    bench.add("gives", doing(lambda packet: packet, measures=(LIGHT,))).add("behind", Asking()).run(5)
    assert known == {"before": (), "behind": (LIGHT,)}
