"""Frames from a source into the graph: checked, counted, and for live sources dropped here."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from time import perf_counter
from typing import Any

from ferpipe.errors import StageError
from ferpipe.packet import Packet
from ferpipe.run.error_text import name_of
from ferpipe.run.worker import Worker
from ferpipe.stages import Source

__all__ = ["packets_of", "wake"]

_IN_A_ROW = 100
"""Errors without a frame between them after which a tolerant source is given up."""


def packets_of(worker: Worker) -> Iterator[Packet]:
    """Everything the worker's source gives, until it or the run ends; never raises.

    What the source gives is checked: packets of its own name, in strictly increasing time.
    A source that raises is asked again only where its policy is not `fail`.
    """
    yield from _given(worker)
    worker.ended = True


def _given(worker: Worker) -> Iterator[Packet]:
    iterator = _begun(worker)
    last, failures = -1, 0
    while iterator is not None and not worker.control.ending.is_set():
        try:
            start = perf_counter()
            packet = worker.guarded("frames", iterator.__next__)
            worker.timing.add(perf_counter() - start)
            _check(worker, packet, last)
        except StopIteration:
            return
        except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
            reported = error if isinstance(error, StageError) else worker.as_error("frames", error)
            failures += 1
            if worker.control.ending.is_set():
                worker.control.mention(reported)
                return
            if failures > _IN_A_ROW:
                worker.fail(reported)
            if worker.dead or not worker.tolerate(reported):
                return
            continue
        if worker.abandoned:
            return
        last, failures = packet.time, 0
        yield packet


def _begun(worker: Worker) -> Iterator[Packet] | None:
    """What the source's `frames` gives; None where it gives nothing to ask, which ends the run
    whatever the policy: there is no frame to leave out.
    """
    source = worker.stage
    assert isinstance(source, Source)  # noqa: S101 -- the graph has proven it
    if worker.control.ending.is_set():
        return None
    try:
        given: Iterable[Packet] = worker.guarded("frames", source.frames)
    except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
        reported = worker.as_error("frames", error)
        if worker.control.ending.is_set():
            worker.control.mention(reported)
        else:
            worker.fail(reported)
        return None
    try:
        return iter(given)
    except TypeError:
        worker.fail(
            worker.stage_error(
                "frames", f"returned {name_of(given)} where an iterator of packets is expected"
            )
        )
        return None


def _check(worker: Worker, packet: object, last: int) -> None:
    name = worker.node.name
    wrong = worker.inspection.objection(packet, None)
    if wrong is not None:
        raise worker.stage_error("frames", wrong)
    assert isinstance(packet, Packet)  # noqa: S101 -- or there would have been an objection
    frame = packet.frame
    if frame.source != name:
        raise StageError(
            name, "frames", f"returned a frame of '{frame.source}'", frame=frame.index, time=frame.time
        )
    if frame.time <= last:
        raise StageError(
            name,
            "frames",
            f"time went back from {last} to {frame.time} us",
            frame=frame.index,
            time=frame.time,
        )


def wake(workers: Iterable[Worker]) -> None:
    """Interrupt the sources among them that have not ended, each in a thread of its own: one that
    blocks holds up nobody.
    """
    for worker in workers:
        there = worker.opened and not worker.ended and not worker.abandoned
        if there and isinstance(worker.stage, Source):
            threading.Thread(target=_wake, args=(worker.stage,), name="ferpipe-wake", daemon=True).start()


def _wake(source: Source[Any]) -> None:
    with suppress(Exception):
        source.interrupt()
