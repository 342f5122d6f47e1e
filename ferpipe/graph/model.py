"""The pure data of a pipeline: nodes, their policies, and the checked graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ferpipe.errors import Problem
from ferpipe.measures import Measure
from ferpipe.stages import Options, Source, Stage

__all__ = ["Arrival", "ErrorPolicy", "Fault", "Graph", "Node", "RunSettings", "Unknown"]


@dataclass(frozen=True, slots=True)
class Fault(Problem):
    """A mistake in a graph that knows which key of which node is at fault.

    node: position of the node in the list that was checked, None where no single one is.
    path: keys and positions below the node, such as `("from", 1)`.
    """

    node: int | None = None
    path: tuple[str | int, ...] = ()


class Unknown(Stage[Options]):
    """Stands in for a stage that could not be read, so that the rest can still be checked.

    It may need and give anything; a graph that holds one has been refused already.
    """


@dataclass(frozen=True, slots=True)
class ErrorPolicy:
    """What happens when a stage raises on a packet.

    `fail` ends the run, `skip` leaves the packet out, `pass` gives it on as it came.  More than
    `budget` errors end the run all the same; None is no limit.
    """

    action: Literal["fail", "skip", "pass"] = "fail"
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One stage of a pipeline, before it is made.

    inputs: names of the nodes it takes packets from; empty for a source.
    timeout: seconds a single call may take before the watchdog ends the run.
    """

    name: str
    use: str
    stage: type[Stage[Any]]
    options: Options
    inputs: tuple[str, ...] = ()
    on_error: ErrorPolicy = ErrorPolicy()
    timeout: float = 30.0

    @property
    def is_source(self) -> bool:
        """Whether packets come from here."""
        return issubclass(self.stage, Source)

    @property
    def needs(self) -> frozenset[str]:
        """Kinds that must have been given on the way here."""
        return self.stage.contract(self.options)[0]

    @property
    def gives(self) -> frozenset[str]:
        """Kinds that this node adds or renews."""
        return self.stage.contract(self.options)[1]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a node works with, as the proof has found it.

    givers: for each kind that arrives, the node that set it last.
    measures: those that may be in its packets, by name: what arrives, and what it declares itself.
    merge: of a join, the input that each kind and measure is taken from.
    notes_from: the nodes before it whose notes hold here, in topological order: those that had a part in
        something that arrives, and those that give nothing.
    """

    givers: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    merge: Mapping[str, int] = field(default_factory=dict)
    notes_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """A proven pipeline: acyclic, every need met, one source a component.

    nodes: in topological order, ties in the order of the file.
    consumers: for each node the names of those that take packets from it.
    merges: for each join, the input (its position) that each kind is taken from; a kind that is
        not named comes from input 0.
    components: the node names of each source's part, source first, in topological order.
    warnings: what is allowed and still looks like a mistake.
    arrivals: what each node works with.
    """

    nodes: tuple[Node, ...]
    consumers: Mapping[str, tuple[str, ...]]
    merges: Mapping[str, Mapping[str, int]]
    components: tuple[tuple[str, ...], ...]
    warnings: tuple[Problem, ...] = ()
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a graph is run.

    executor: `inline` is one thread, in order; `threads` is a thread a stage.
    mode: `auto` is lossless for files and live for live sources.
    queue: packets a queue holds at the most; queue_bytes: bytes of a source's frames
        that may be under way at once.
    copies: of a stage that takes each packet by itself, at work at once on files; None is one a
        core, four at the most.
    in_flight: live frames under way at once; None adapts it to the stages' times.
    output_dir: every file output must lie below it, where given.
    trusted: False if the pipeline is untrusted; a pipeline file cannot change this.
    """

    executor: Literal["inline", "threads"] = "threads"
    mode: Literal["auto", "lossless", "live"] = "auto"
    queue: int = 8
    queue_bytes: int = 256 * 1024 * 1024
    copies: int | None = None
    in_flight: int | None = None
    open_timeout: float = 60.0
    output_dir: str | None = None
    overwrite: bool = False
    trusted: bool = True
