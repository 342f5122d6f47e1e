"""Follow every kind through the graph: is each need met, and which branch does a join believe."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ferpipe.graph.model import Fault
from ferpipe.graph.wiring import Wiring
from ferpipe.measures import Measure
from ferpipe.packet import is_of_faces
from ferpipe.text import listing, message_of, quoted, shown

__all__ = ["Flow", "Givers", "follow"]


class Given(NamedTuple):
    """One version of a kind, or of a measure.

    by: the node that set it last.  parts: all the nodes that had a part in it.
    """

    by: int
    parts: frozenset[int]
    measure: Measure | None = None

    def of_faces(self, kind: str) -> bool:
        """Whether it says something about given faces, and means nothing once others are found."""
        return self.measure.of == "face" if self.measure else is_of_faces(kind)


Versions = dict[str, Given]
"""For each kind and measure that has been given on the way, its newest version."""


@dataclass(slots=True)
class Flow:
    """What was found by following everything.

    arrived, left: for each node what comes in, and what goes out.
    measured: the measures that each node declares.
    merges: for each join the input that each kind is taken from.
    """

    arrived: dict[int, Versions] = field(default_factory=dict)
    left: dict[int, Versions] = field(default_factory=dict)
    measured: dict[int, tuple[Measure, ...]] = field(default_factory=dict)
    merges: dict[int, dict[str, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class Givers:
    """The installed stages by what they give; asked only when a message needs them."""

    def __init__(self, ask: Callable[[], Mapping[str, frozenset[str]]]) -> None:
        self._ask = ask

    @cached_property
    def _known(self) -> Mapping[str, frozenset[str]]:
        return self._ask()

    def names(self, kind: str) -> list[str]:
        """The registered names that give `kind`, sorted."""
        return sorted(self._known.get(kind, ()))


def follow(wiring: Wiring, order: Sequence[int], givers: Givers, blamed: Container[int | None] = ()) -> Flow:
    """Follow every kind from the sources on, in topological `order`.

    blamed: joins that are known to be wrong, so that nothing more is said of them.
    """
    return _Follower(wiring, order, givers, blamed).run()


class _Follower:
    def __init__(
        self, wiring: Wiring, order: Sequence[int], givers: Givers, blamed: Container[int | None]
    ) -> None:
        self.blamed = blamed
        self.wiring = wiring
        self.order = order
        self.givers = givers
        self.flow = Flow()
        self.loose: dict[int, bool] = {}
        self.ancestors: dict[int, frozenset[int]] = {}

    def run(self) -> Flow:
        for i in self.order:
            inputs = self.wiring.inputs[i]
            self.ancestors[i] = frozenset(inputs).union(*(self.ancestors[j] for j in inputs))
        for i in self.order:
            self._pass_through(i)
        return self.flow

    def _pass_through(self, i: int) -> None:
        inputs = self.wiring.inputs[i]
        needs, gives = self.wiring.contracts[i]
        self.loose[i] = self.wiring.loose[i] or any(self.loose[j] for j in inputs)
        arrived = self._merge(i) if len(inputs) > 1 else dict(self.flow.left[inputs[0]]) if inputs else {}
        if not inputs and not self.wiring.nodes[i].is_source:
            # The missing source has been blamed; its frame need not be as well.
            arrived["frame"] = Given(i, frozenset({i}))
        for kind in sorted(needs - arrived.keys()):
            if not self.loose[i]:
                self._blame_unmet(i, kind)
            # One mistake, one message: stages behind are not blamed for it again.
            arrived[kind] = Given(i, frozenset({i}))
        self.flow.arrived[i] = arrived
        kept = _kept(arrived, needs, gives)
        if "emotions" not in kept:  # then there is nothing to smooth, and a smoother of measures gives none
            gives -= {"smoothed"}
        self.flow.measured[i] = measured = self._measured(i, kept)
        self.flow.left[i] = _given(i, kept, needs, gives, measured)

    def _measured(self, i: int, kept: Versions) -> tuple[Measure, ...]:
        """What node `i` declares; a plugin's own `measured` may fail like any plugin code."""
        arriving = {kind: given.measure for kind, given in kept.items() if given.measure is not None}
        node = self.wiring.nodes[i]
        try:
            declared = _measures(node.stage.measured(node.options, arriving))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 -- whatever a plugin raises is its mistake
            reason = message_of(error)
            self._blame(i, f"cannot report what it measures: {reason}", "the plugin is broken")
            return ()
        names = [measure.name for measure in declared]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._blame(i, f"declares the measure {name} twice", "the plugin is broken")
        for measure in declared:
            self._compare(i, measure, kept)
        return declared

    def _compare(self, i: int, measure: Measure, kept: Versions) -> None:
        """A name means one thing on the way: a kind, or a measure of a face, or of the frame."""
        before, own = kept.get(measure.name), self.wiring.contracts[i][1]
        if measure.name in own:
            self._blame(i, f"gives {measure.name} as a kind and as a measure", "the plugin is broken")
        elif (
            before is not None
            and before.by != i
            and (before.measure is None or before.measure.of != measure.of)
        ):
            other = "a kind" if before.measure is None else f"a measure of a {before.measure.of}"
            name = self.wiring.nodes[before.by].name
            self._blame(
                i,
                f"gives {measure.name} as a measure of a {measure.of}, which '{name}' gives as {other}",
                "rename it in one of the two",
            )

    def _merge(self, i: int) -> Versions:
        """What a join passes on: of each kind the newest version; what hangs on faces comes with them."""
        branches = [self.flow.left[j] for j in self.wiring.inputs[i]]
        kinds = dict.fromkeys(
            kind for branch in branches for kind, given in branch.items() if not given.of_faces(kind)
        )
        taken = {kind: self._newest(i, kind, branches) for kind in kinds}
        self.flow.merges[i] = taken
        merged = {kind: branches[place][kind] for kind, place in taken.items()}
        faces = branches[taken["faces"]] if "faces" in taken else {}
        return merged | {kind: given for kind, given in faces.items() if given.of_faces(kind)}

    def _newest(self, i: int, kind: str, branches: Sequence[Versions]) -> int:
        versions = {branch[kind].by for branch in branches if kind in branch}
        newest = [v for v in versions if versions - {v} <= self.ancestors[v]]
        if not newest and i not in self.blamed:
            self._blame_rivals(i, kind, versions)
        version = newest[0] if newest else min(versions)
        return next(
            place for place, branch in enumerate(branches) if kind in branch and branch[kind].by == version
        )

    def _blame(self, i: int, message: str, hint: str, path: tuple[str | int, ...] = ("use",)) -> None:
        self.flow.faults.append(Fault(message, self.wiring.nodes[i].name, hint=hint, node=i, path=path))

    def _blame_rivals(self, i: int, kind: str, versions: set[int]) -> None:
        names = quoted(self.wiring.nodes[v].name for v in sorted(versions))
        hint = "put these stages one after the other, so that it is clear which one applies"
        self._blame(i, f"joins branches that both give {kind}: {listing(names, 'and')}", hint, ("from",))

    def _blame_unmet(self, i: int, kind: str) -> None:
        self._blame(i, f"needs {kind}, which no stage before it gives", self._remedy(i, kind))

    def _gives(self, j: int, kind: str) -> bool:
        node = self.wiring.nodes[j]
        return kind in self.wiring.contracts[j][1] or kind in (each.name for each in node.stage.measures)

    def _remedy(self, i: int, kind: str) -> str:
        nodes = self.wiring.nodes
        name = nodes[i].name
        there = [j for j in range(len(nodes)) if j != i and self._gives(j, kind)]
        for j in there:
            if kind == "smoothed" and "emotions" not in self.flow.arrived.get(j, ("emotions",)):
                return f"'{nodes[j].name}' gives it if there are emotions: put a classifier before it"
            if j in self.ancestors[i]:
                return f"what '{nodes[j].name}' gives is lost on the way: put it directly before '{name}'"
            if i in self.ancestors[j]:
                return f"'{nodes[j].name}' gives it: move it before '{name}'"
        if there:
            return f"'{nodes[there[0]].name}' gives it: name it in {self.wiring.key}"
        before = quoted(nodes[j].name for j in self.wiring.inputs[i])
        place = f"between {listing(before, 'and')} and '{name}'" if before else f"before '{name}'"
        could = self.givers.names(kind)
        return f"put {listing(could)} {place}" if could else f"no installed stage gives {kind}"


def _measures(declared: Iterable[object]) -> tuple[Measure, ...]:
    measures = tuple(declared)
    for each in measures:
        if not isinstance(each, Measure):
            raise TypeError(f"measures hold {shown(each)}, where a Measure is expected")
    return measures  # type: ignore[return-value]


def _kept(arrived: Versions, needs: frozenset[str], gives: frozenset[str]) -> Versions:
    """What of `arrived` still means something behind a stage: nothing about faces where it finds others."""
    if "faces" not in gives or "faces" in needs:
        return dict(arrived)
    return {kind: given for kind, given in arrived.items() if kind != "faces" and not given.of_faces(kind)}


def _given(
    i: int, kept: Versions, needs: frozenset[str], gives: frozenset[str], measured: Sequence[Measure]
) -> Versions:
    """What leaves node `i`; what is said of a face hangs on the face, so it renews the faces too."""
    left = dict(kept)
    new = {**dict.fromkeys(gives), **{measure.name: measure for measure in measured}}
    for kind, measure in new.items():
        parts = kept[kind].parts if kind in needs and kind in kept else frozenset()
        left[kind] = Given(i, parts | {i}, measure)
    if "faces" not in gives and any(left[kind].of_faces(kind) for kind in new):
        left["faces"] = Given(i, kept["faces"].parts if "faces" in kept else frozenset({i}))
    return left
