"""One thread, one packet after another: the executor to debug with."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping

from ferpipe.errors import UsageError, remedy
from ferpipe.run.executor import Component, Executor, Floor
from ferpipe.run.gate import Gate
from ferpipe.run.message import Message
from ferpipe.run.source import packets_of

__all__ = ["InlineExecutor"]


class InlineExecutor(Executor):
    """Takes every packet through the whole graph before the next one.

    Sources of files run one after the other.  A live source is read by a thread of its own, so
    that the newest frame wins here too.
    """

    def __init__(self, floor: Floor) -> None:
        super().__init__(floor)
        names = [node.name for node in floor.graph.nodes]
        self._lanes = {
            name: [(floor.workers[consumer], consumer, lane) for consumer, lane in floor.lanes(name)]
            for name in names
        }
        self._silent = frozenset(filter(floor.is_silent, names))

    def execute(self) -> None:
        """Run component after component.  Raises UsageError where several of them are live."""
        components = self.floor.components
        if len(components) > 1 and any(component.live for component in components):
            raise UsageError(
                "the inline executor cannot follow several live sources: "
                + remedy("use --executor threads", "pass executor='threads'")
            )
        for component in components:
            for message in self._messages(component):
                self._push(component, component.source, [message])
            for name in component.names[1:]:
                self._push(component, name, self.floor.workers[name].finish())

    def abandon(self, name: str) -> bool:  # noqa: ARG002
        """The only thread is stuck in the stage: nothing can go on."""
        return False

    def depths(self) -> Mapping[str, tuple[int, int]]:
        """Nothing ever waits."""
        return {}

    def _messages(self, component: Component) -> Iterator[Message]:
        worker = self.floor.workers[component.source]
        if not component.live:
            yield from map(component.ledger.enter, packets_of(worker))
            return
        gate = worker.gate = Gate(component.ledger, self.floor.control, (), 1, lambda: True, 0.0)

        def read() -> None:
            for packet in packets_of(worker):
                gate.offer(packet)
            gate.end()

        reader = threading.Thread(target=read, name=f"ferpipe-{component.source}", daemon=True)
        reader.start()
        while (message := gate.take()) is not None:
            yield message
        gate.clear()
        while reader.is_alive() and not self.floor.control.stop.is_set():
            reader.join(0.05)

    def _push(self, component: Component, name: str, messages: list[Message]) -> None:
        work = deque((name, message) for message in messages)
        while work:
            giver, message = work.popleft()
            if giver not in self._silent:
                self.floor.leave(component, giver, message)
            for worker, consumer, lane in self._lanes[giver]:
                for given in worker.accept(lane, message):
                    work.append((consumer, given))
