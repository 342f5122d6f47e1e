"""Measures and what hangs on faces, followed through a graph."""

from __future__ import annotations

from typing import Any

import pytest

from ferpipe import ConfigError, Measure, Options, Source, Stage
from ferpipe.graph import Graph, Node, check

YAW = Measure("head.yaw", "deg", -90, 90, "Where the head turns.")
LIGHT = Measure("light", "", 0, 255, "How bright the picture is.", of="frame")


class Camera(Source):
    pass


def node(name: str, needs: str = "", gives: str = "", inputs: str = "", measures: Any = ()) -> Node:
    facts = {"needs": frozenset(needs.split()), "gives": frozenset(gives.split()), "measures": measures}
    return Node(name, name, type("Made", (Stage,), facts), Options(), tuple(inputs.split()))


CAM = Node("cam", "cam", Camera, Options())
DETECT = node("detect", gives="faces", inputs="cam")


def proven(*nodes: Node) -> Graph:
    return check([CAM, *nodes])


def refusal(*nodes: Node) -> str:
    with pytest.raises(ConfigError) as caught:
        proven(*nodes)
    return str(caught.value)


def known(graph: Graph, name: str) -> list[str]:
    return list(graph.arrivals[name].measures)


def test_a_measure_is_known_from_its_stage_on() -> None:
    graph = proven(
        DETECT,
        node("pose", "faces", inputs="detect", measures=(YAW, LIGHT)),
        node("out", "head.yaw light", inputs="pose"),
    )
    assert known(graph, "detect") == []
    assert known(graph, "pose") == known(graph, "out") == ["head.yaw", "light"]
    assert graph.arrivals["out"].givers["head.yaw"] == "pose"


def test_a_measure_that_nobody_gives_is_refused_with_who_could() -> None:
    with pytest.raises(ConfigError, match=r"needs head\.yaw, which no stage before it gives \(put headpose"):
        check(
            [CAM, DETECT, node("out", "head.yaw", inputs="detect")],
            lambda: {"head.yaw": frozenset({"headpose"})},
        )


def test_what_hangs_on_faces_survives_a_stage_that_reorders_them_and_ends_where_others_are_found() -> None:
    chain = (
        DETECT,
        node("pose", "faces", gives="face.mesh", inputs="detect", measures=(YAW, LIGHT)),
        node("track", "faces", gives="faces tracks", inputs="pose"),
    )
    graph = proven(*chain, node("again", gives="faces", inputs="track"), node("out", inputs="again"))
    assert known(graph, "track") == ["head.yaw", "light"]
    assert {"face.mesh", "tracks"} <= graph.arrivals["again"].givers.keys()
    assert known(graph, "out") == ["light"]
    assert graph.arrivals["out"].givers.keys() == {"frame", "faces", "light"}
    for kind in ("face.mesh", "tracks", "head.yaw"):
        assert f"out: needs {kind}, which no stage before it gives" in refusal(
            *chain, node("again", gives="faces", inputs="track"), node("out", kind, inputs="again")
        )


def test_what_hangs_on_faces_comes_through_a_join_with_them() -> None:
    graph = proven(
        DETECT,
        node("pose", "faces", inputs="detect", measures=(YAW,)),
        node("glow", inputs="detect", measures=(LIGHT,)),
        node("out", "head.yaw light", inputs="glow pose"),
    )
    assert set(known(graph, "out")) == {"head.yaw", "light"}
    assert graph.arrivals["out"].merge == {"frame": 0, "light": 0, "faces": 1}


def test_a_stage_derives_measures_from_those_that_arrive() -> None:
    class Mean(Stage[Options]):
        needs = frozenset({"faces", "head.yaw"})

        @classmethod
        def measured(cls, options: Any, arriving: Any) -> tuple[Measure, ...]:
            about, unit = f"Mean of: {arriving['head.yaw'].about}", arriving["head.yaw"].unit
            return (Measure("head.yaw.mean", unit, None, None, about),)

    graph = proven(
        DETECT,
        node("pose", "faces", inputs="detect", measures=(YAW,)),
        Node("mean", "mean", Mean, Options(), ("pose",)),
        node("out", "head.yaw.mean", inputs="mean"),
    )
    assert graph.arrivals["out"].measures["head.yaw.mean"].unit == "deg"


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            {"measures": (LIGHT,)},
            {"measures": (Measure("light", "", None, None, "Of a face."),)},
            "gives light as a measure of a face, which 'a' gives as a measure of a frame",
        ),
        ({"gives": "light"}, {"measures": (LIGHT,)}, "which 'a' gives as a kind"),
        ({}, {"gives": "light", "measures": (LIGHT,)}, "gives light as a kind and as a measure"),
        ({}, {"measures": (LIGHT, LIGHT)}, "declares the measure light twice"),
        ({}, {"measures": ("light",)}, "cannot report what it measures: TypeError: measures hold 'light'"),
    ],
)
def test_a_name_means_one_thing(first: Any, second: Any, message: str) -> None:
    text = refusal(DETECT, node("a", inputs="detect", **first), node("b", inputs="a", **second))
    assert text.startswith("b: ")
    assert message in text


def test_a_measure_that_nothing_uses_is_a_warning() -> None:
    graph = proven(DETECT, node("pose", "faces", inputs="detect", measures=(YAW,)))
    (warning,) = graph.warnings
    assert str(warning).startswith("pose: nothing uses what it gives (head.yaw) (add a sink after it")


def test_notes_hold_where_their_stage_had_a_part() -> None:
    graph = proven(
        DETECT,
        node("one", "faces", gives="emotions", inputs="detect"),
        node("sink", inputs="one"),
        node("out", inputs="sink"),
        node("two", "faces", gives="emotions", inputs="detect"),
        node("other", inputs="two"),
        node("bare", inputs="detect"),
        node("again", gives="faces", inputs="one"),
        node("late", inputs="again"),
    )
    heard = {name: arrival.notes_from for name, arrival in graph.arrivals.items()}
    assert heard["out"] == ("cam", "detect", "one", "sink")
    assert heard["other"] == ("cam", "detect", "two")
    assert heard["bare"] == ("cam", "detect")
    assert heard["late"] == ("cam", "again")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"name": "Head Yaw"}, "needs a name of small letters"),
        ({"name": "face.yaw"}, "has the name of a kind"),
        ({"name": "emotions"}, "has the name of a kind"),
        ({"low": 1.0, "high": 0.0}, "has no range from 1.0 to 0.0"),
        ({"low": float("nan")}, "has no range"),
        ({"about": " "}, "needs a sentence"),
        ({"of": "person"}, "not of 'person'"),
    ],
)
def test_a_measure_is_described_soundly(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Measure(**{"name": "yaw", "unit": "", "low": None, "high": None, "about": "Turn.", **facts})


@pytest.mark.parametrize(
    ("ends", "words"),
    [((None, None), ""), ((0, None), "at least 0"), ((None, 1), "at most 1"), ((-90, 90), "-90 to 90")],
)
def test_a_range_in_words(ends: tuple[Any, Any], words: str) -> None:
    assert Measure("yaw", "deg", *ends, "Turn.").range == words
