"""Pictures of a graph: Mermaid for documents, a tree of plain text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ferpipe.graph.model import Graph, Node
from ferpipe.text import listing

__all__ = ["mermaid", "tree"]

_SOURCE, _SINK, _STEP = ('(["', '"])'), ('[["', '"]]'), ('["', '"]')


def mermaid(graph: Graph) -> str:
    """The graph as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html).

    Sources are round, sinks have double sides; an edge into a join is labelled with the kinds
    that the join takes from it.
    """
    ids = {node.name: f"n{i}" for i, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        opening, closing = _SOURCE if node.is_source else _STEP if node.gives else _SINK
        lines.append(f"    {ids[node.name]}{opening}{_escape(node)}{closing}")
    for node in graph.nodes:
        for place, name in enumerate(node.inputs):
            kinds = _taken(graph, node.name, place)
            arrow = f"-->|{', '.join(kinds)}|" if kinds else "-->"
            lines.append(f"    {ids[name]} {arrow} {ids[node.name]}")
    return "\n".join(lines) + "\n"


def _escape(node: Node) -> str:
    label = node.name if node.name == node.use else f"{node.name}\n{node.use}"
    safe = label.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    return safe.replace("\n", "<br>")


def _taken(graph: Graph, join: str, place: int) -> list[str]:
    return sorted(kind for kind, taken in graph.merges.get(join, {}).items() if taken == place)


def tree(graph: Graph) -> str:
    """The graph as lines of text: a chain runs straight down, a branch is set in.

    A join stands under the input that comes last in the graph's order; there it names the others.
    """
    lines: list[str] = []
    for component in graph.components:
        lines += _chain(graph, component[0], "")
    return "\n".join(lines) + "\n"


def _chain(graph: Graph, name: str, indent: str) -> Iterator[str]:
    """The lines from node `name` on, down to the ends of its branches."""
    while True:
        yield f"{indent}{_describe(graph, graph[name])}"
        below = [consumer for consumer in graph.consumers[name] if _parent(graph, consumer) == name]
        if len(below) != 1:
            break
        name = below[0]
    for branch in below:
        last = branch == below[-1]
        first, *rest = _chain(graph, branch, "")
        yield f"{indent}{'└─ ' if last else '├─ '}{first}"
        for line in rest:
            yield f"{indent}{'   ' if last else '│  '}{line}"


def _parent(graph: Graph, name: str) -> str:
    order = {node.name: i for i, node in enumerate(graph.nodes)}
    return max(graph[name].inputs, key=order.__getitem__)


def _describe(graph: Graph, node: Node) -> str:
    title = node.name if node.name == node.use else f"{node.name} ({node.use})"
    others = [name for name in node.inputs if name != _parent(graph, node.name)] if node.inputs else []
    joins = f" + from {listing(others, 'and')}" if others else ""
    gives = f" → {', '.join(sorted(node.gives))}" if node.gives else ""
    return f"{title}{joins}{gives}"
