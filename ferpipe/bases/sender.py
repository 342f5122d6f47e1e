"""A stage that sends messages somewhere, without holding the run up."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Iterable
from time import monotonic
from typing import Any, TypeVar

from pydantic import Field

from ferpipe.errors import FerpipeError, UsageError, remedy
from ferpipe.packet import Packet
from ferpipe.stages import Context, Options, Stage

__all__ = ["Sender", "SenderOptions"]

_AT_CLOSE = 1.0
"""Seconds that a run which was cut short still waits for messages."""
_TICK = 0.1


class SenderOptions(Options):
    """How hard a sender tries; a sender adds where to."""

    waiting: int = Field(default=100, ge=1, le=100_000, description="Messages that may wait to be sent.")
    tries: int = Field(
        default=5, ge=1, le=100, description="Attempts for each message, before it is given up."
    )
    retry_after: float = Field(
        default=0.5,
        gt=0,
        le=60,
        description="Seconds before the second attempt; each further pause is twice as long.",
    )
    drain: float = Field(
        default=10.0, ge=0, le=600, description="Seconds the end of the run waits for messages not sent yet."
    )


SenderOptionsT = TypeVar("SenderOptionsT", bound=SenderOptions)


class Sender(Stage[SenderOptionsT]):
    """The base of stages that send messages (a webhook, MQTT): override `message` and `send`.

    `message` makes the message of a packet, or None.  `send` sends one, in a thread of its own, so that a
    slow network does not hold the run up.  What it raises is tried again, with growing pauses; after
    `tries` attempts the message is given up, counted as `not_sent` and logged.  A UsageError (a wrong
    address) is not tried again and ends the run.  Where too many wait, a file waits for the network; a
    live source loses the oldest message, counted as `overrun`.  The end of the run waits up to `drain`
    seconds.  In an untrusted pipeline, which may send nothing, `open` refuses.
    """

    _thread: threading.Thread | None = None

    def message(self, packet: Packet) -> Any:
        """The message of a packet, None for none; called in the order of the frames."""
        raise NotImplementedError(f"{type(self).__name__} does not override message")

    def send(self, message: Any) -> None:
        """Send one message, in the sender's thread; give every call of the network a timeout."""
        raise NotImplementedError(f"{type(self).__name__} does not override send")

    def open(self, context: Context) -> None:
        """Start the thread."""
        super().open(context)
        if not context.trusted:
            trust = remedy("omit --no-local-plugins", "pass trusted=True")
            raise UsageError(f"it sends data away, and the pipeline is not trusted: {trust} if you trust it")
        self._messages: deque[Any] = deque()
        self._changed = threading.Condition()
        self._busy = self._over = False
        self._fatal: FerpipeError | None = None
        self._thread = threading.Thread(target=self._work, name=f"ferpipe-send-{context.name}", daemon=True)
        self._thread.start()

    def process(self, packet: Packet) -> Packet:
        """Hand the packet's message to the thread."""
        message = self.message(packet)
        with self._changed:
            while message is not None and len(self._messages) >= self.options.waiting and self._fatal is None:
                if self.context.live:
                    self._messages.popleft()
                    self.context.count("overrun")
                elif self.context.stop.is_set():
                    break
                else:
                    self.context.alive("waiting to send")
                    self._changed.wait(_TICK)
            if self._fatal is not None:
                raise self._fatal
            if message is not None:
                self._messages.append(message)
                self._changed.notify_all()
        return packet

    def flush(self) -> Iterable[Packet]:
        """Wait for what is not sent yet.  Raises what ended the sending."""
        self._drain(self.options.drain)
        if self._fatal is not None:
            raise self._fatal
        return ()

    def close(self) -> None:
        """End the thread, and count what was not sent."""
        if self._thread is None:
            return
        self._drain(min(self.options.drain, _AT_CLOSE))
        with self._changed:
            self._over = True
            left = len(self._messages) + self._busy
            self._messages.clear()
            self._changed.notify_all()
        if left:
            self.context.count("not_sent", left)
            self.context.log.error("%d messages were not sent before the run ended", left)
        self._thread.join(_AT_CLOSE)

    def _drain(self, seconds: float) -> None:
        until = monotonic() + seconds
        with self._changed:
            while (self._messages or self._busy) and self._fatal is None and monotonic() < until:
                if self.context.stop.is_set():
                    until = min(until, monotonic() + _AT_CLOSE)
                self.context.alive("sending")
                self._changed.wait(_TICK)

    # -- the sender's thread ---------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                while not self._messages and not self._over:
                    self._changed.wait()
                if self._over:
                    return
                message = self._messages.popleft()
                self._busy = True
                self._changed.notify_all()
            if not self._delivered(message):
                return

    def _delivered(self, message: Any) -> bool:
        """Send with retries; False where sending is over."""
        for attempt in range(1, self.options.tries + 1):
            error = self._attempted(message)
            if error is None:
                return True
            if isinstance(error, UsageError):
                with self._changed:
                    self._fatal = error
                    self._busy = False
                    self._changed.notify_all()
                return False
            if attempt == self.options.tries:
                self._give_up(error)
            elif self._pause(attempt):
                return False
        return True

    def _attempted(self, message: Any) -> Exception | None:
        try:
            self.send(message)
        except Exception as error:  # noqa: BLE001 -- whatever a network library raises
            return error
        return None

    def _give_up(self, error: Exception) -> None:
        self.context.count("not_sent")
        what = f"{type(error).__name__}: {error}"
        self.context.log.error("a message was given up after %d attempts: %s", self.options.tries, what)

    def _pause(self, attempt: int) -> bool:
        """Wait before the next attempt; True where the sender is closed meanwhile."""
        pause = self.options.retry_after * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter
        with self._changed:
            return self._changed.wait_for(lambda: self._over, pause)
