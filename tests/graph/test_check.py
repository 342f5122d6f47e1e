"""What the graph proves, and what it says where there is nothing to prove."""

from __future__ import annotations

import pytest

from ferpipe import ConfigError, Options, Source, Stage
from ferpipe.graph import Fault, Graph, Node, Unknown, check


class Camera(Source):
    pass


def stage(needs: str = "", gives: str = "") -> type[Stage]:
    return type("Made", (Stage,), {"needs": frozenset(needs.split()), "gives": frozenset(gives.split())})


DETECT, TRACK, ALIGN = stage("frame", "faces"), stage("faces", "tracks"), stage("faces", "face.chip")
CLASSIFY, SMOOTH, SINK = stage("face.chip", "emotions"), stage("tracks emotions", "smoothed"), stage()


def node(name: str, cls: type[Stage], *inputs: str) -> Node:
    return Node(name, name, cls, Options(), inputs)


def chain(**stages: type[Stage]) -> list[Node]:
    names = list(stages)
    return [
        node(name, stages[name], *(() if issubclass(stages[name], Source) else names[i - 1 : i]))
        for i, name in enumerate(names)
    ]


def faults(nodes: list[Node], **givers: str) -> list[Fault]:
    with pytest.raises(ConfigError) as caught:
        check(nodes, lambda: {kind: frozenset(names.split()) for kind, names in givers.items()})
    assert all(isinstance(problem, Fault) for problem in caught.value.problems)
    return list(caught.value.problems)


def only(nodes: list[Node], **givers: str) -> Fault:
    (fault,) = faults(nodes, **givers)
    return fault


def names(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes]


def test_a_full_chain_is_proven() -> None:
    graph = check(chain(cam=Camera, det=DETECT, trk=TRACK, ali=ALIGN, cls=CLASSIFY, smo=SMOOTH, out=SINK))
    assert names(graph) == ["cam", "det", "trk", "ali", "cls", "smo", "out"]
    assert graph.components == (("cam", "det", "trk", "ali", "cls", "smo", "out"),)
    assert graph.consumers["det"] == ("trk",)
    assert graph.consumers["out"] == ()
    assert graph.merges == {}
    assert graph.warnings == ()


def test_nodes_come_in_topological_order_with_ties_in_the_order_of_the_file() -> None:
    nodes = [
        node("late", SINK, "b", "a"),
        node("b", SINK, "cam"),
        node("cam", Camera),
        node("a", SINK, "cam"),
    ]
    assert names(check(nodes)) == ["cam", "b", "a", "late"]


def test_two_sources_make_two_components() -> None:
    graph = check(
        [
            node("x", Camera),
            node("y", Camera),
            node("a", SINK, "x"),
            node("b", SINK, "y"),
            node("c", SINK, "x"),
        ]
    )
    assert graph.components == (("x", "a", "c"), ("y", "b"))


def test_every_mistake_is_found_at_once_in_the_order_of_the_nodes() -> None:
    found = faults(
        [
            node("cam", Camera, "det"),
            node("det", DETECT, "cm"),
            node("det", DETECT, "cam"),
            node("loop", SINK, "loop"),
            node("cam2", Camera),
            node("both", SINK, "cam", "cam2"),
            node("sm", SMOOTH, "cam2"),
        ]
    )
    assert [(fault.node, fault.path) for fault in found] == [
        (0, ("from",)),
        (1, ("from", 0)),
        (2, ("name",)),
        (3, ("from",)),
        (5, ("from",)),
        (6, ("use",)),
        (6, ("use",)),
    ]


def test_a_name_taken_twice() -> None:
    fault = only([node("cam", Camera), node("out", SINK, "cam"), node("out", SINK, "cam")])
    assert fault.message == "the name 'out' is taken by stage 2 of the list"
    assert (fault.node, fault.path) == (2, ("name",))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("cma", "did you mean 'cam'?"),
        ("zzz", "the stages are 'cam' and 'out'"),
        ("webcam", "the stage that uses webcam is named 'cam'"),
    ],
)
def test_an_unknown_input(wrong: str, hint: str) -> None:
    fault = only([Node("cam", "webcam", Camera, Options()), node("out", SINK, "cam", wrong)])
    assert fault.message == f"unknown input '{wrong}'"
    assert fault.hint == hint
    assert fault.path == ("from", 1)


def test_an_input_named_twice() -> None:
    fault = only([node("cam", Camera), node("out", SINK, "cam", "cam")])
    assert fault.message == "takes 'cam' twice"


def test_a_cycle_is_reported_stage_by_stage() -> None:
    fault = only(
        [node("cam", Camera), node("a", SINK, "cam", "c"), node("b", SINK, "a"), node("c", SINK, "b")]
    )
    assert fault.message == "receives its own output: a -> b -> c -> a"
    assert fault.where == "a"


def test_each_of_two_cycles_is_reported_once() -> None:
    found = faults(
        [
            node("cam", Camera),
            node("a", SINK, "b"),
            node("b", SINK, "a"),
            node("c", SINK, "b", "d"),
            node("d", SINK, "c"),
        ]
    )
    assert [fault.message for fault in found] == [
        "receives its own output: a -> b -> a",
        "receives its own output: c -> d -> c",
    ]


def test_behind_a_cycle_no_need_is_blamed() -> None:
    found = faults([node("cam", Camera), node("a", SINK, "a", "cam"), node("t", TRACK, "a")])
    assert [fault.where for fault in found] == ["a"]


def test_a_source_takes_no_input() -> None:
    assert only([node("cam", Camera), node("two", Camera, "cam")]).message == "is a source and takes no input"


def test_a_stage_that_takes_packets_from_nowhere() -> None:
    fault = only([node("cam", Camera), node("out", SINK)])
    assert fault.message == "has no input"
    assert "after 'cam'" in fault.hint


def test_a_pipeline_without_a_source_names_the_sources() -> None:
    found = faults(chain(det=DETECT, out=SINK), frame="file webcam")
    assert [str(fault) for fault in found] == [
        "det: the pipeline has no source (start it with file or webcam)"
    ]


def test_an_empty_pipeline_has_no_source() -> None:
    assert "no source" in only([]).message


def test_a_join_of_two_sources() -> None:
    fault = only([node("x", Camera), node("y", Camera), node("j", SINK, "x", "y"), node("k", SINK, "j")])
    assert fault.where == "j"
    assert fault.message == "joins packets of different sources: 'x' and 'y'"


def test_an_unmet_need_names_who_could_give_it_and_where() -> None:
    fault = only(chain(cam=Camera, trk=TRACK), faces="yunet haar blazeface")
    assert fault.message == "needs faces, which no stage before it gives"
    assert fault.hint == "put blazeface, haar or yunet between 'cam' and 'trk'"


def test_an_unmet_need_is_reported_once_for_a_chain() -> None:
    found = faults(chain(cam=Camera, trk=TRACK, ali=ALIGN, cls=CLASSIFY))
    assert [fault.where for fault in found] == ["trk"]
    assert found[0].hint == "no installed stage gives faces"


def test_a_need_that_comes_too_late() -> None:
    fault = only(chain(cam=Camera, trk=TRACK, det=DETECT))
    assert fault.hint == "'det' gives it: move it before 'trk'"


def test_a_need_on_another_branch() -> None:
    fault = only([node("cam", Camera), node("det", DETECT, "cam"), node("trk", TRACK, "cam")])
    assert fault.hint == "'det' gives it: name it in from"


def test_faces_found_anew_have_no_tracks_any_more() -> None:
    fault = only(chain(cam=Camera, det=DETECT, trk=TRACK, again=DETECT, end=stage("tracks")))
    assert fault.hint == "what 'trk' gives is lost on the way: put it directly before 'end'"


def test_a_filter_of_faces_keeps_their_tracks() -> None:
    check(chain(cam=Camera, det=DETECT, trk=TRACK, few=stage("faces", "faces"), end=stage("tracks")))


def test_the_contract_may_depend_on_the_options() -> None:
    class Chooser(Stage):
        class Options(Options):
            what: str

        @classmethod
        def contract(cls, options: Options) -> tuple[frozenset[str], frozenset[str]]:
            return frozenset(), frozenset({options.what})

    graph = [
        node("cam", Camera),
        Node("c", "c", Chooser, Chooser.Options(what="faces"), ("cam",)),
        node("t", TRACK, "c"),
    ]
    assert check(graph)["t"].needs == {"faces"}


@pytest.mark.parametrize("contract", [lambda _: 1 / 0, lambda _: None, lambda _: (1, 2)])
def test_a_contract_that_fails_is_one_clear_line(contract: object) -> None:
    broken = type("Broken", (Stage,), {"contract": staticmethod(contract)})
    fault = only([node("cam", Camera), node("b", broken, "cam"), node("t", TRACK, "b")])
    assert fault.message.startswith("cannot report what it needs and gives: ")
    assert "\n" not in str(fault)


def test_an_unknown_stage_hides_no_other_mistake_and_makes_none() -> None:
    nodes = [node("cam", Camera), node("what", Unknown, "cam"), node("t", TRACK, "what")]
    check(nodes)
    assert only([*nodes, node("t", SINK, "t")]).path == ("name",)


def test_an_output_that_nobody_uses_is_a_warning() -> None:
    graph = check(chain(cam=Camera, det=DETECT))
    (warning,) = graph.warnings
    assert str(warning).startswith("det: nothing uses what it gives (faces)")


def test_a_thousand_stages_are_no_problem() -> None:
    graph = check(chain(cam=Camera, **{f"s{i}": SINK for i in range(1000)}))
    assert len(graph.nodes) == 1001
