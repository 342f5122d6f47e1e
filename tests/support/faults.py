"""Real stages that break at a chosen moment, in a chosen way."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from pydantic import create_model

from ferpipe import Packet, Source, Stage

AT = 4
"""The frame at which a stage breaks that breaks in `process`."""
BUDGET = 1_000_000
"""Bytes that a stage may keep which keeps everything."""
FAULTS = (
    "raises in open, first",
    "raises in open",
    "raises in process",
    "raises in flush",
    "raises in close",
    "hangs in open",
    "hangs in process",
    "hangs in flush",
    "hangs in close",
    "gives a number",
    "gives a stale packet",
    "gives less than it promises",
    "gives nonsense in flush",
    "MemoryError",
    "keeps everything",
)
WORDS = "no such thing"
"""What a stage says that raises."""


class Shop:
    """What the broken stages of one run share: the brake of those that hang, and what was kept."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.stuck: list[threading.Thread] = []
        self.kept: list[weakref.ref[Any]] = []
        self.first: Packet | None = None
        self.bytes = 0
        self.lock = threading.Lock()

    def hang(self, context: Any) -> None:
        """Stay in the call, which seems to have begun an hour ago: time-outs need no waiting for."""
        self.stuck.append(threading.current_thread())
        context._worker.call.since -= 3600
        self.release.wait(60)

    def keep(self, image: np.ndarray) -> np.ndarray:
        """A copy of `image`; raises MemoryError where that would be more than the budget."""
        with self.lock:
            if self.bytes + image.nbytes > BUDGET:
                raise MemoryError(f"more than {BUDGET} bytes")
            self.bytes += image.nbytes
            copy: np.ndarray = image.copy()
            self.kept.append(weakref.ref(copy))
        return copy


shop = Shop()


def reopen() -> Shop:
    """A new shop, for the next run."""
    global shop  # noqa: PLW0603 -- stages are made by the engine, which hands them nothing of a test's
    shop = Shop()
    return shop


class _Broken(Stage[Any]):
    """What a real stage is mixed with."""

    def open(self, context: Any) -> None:
        self._hoard: list[np.ndarray] = []
        self._break_in("open, first")
        super().open(context)
        self._break_in("open")

    def process(self, packet: Packet) -> Any:
        if self.options.fault == "gives less than it promises" and packet.frame.index == AT:
            return Packet(packet.frame)
        wrong = self._instead_of(packet)
        return super().process(packet) if wrong is None else wrong

    def flush(self) -> Iterable[Any]:
        self._break_in("flush")
        return [7] if self.options.fault == "gives nonsense in flush" else super().flush()

    def close(self) -> None:
        super().close()
        self._break_in("close")

    def _instead_of(self, packet: Packet) -> Any:
        """What this stage gives in place of what it should, if anything; it may also raise or hang."""
        fault, wrong = self.options.fault, None
        if fault == "keeps everything":
            self._hoard.append(shop.keep(packet.frame.image))
        elif packet.frame.index == AT:
            self._break_in("process")
            if fault == "MemoryError":
                raise MemoryError
            wrong = {"gives a number": 7, "gives a stale packet": shop.first}.get(fault)
        shop.first = shop.first or packet
        return wrong

    def _break_in(self, call: str) -> None:
        if call == "close" and not self._closed_by_engine():
            return
        if self.options.fault == f"raises in {call}":
            raise ValueError(WORDS)
        if self.options.fault == f"hangs in {call}":
            shop.hang(self.context)

    def _closed_by_engine(self) -> bool:
        """A file closes itself too, when it begins anew."""
        context = getattr(self, "context", None)
        call = context and context._worker.call
        return call is not None and call.what == "close"


class _BrokenSource(_Broken, Source[Any]):
    """The same for a source; its `process` is `frames`."""

    def frames(self) -> Iterator[Any]:
        for packet in super().frames():
            yield self._instead_of(packet) or packet

    def open(self, context: Any) -> None:
        super().open(context)
        if self.options.fault == "gives less than it promises":
            self.stream = "camera"  # type: ignore[assignment]


def broken(kind: type[Stage[Any]]) -> type[Stage[Any]]:
    """A subclass of a real stage class whose option `fault` says how it breaks."""
    base = _BrokenSource if issubclass(kind, Source) else _Broken
    options = create_model(f"Broken{kind.Options.__name__}", __base__=kind.Options, fault=(str, ""))
    return type(f"Broken{kind.__name__}", (base, kind), {"Options": options, "__doc__": kind.__doc__})
