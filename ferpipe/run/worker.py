"""One running stage: its calls, errors, contract and statistics.

A worker is what both executors drive; that it is the same is why they behave the same.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ferpipe.errors import FerpipeError, StageError, UsageError
from ferpipe.graph.model import Arrival, Node
from ferpipe.packet import Packet
from ferpipe.run.control import Control
from ferpipe.run.error_text import explain, frame_of, name_of, where
from ferpipe.run.inspection import Inspection
from ferpipe.run.join import Join
from ferpipe.run.message import Message
from ferpipe.run.policy import ErrorCount, excused, spent
from ferpipe.run.returned import ReturnedError, returned
from ferpipe.run.timing import Histogram
from ferpipe.run.trace import Trace
from ferpipe.stages import Stage

if TYPE_CHECKING:
    from ferpipe.run.gate import Gate

__all__ = ["Call", "Worker"]

_log = logging.getLogger("ferpipe")


@dataclass(slots=True)
class Call:
    """A call of a stage that is under way; the watchdog looks at `since`."""

    what: str
    since: float
    message: Message | None = None


class Worker:
    """Runs one stage of a graph.

    arrival: what the stage works with.
    twin: the worker of which this one is a copy; both count their errors together.
    """

    def __init__(
        self,
        node: Node,
        stage: Stage[Any],
        control: Control,
        *,
        arrival: Arrival | None = None,
        trace: Trace | None = None,
        twin: Worker | None = None,
    ) -> None:
        self.node = node
        self.stage = stage
        self.control = control
        self.timing = Histogram()
        self.counters: Counter[str] = Counter()
        self.state = ""
        self.gate: Gate | None = None
        self.call: Call | None = None
        self.error_count: ErrorCount = twin.error_count if twin is not None else ErrorCount()
        self.opened = False
        self.ended = False
        self.dead = False
        self.abandoned = False
        self.cleared: Callable[[], None] | None = None  # called once an abandoned stage is closed
        self._trace = trace
        self._row = 0
        if trace is not None:
            self._row = trace.row(node.name) if twin is None else trace.lane(node.name)
        self.arrival = arrival or Arrival()
        self.inspection = Inspection(self.arrival.measures, node.gives)
        self._join = Join(len(node.inputs), self.arrival.merge) if len(node.inputs) > 1 else None
        self._delays = stage.delays
        self._kept: deque[Message] = deque()
        self._released: list[Message] = []
        self._passed: set[int] = set()
        self._handover = Lock()

    def alive(self) -> None:
        """Push the watchdog's deadline away: the stage waits on purpose."""
        if self.call is not None:
            self.call.since = perf_counter()

    def writing(self) -> None:
        """Something of an output was written: the limit of a call is none on finishing what there is."""
        if (call := self.call) is not None and call.what in {"flush", "close"}:
            call.since = perf_counter()

    def guarded(self, what: str, function: Callable[[], Any], message: Message | None = None) -> Any:
        """Call into the stage under the watchdog's eye; raises what the stage raises."""
        start = perf_counter()
        self.call = Call(what, start, message)
        try:
            return function()
        finally:
            self._returned(what, start, message)

    def _returned(self, what: str, start: float, message: Message | None) -> None:
        with self._handover:
            self.call = None
            late = self.abandoned
        if late:
            self._come_back(what)
        seconds = perf_counter() - start
        if message is not None:
            self.timing.add(seconds)
        if self._trace is not None:
            self._trace.span(self._row, what, start, seconds, frame_of(message))

    def _come_back(self, what: str) -> None:
        """Clear up behind a stage that was left behind in the call `what`."""
        if what != "close":
            with suppress(Exception):
                self.stage.close()
        if self.cleared is not None:
            self.cleared()

    def abandon(self, call: Call) -> bool:
        """Leave the stage behind if it is still in `call`; it is closed when it comes back."""
        with self._handover:
            if self.call is not call or self.abandoned:
                return False
            self.abandoned = self.dead = True
            return True

    def accept(self, lane: int, message: Message) -> list[Message]:
        """Take a message from an input; give what goes to every consumer."""
        if self._join is None:
            return self.conclude(message, self.attempt(message))
        return [
            given
            for joined in self._join.add(lane, message)
            for given in self.conclude(joined, self.attempt(joined))
        ]

    def finish(self) -> list[Message]:
        """The inputs have ended: flush the stage and settle what it kept back."""
        flushed: list[Message] = []
        if self.opened and not self.dead and not self.control.stop.is_set():
            try:
                flushed = self._release(self.guarded("flush", lambda: returned(self.stage.flush())), "flush")
            except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
                self.fail(self.as_error("flush", error))
                flushed = self._taken()
        settled = [self._left(kept) for kept in self._kept]
        self._kept.clear()
        return flushed + settled

    def fail(self, error: FerpipeError) -> None:
        """End the run because of this stage; it is not called for packets any more."""
        self.dead = True
        self.error_count.add(None)
        self.control.fail(error)

    def as_error(self, call: str, error: BaseException, message: Message | None = None) -> FerpipeError:
        """The error that is reported for an exception raised by the stage."""
        if isinstance(error, ReturnedError):
            return self.stage_error(error.call, str(error), error.message or message)
        if isinstance(error, UsageError):
            return UsageError(f"stage '{self.node.name}': {explain(error)}")
        reported = self.stage_error(call, explain(error), message)
        # Chaining the error itself would print its text, with whatever password is in it.
        reported.trace = where(error)
        if hasattr(reported, "add_note"):  # from Python 3.11 on
            reported.add_note(reported.trace)
        return reported

    def stage_error(self, call: str, what: str, message: Message | None = None) -> StageError:
        """An error of this stage, in `call`, at the frame of `message`."""
        time = message.time if message is not None else None
        return StageError(self.node.name, call, what, frame=frame_of(message), time=time)

    def tolerate(self, error: FerpipeError) -> bool:
        """Whether the stage's policy lets the run go on after `error`; counts it."""
        policy = self.node.on_error
        counted = 0 if policy.action == "fail" else self.error_count.add(policy.budget)
        if not counted:
            spent(error, policy)
            self.fail(error)
            return False
        if counted == 1:
            _log.warning(excused(error, policy))
        self.counters["errors"] += 1
        return True

    def attempt(self, message: Message) -> list[object] | BaseException:
        """Let the stage process a message: what it returned, or what it raised."""
        packet = message.packet
        if packet is None or self.dead:
            return []
        start = perf_counter()
        self.call = Call("process", start, message)
        try:  # what `guarded` does, without its two calls
            return returned(self.stage.process(packet))
        except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
            return error
        finally:
            self._returned("process", start, message)

    def conclude(self, message: Message, attempt: list[object] | BaseException) -> list[Message]:
        """What goes to the consumers after an attempt; judges an error by the stage's policy."""
        if message.packet is None:
            return self._settle(message)
        if self.dead:
            return self._settle(message.without("dropped", "run ended"))
        try:
            if isinstance(attempt, BaseException):
                raise attempt  # noqa: TRY301 -- it is judged below, with what is wrong in what was given
            given = attempt
            if self._delays:
                self._kept.append(message)
                return self._release(given, "process")
            return [self._direct(message, given)]
        except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
            released = self._taken()
            if self._delays and self._kept and self._kept[-1] is message:
                self._kept.pop()
            if (
                self.tolerate(self.as_error("process", error, message))
                and self.node.on_error.action == "pass"
            ):
                self._passed.add(message.seq)
                return released + self._settle(message)
            return released + self._settle(message.without("failed", self.node.name))

    def _settle(self, message: Message) -> list[Message]:
        """Give on a message the stage does not work on; behind kept ones it waits its turn."""
        if not self._kept:
            self._passed.discard(message.seq)
            return [message]
        self._kept.append(message)
        return []

    def _holds(self, message: Message) -> bool:
        """Whether the stage itself has `message`, rather than it only waiting for its turn."""
        return message.packet is not None and message.seq not in self._passed

    def _left(self, message: Message) -> Message:
        """What becomes of a kept message that the stage did not give."""
        if self._holds(message):
            return message.without("dropped", self.node.name)
        self._passed.discard(message.seq)
        return message

    def _direct(self, message: Message, given: list[object]) -> Message:
        if len(given) > 1:
            raise ReturnedError("process", "returned several packets where one or None is expected", message)
        packet = given[0] if given else None
        if packet is None:
            return message.without("dropped", self.node.name)
        self._check(message, packet, "process")
        return message if packet is message.packet else Message(message.seq, message.time, packet)  # type: ignore[arg-type]

    def _release(self, given: list[object], call: str) -> list[Message]:
        """Match what a delaying stage gives with what it kept; settle what it passed over."""
        for packet in given:
            if packet is None:
                continue
            kept = self._find(packet, call)
            self._check(kept, packet, call)
            while True:
                first = self._kept.popleft()
                if first is kept:
                    self._released.append(Message(kept.seq, kept.time, packet))  # type: ignore[arg-type]
                    break
                self._released.append(self._left(first))
        while self._kept and not self._holds(self._kept[0]):
            self._released.append(self._left(self._kept.popleft()))
        return self._taken()

    def _taken(self) -> list[Message]:
        """What has been released so far; it counts even if the stage's next packet is nonsense."""
        released, self._released = self._released, []
        return released

    def _find(self, packet: object, call: str) -> Message:
        if not isinstance(packet, Packet):
            raise ReturnedError(call, f"returned {name_of(packet)} where packets are expected")
        for kept in self._kept:
            if self._holds(kept) and kept.time == packet.time:
                return kept
        raise ReturnedError(call, f"returned a packet at {packet.time} us that it does not hold")

    def _check(self, message: Message, packet: object, call: str) -> None:
        wrong = self.inspection.objection(packet, message.packet)
        if wrong is not None:
            raise ReturnedError(call, wrong, message)
