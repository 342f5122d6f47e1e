"""Who takes packets from whom: names resolved, cycles found, contracts read."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from ferpipe.graph.model import Fault, Node, Unknown
from ferpipe.text import did_you_mean, listing, message_of, quoted, shown

__all__ = ["Contract", "Wiring", "wire"]

Contract = tuple[frozenset[str], frozenset[str]]
"""What a node needs and gives."""

_NO_CONTRACT: Contract = (frozenset(), frozenset())


@dataclass(slots=True)
class Wiring:
    """The nodes of a pipeline with their inputs as positions; acyclic once `wire` returns it.

    key: what the inputs are called in messages.
    loose: nodes at which anything may arrive, because a mistake hides what does.
    """

    nodes: Sequence[Node]
    key: str = "from"
    inputs: list[list[int]] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    loose: list[bool] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def blame(self, node: int, message: str, hint: str = "", path: tuple[str | int, ...] = ("from",)) -> None:
        """Remember a mistake of one node."""
        self.faults.append(Fault(message, self.nodes[node].name, hint=hint, node=node, path=path))


def wire(nodes: Sequence[Node], key: str = "from") -> Wiring:
    """Resolve the names in `inputs`; invalid ones are omitted and reported in `faults`."""
    wiring = Wiring(nodes, key)
    positions = _positions(wiring)
    for i, node in enumerate(nodes):
        wiring.loose.append(issubclass(node.stage, Unknown))
        wiring.contracts.append(_contract(wiring, i))
        wiring.inputs.append(_resolve(wiring, i, positions))
        _check_arity(wiring, i)
    _cut_cycles(wiring)
    return wiring


def _positions(wiring: Wiring) -> dict[str, int]:
    positions: dict[str, int] = {}
    for i, node in enumerate(wiring.nodes):
        first = positions.setdefault(node.name, i)
        if first != i:
            wiring.blame(
                i,
                f"the name '{node.name}' is taken by stage {first + 1} of the list",
                "give each stage a name of its own",
                ("name",),
            )
    return positions


def _contract(wiring: Wiring, i: int) -> Contract:
    """What node `i` needs and gives; a plugin's own `contract` may fail like any plugin code."""
    node = wiring.nodes[i]
    try:
        needs, gives = node.stage.contract(node.options)
        return _names("needs", needs), _names("gives", gives)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 -- whatever a plugin raises is its mistake
        reason = message_of(error)
        wiring.blame(i, f"cannot report what it needs and gives: {reason}", "the plugin is broken", ("use",))
        wiring.loose[i] = True
        return _NO_CONTRACT


def _names(word: str, kinds: object) -> frozenset[str]:
    # A text is a collection of names too, of one letter each.
    if not isinstance(kinds, AbstractSet) or not all(isinstance(kind, str) for kind in kinds):
        raise TypeError(f"{word} is {shown(kinds)}, not a set of names")
    return frozenset(kinds)


def _resolve(wiring: Wiring, i: int, positions: dict[str, int]) -> list[int]:
    inputs: list[int] = []
    for place, name in enumerate(wiring.nodes[i].inputs):
        position = positions.get(name)
        if position is None:
            wiring.blame(i, f"unknown input '{name}'", _known(wiring, name), ("from", place))
            wiring.loose[i] = True
        elif position in inputs:
            wiring.blame(i, f"takes '{name}' twice", "name each input once", ("from", place))
        else:
            inputs.append(position)
    return inputs


def _known(wiring: Wiring, name: str) -> str:
    by_use = [node.name for node in wiring.nodes if node.use == name]
    if by_use:
        return f"the stage that uses {name} is named '{by_use[0]}'"
    names = [node.name for node in wiring.nodes]
    return did_you_mean(name, names) or f"the stages are {listing(quoted(dict.fromkeys(names)), 'and')}"


def _check_arity(wiring: Wiring, i: int) -> None:
    node = wiring.nodes[i]
    if issubclass(node.stage, Unknown):
        return
    if node.is_source and node.inputs:
        wiring.blame(i, "is a source and takes no input", f"leave out its {wiring.key}")
        wiring.inputs[i] = []
    elif not node.is_source and not node.inputs and any(other.is_source for other in wiring.nodes):
        first = next(other.name for other in wiring.nodes if other.is_source)
        wiring.blame(i, "has no input", f"put it after '{first}', or name its input in {wiring.key}")


def _cut_cycles(wiring: Wiring) -> None:
    """Blame each cycle once and take its inner edges out, so that the rest can be ordered."""
    while cycle := _find_cycle(wiring.inputs):
        names = [wiring.nodes[i].name for i in cycle]
        start = names.index(wiring.nodes[min(cycle)].name)
        way = [*names[start:], *names[: start + 1]]
        wiring.blame(min(cycle), f"receives its own output: {' -> '.join(way)}", "remove one of these inputs")
        for i in cycle:
            wiring.inputs[i] = [j for j in wiring.inputs[i] if j not in cycle]
            wiring.loose[i] = True


def _find_cycle(inputs: Sequence[Sequence[int]]) -> list[int]:
    """The positions of one cycle in the direction of the packets, empty where there is none."""
    done: set[int] = set()
    for root in range(len(inputs)):
        path: list[int] = []
        pending = [(root, iter(inputs[root]))] if root not in done else []
        while pending:
            node, before = pending[-1]
            if len(path) < len(pending):
                path.append(node)
            step = next((j for j in before if j not in done), None)
            if step is None:
                done.add(node)
                pending.pop()
                path.pop()
            elif step in path:
                return path[path.index(step) :][::-1]
            else:
                pending.append((step, iter(inputs[step])))
    return []
