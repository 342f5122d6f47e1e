"""Follow every kind through the graph: is each need met, and which branch does a join believe."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import cached_property

from ferpipe.graph.model import Fault
from ferpipe.graph.wiring import Wiring
from ferpipe.packet import FACE_KINDS
from ferpipe.text import listing, quoted

__all__ = ["Givers", "follow"]

_OF_FACES = FACE_KINDS | {"chips"}
"""Kinds that say something about given faces, and mean nothing once others are found."""

Versions = dict[str, int]
"""For each kind that has been given on the way: the node that gave it last."""


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


def follow(
    wiring: Wiring, order: Sequence[int], givers: Givers, blamed: Container[int | None] = ()
) -> tuple[dict[int, dict[str, int]], list[Fault]]:
    """For each join the input that each kind is taken from, and the faults found on the way.

    blamed: joins that are known to be wrong, so that nothing more is said of them.
    """
    return _Flow(wiring, order, givers, blamed).run()


class _Flow:
    def __init__(
        self, wiring: Wiring, order: Sequence[int], givers: Givers, blamed: Container[int | None]
    ) -> None:
        self.blamed = blamed
        self.wiring = wiring
        self.order = order
        self.givers = givers
        self.leaving: dict[int, Versions] = {}
        self.loose: dict[int, bool] = {}
        self.ancestors: dict[int, frozenset[int]] = {}
        self.merges: dict[int, dict[str, int]] = {}
        self.faults: list[Fault] = []

    def run(self) -> tuple[dict[int, dict[str, int]], list[Fault]]:
        for i in self.order:
            inputs = self.wiring.inputs[i]
            self.ancestors[i] = frozenset(inputs).union(*(self.ancestors[j] for j in inputs))
        for i in self.order:
            self._pass_through(i)
        return self.merges, self.faults

    def _pass_through(self, i: int) -> None:
        inputs = self.wiring.inputs[i]
        needs, gives = self.wiring.contracts[i]
        self.loose[i] = self.wiring.loose[i] or any(self.loose[j] for j in inputs)
        arrived = self._merge(i) if len(inputs) > 1 else dict(self.leaving[inputs[0]]) if inputs else {}
        if not inputs and not self.wiring.nodes[i].is_source:
            arrived["frame"] = i  # the missing source has been blamed; its frame need not be as well
        for kind in sorted(needs - arrived.keys()):
            if not self.loose[i]:
                self._blame_unmet(i, kind)
            arrived[kind] = i  # one mistake, one message: stages behind are not blamed for it again
        self.leaving[i] = _give(i, arrived, needs, gives)

    def _merge(self, i: int) -> Versions:
        """What a join passes on: of each kind the newest version."""
        branches = [self.leaving[j] for j in self.wiring.inputs[i]]
        kinds = dict.fromkeys(kind for branch in branches for kind in branch if kind not in FACE_KINDS)
        taken = {kind: self._newest(i, kind, branches) for kind in kinds}
        self.merges[i] = taken
        merged = {kind: branches[place][kind] for kind, place in taken.items()}
        faces = branches[taken["faces"]] if "faces" in taken else {}
        return merged | {kind: faces[kind] for kind in FACE_KINDS & faces.keys()}

    def _newest(self, i: int, kind: str, branches: Sequence[Versions]) -> int:
        versions = {branch[kind] for branch in branches if kind in branch}
        newest = [v for v in versions if versions - {v} <= self.ancestors[v]]
        if not newest and i not in self.blamed:
            self._blame_rivals(i, kind, versions)
        version = newest[0] if newest else min(versions)
        return next(place for place, branch in enumerate(branches) if branch.get(kind) == version)

    def _blame_rivals(self, i: int, kind: str, versions: set[int]) -> None:
        names = quoted(self.wiring.nodes[v].name for v in sorted(versions))
        self.faults.append(
            Fault(
                f"joins branches that both give {kind}: {listing(names, 'and')}",
                self.wiring.nodes[i].name,
                hint="put these stages one behind the other, so that it is clear which one counts",
                node=i,
                path=("from",),
            )
        )

    def _blame_unmet(self, i: int, kind: str) -> None:
        self.faults.append(
            Fault(
                f"needs {kind}, which no stage before it gives",
                self.wiring.nodes[i].name,
                hint=self._remedy(i, kind),
                node=i,
                path=("use",),
            )
        )

    def _remedy(self, i: int, kind: str) -> str:
        nodes = self.wiring.nodes
        name = nodes[i].name
        there = [j for j, (_, gives) in enumerate(self.wiring.contracts) if kind in gives and j != i]
        for j in there:
            if j in self.ancestors[i]:
                return f"what '{nodes[j].name}' gave is lost on the way: put it right before '{name}'"
            if i in self.ancestors[j]:
                return f"'{nodes[j].name}' gives it: move it before '{name}'"
        if there:
            return f"'{nodes[there[0]].name}' gives it: name it in from"
        before = quoted(nodes[j].name for j in self.wiring.inputs[i])
        place = f"between {listing(before, 'and')} and '{name}'" if before else f"before '{name}'"
        could = self.givers.names(kind)
        return f"put {listing(could)} {place}" if could else f"no installed stage gives {kind}"


def _give(i: int, arrived: Versions, needs: frozenset[str], gives: frozenset[str]) -> Versions:
    """What leaves node `i`; what is said of a face lies in the face, so it renews the faces too."""
    if "faces" in gives and "faces" not in needs:
        arrived = {kind: version for kind, version in arrived.items() if kind not in _OF_FACES}
    renewed = gives | {"faces"} if gives & FACE_KINDS else gives
    return arrived | dict.fromkeys(renewed, i)
