"""Prove a pipeline before anything opens: every mistake is found, in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush

from ferpipe.errors import ConfigError, Problem
from ferpipe.graph.flow import Flow, Givers, follow
from ferpipe.graph.model import Arrival, Fault, Graph, Node
from ferpipe.graph.wiring import Wiring, wire
from ferpipe.text import listing

__all__ = ["check"]


def _nobody() -> Mapping[str, frozenset[str]]:
    return {}


def check(
    nodes: Sequence[Node],
    givers: Callable[[], Mapping[str, frozenset[str]]] = _nobody,
    *,
    inputs: str = "from",
) -> Graph:
    """The proven graph of `nodes`.

    givers: called only when a need is not met; for each kind the registered names of the stages
        that could give it.
    inputs: what the inputs of a stage are called where the pipeline was written.
    Raises ConfigError with every mistake, in the order of `nodes`; each is a `Fault`.
    """
    ask = Givers(givers)
    wiring = wire(nodes, inputs)
    faults = list(wiring.faults)
    faults += _sourceless(wiring, ask)
    order = _topological(wiring.inputs)
    origin, joined = _origins(wiring, order)
    flow = follow(wiring, order, ask, {fault.node for fault in joined})
    faults += joined + flow.faults
    if faults:
        end = len(nodes)
        faults.sort(key=lambda fault: end if fault.node is None else fault.node)
        raise ConfigError([*faults])
    return Graph(
        nodes=tuple(nodes[i] for i in order),
        consumers=_consumers(wiring),
        merges={nodes[i].name: kinds for i, kinds in flow.merges.items()},
        components=_components(wiring, order, origin),
        warnings=tuple(_unused(wiring, flow)),
        arrivals={nodes[i].name: _arrival(wiring, flow, order, i) for i in order},
    )


def _sourceless(wiring: Wiring, ask: Givers) -> list[Fault]:
    if any(node.is_source or wiring.loose[i] for i, node in enumerate(wiring.nodes)):
        return []
    sources = ask.names("frame")
    hint = f"start it with {listing(sources)}" if sources else "start it with a source"
    first = wiring.nodes[0].name if wiring.nodes else ""
    return [Fault("the pipeline has no source", first, hint=hint, node=0, path=("use",))]


def _topological(inputs: Sequence[Sequence[int]]) -> list[int]:
    """Positions so that inputs come first; ties in the order given."""
    waiting = [len(set(before)) for before in inputs]
    after: list[list[int]] = [[] for _ in inputs]
    for i, before in enumerate(inputs):
        for j in set(before):
            after[j].append(i)
    ready = [i for i, count in enumerate(waiting) if not count]
    order = []
    while ready:
        i = heappop(ready)
        order.append(i)
        for j in after[i]:
            waiting[j] -= 1
            if not waiting[j]:
                heappush(ready, j)
    return order


def _origins(wiring: Wiring, order: Sequence[int]) -> tuple[dict[int, int], list[Fault]]:
    """The source that each node's packets come from, and the joins of several."""
    origin: dict[int, int] = {}
    faults = []
    for i in order:
        sources = list(dict.fromkeys(origin[j] for j in wiring.inputs[i] if j in origin))
        if wiring.nodes[i].is_source:
            origin[i] = i
        elif sources:
            origin[i] = sources[0]
        if len(sources) > 1 and not wiring.nodes[i].is_source:
            names = [f"'{wiring.nodes[j].name}'" for j in sources]
            faults.append(
                Fault(
                    f"joins packets of different sources: {listing(names, 'and')}",
                    wiring.nodes[i].name,
                    hint="a join takes branches of one source; give each source its own stages",
                    node=i,
                    path=("from",),
                )
            )
    return origin, faults


def _consumers(wiring: Wiring) -> dict[str, tuple[str, ...]]:
    consumers: dict[str, list[str]] = {node.name: [] for node in wiring.nodes}
    for node, before in zip(wiring.nodes, wiring.inputs, strict=True):
        for i in dict.fromkeys(before):
            consumers[wiring.nodes[i].name].append(node.name)
    return {name: tuple(names) for name, names in consumers.items()}


def _components(
    wiring: Wiring, order: Sequence[int], origin: Mapping[int, int]
) -> tuple[tuple[str, ...], ...]:
    parts: dict[int, list[str]] = {}
    for i in order:
        parts.setdefault(origin.get(i, i), []).append(wiring.nodes[i].name)
    return tuple(tuple(part) for part in parts.values())


def _arrival(wiring: Wiring, flow: Flow, order: Sequence[int], i: int) -> Arrival:
    nodes, arrived = wiring.nodes, flow.arrived[i]
    parts: frozenset[int] = frozenset().union(*(given.parts for given in arrived.values()))
    before = set(wiring.inputs[i])
    for j in reversed(order):
        if j in before:
            before.update(wiring.inputs[j])
    silent = {j for j in before if not wiring.contracts[j][1] and not flow.measured[j]}
    return Arrival(
        givers={kind: nodes[given.by].name for kind, given in arrived.items()},
        measures={kind: given.measure for kind, given in flow.left[i].items() if given.measure is not None},
        merge=flow.merges.get(i, {}),
        notes_from=tuple(nodes[j].name for j in order if j in before and (j in parts or j in silent)),
    )


def _unused(wiring: Wiring, flow: Flow) -> list[Problem]:
    used = {j for before in wiring.inputs for j in before}
    return [
        Fault(
            f"nothing uses what it gives ({listing(sorted(given), 'and')})",
            wiring.nodes[i].name,
            hint="add a sink after it, such as timeline or video, or remove it",
            node=i,
            path=("use",),
        )
        for i, (_, gives) in enumerate(wiring.contracts)
        if (given := gives | {measure.name for measure in flow.measured[i]}) and i not in used
    ]
