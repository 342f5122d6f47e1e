"""Which branch a join believes, kind by kind."""

from __future__ import annotations

import itertools

import pytest

from ferpipe import ConfigError, Options, Source, Stage
from ferpipe.graph import Graph, Node, check


class Camera(Source):
    pass


def node(name: str, needs: str = "", gives: str = "", inputs: str = "") -> Node:
    cls = type("Made", (Stage,), {"needs": frozenset(needs.split()), "gives": frozenset(gives.split())})
    return Node(name, name, cls, Options(), tuple(inputs.split()))


CAM = Node("cam", "cam", Camera, Options())


def proven(*nodes: Node) -> Graph:
    return check([CAM, *nodes])


def refusal(*nodes: Node) -> str:
    with pytest.raises(ConfigError) as caught:
        proven(*nodes)
    return str(caught.value)


def test_each_branch_gives_its_own_kind() -> None:
    graph = proven(
        node("faces", gives="faces", inputs="cam"),
        node("heat", gives="heat", inputs="cam"),
        node("join", needs="faces heat", inputs="heat faces"),
    )
    assert graph.merges["join"] == {"frame": 0, "heat": 0, "faces": 1}


@pytest.mark.parametrize("inputs", ["det trk", "trk det"])
def test_the_newer_version_is_taken_from_either_side(inputs: str) -> None:
    graph = proven(
        node("det", gives="faces", inputs="cam"),
        node("trk", needs="faces", gives="tracks", inputs="det"),
        node("join", needs="tracks", inputs=inputs),
    )
    assert graph.merges["join"]["faces"] == inputs.split().index("trk")


def test_what_is_said_of_faces_lies_in_the_faces_and_is_no_kind_to_merge() -> None:
    graph = proven(
        node("det", gives="faces", inputs="cam"),
        node("trk", needs="faces", gives="tracks", inputs="det"),
        node("side", gives="heat", inputs="det"),
        node("join", needs="tracks heat", inputs="side trk"),
    )
    assert graph.merges["join"] == {"frame": 0, "heat": 0, "faces": 1}


def test_two_branches_that_both_say_something_of_the_faces_are_refused() -> None:
    message = refusal(
        node("det", gives="faces", inputs="cam"),
        node("trk", needs="faces", gives="tracks", inputs="det"),
        node("emo", needs="faces", gives="emotions", inputs="det"),
        node("join", inputs="trk emo"),
    )
    assert message == (
        "join: joins branches that both give faces: 'trk' and 'emo' "
        "(put these stages one after the other, so that it is clear which one applies)"
    )


def test_two_branches_that_give_one_kind_are_refused_and_each_kind_is_reported() -> None:
    message = refusal(
        node("a", gives="x y", inputs="cam"), node("b", gives="x y", inputs="cam"), node("j", inputs="a b")
    )
    assert sorted(message.splitlines()) == [
        f"j: joins branches that both give {kind}: 'a' and 'b' "
        "(put these stages one after the other, so that it is clear which one applies)"
        for kind in "xy"
    ]


def test_the_newest_of_three() -> None:
    for order in itertools.permutations(["one", "two", "three"]):
        graph = proven(
            node("one", gives="x", inputs="cam"),
            node("two", gives="x", inputs="one"),
            node("three", gives="x", inputs="two"),
            node("join", inputs=" ".join(order)),
        )
        assert graph.merges["join"]["x"] == order.index("three")


def test_a_version_from_before_the_tee_is_no_rival() -> None:
    graph = proven(
        node("det", gives="faces", inputs="cam"),
        node("left", gives="l", inputs="det"),
        node("right", gives="r", inputs="det"),
        node("join", needs="faces l r", inputs="left right"),
    )
    assert graph.merges["join"] == {"frame": 0, "faces": 0, "l": 0, "r": 1}


def test_a_join_behind_a_join_knows_what_the_first_one_took() -> None:
    graph = proven(
        node("det", gives="faces", inputs="cam"),
        node("trk", needs="faces", gives="tracks", inputs="det"),
        node("first", inputs="det trk"),
        node("second", needs="tracks", inputs="cam first"),
    )
    assert graph.merges["second"] == {"frame": 0, "faces": 1}
