"""The graph of ferpipe: nodes and edges, proven before anything opens.  No threads, no clocks."""

from ferpipe.graph.check import check
from ferpipe.graph.model import ErrorPolicy, Fault, Graph, Node, RunSettings, Unknown
from ferpipe.graph.picture import mermaid, tree

__all__ = ["ErrorPolicy", "Fault", "Graph", "Node", "RunSettings", "Unknown", "check", "mermaid", "tree"]
