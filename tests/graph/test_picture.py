"""Pictures show every stage, every edge, and nothing that breaks the drawing."""

from __future__ import annotations

from ferpipe import Options, Source, Stage
from ferpipe.graph import Graph, Node, check, mermaid, tree


class Camera(Source):
    pass


def node(name: str, use: str, gives: str = "", inputs: str = "") -> Node:
    cls = type("Made", (Stage,), {"gives": frozenset(gives.split())})
    return Node(name, use, cls, Options(), tuple(inputs.split()))


def forked() -> Graph:
    return check(
        [
            Node("cam", "webcam", Camera, Options()),
            node("det", "det", "faces", "cam"),
            node("heat", "heat", "heat", "cam"),
            node("join", "draw", "canvas", "det heat"),
            node("out", "out", "", "join"),
            node("log", "log", "", "det"),
        ]
    )


def test_the_tree_of_a_chain_runs_straight_down() -> None:
    graph = check(
        [Node("cam", "cam", Camera, Options()), node("a", "b", "x", "cam"), node("c", "c", "", "a")]
    )
    assert tree(graph) == "cam → frame\na (b) → x\nc\n"


def test_the_tree_sets_branches_in_and_shows_a_join_once() -> None:
    assert tree(forked()) == (
        "cam (webcam) → frame\n"
        "├─ det → faces\n"
        "│  log\n"
        "└─ heat → heat\n"
        "   join (draw) + from det → canvas\n"
        "   out\n"
    )


def test_mermaid_shows_shapes_edges_and_what_a_join_takes() -> None:
    assert mermaid(forked()).splitlines() == [
        "flowchart LR",
        '    n0(["cam<br>webcam"])',
        '    n1["det"]',
        '    n2["heat"]',
        '    n3["join<br>draw"]',
        '    n4[["out"]]',
        '    n5[["log"]]',
        "    n0 --> n1",
        "    n0 --> n2",
        "    n1 -->|faces, frame| n3",
        "    n2 -->|heat| n3",
        "    n3 --> n4",
        "    n1 --> n5",
    ]


def test_mermaid_escapes_what_would_end_a_label() -> None:
    graph = check([Node('a"]<b>#', 'a"]<b>#', Camera, Options())])
    assert mermaid(graph).splitlines()[1] == '    n0(["a#quot;]#lt;b#gt;#35;"])'


def test_every_source_has_a_tree_of_its_own() -> None:
    graph = check([Node(name, name, Camera, Options()) for name in ("x", "y")])
    assert tree(graph) == "x → frame\ny → frame\n"
