"""What the engine asks of an executor, and the part of the graph it works on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ferpipe.graph.model import Graph, RunSettings
from ferpipe.packet import Packet
from ferpipe.run.control import Control
from ferpipe.run.ledger import Ledger
from ferpipe.run.message import Message
from ferpipe.run.worker import Worker

__all__ = ["Component", "Executor", "Floor"]


@dataclass(slots=True)
class Component:
    """One source and everything behind it; `tapping` while a result is handed out."""

    source: str
    names: tuple[str, ...]
    ledger: Ledger
    live: bool
    tapping: bool = False


@dataclass(slots=True)
class Floor:
    """Everything an executor works with.

    left: called with each packet that leaves a component.
    copies: further workers of a node, which take packets beside its own.
    taps: called with each packet that leaves the node of that name.
    """

    graph: Graph
    settings: RunSettings
    control: Control
    workers: Mapping[str, Worker]
    components: Sequence[Component]
    left: Callable[[Packet], None]
    copies: Mapping[str, Sequence[Worker]] = field(default_factory=dict)
    taps: Mapping[str, Callable[[Packet], None]] = field(default_factory=dict)

    @property
    def everyone(self) -> Iterator[Worker]:
        """All workers, copies too."""
        yield from self.workers.values()
        for copies in self.copies.values():
            yield from copies

    def lanes(self, name: str) -> list[tuple[str, int]]:
        """The consumers of a node, each with the position of this node among its inputs."""
        return [
            (consumer, self.graph[consumer].inputs.index(name)) for consumer in self.graph.consumers[name]
        ]

    def is_silent(self, name: str) -> bool:
        """Whether `leave` has nothing to do for the node `name`."""
        last = any(name == component.names[-1] for component in self.components)
        return not last and name not in self.taps and bool(self.graph.consumers[name])

    def leave(self, component: Component, name: str, message: Message) -> None:
        """A message leaves the node `name`, which is settled where nobody takes it from there."""
        if message.packet is not None and name == component.names[-1]:
            self.left(message.packet)
        if message.packet is not None and name in self.taps:
            component.tapping = True
            self.taps[name](message.packet)
            component.tapping = False
        if not self.graph.consumers[name]:
            component.ledger.settle(message)


class Executor(ABC):
    """Runs opened stages until their sources end; opening and closing is the engine's."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor

    @abstractmethod
    def execute(self) -> None:
        """Run to the end; returns when every stage has been flushed or given up."""

    @abstractmethod
    def abandon(self, name: str) -> bool:
        """Go on without a stage that hangs; False where that is beyond this executor, and
        `execute` will not return.
        """

    @abstractmethod
    def depths(self) -> Mapping[str, tuple[int, int]]:
        """For each stage the messages that wait for it now, and the most that ever did."""
