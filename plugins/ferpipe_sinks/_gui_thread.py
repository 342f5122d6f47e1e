"""The one thread in which OpenCV's windows live.

A window library belongs to the thread that used it first.  Qt, which OpenCV's wheels bring, waits for
ever when it is called from another one after that has ended, as the thread of a stage has in a second
run of the same process.  So the windows get a thread of their own, which stays.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

__all__ = ["SCREEN", "Screen"]

T = TypeVar("T")

IDLE = 0.05
"""Seconds without a call after which the windows are looked after anyway: frames may have stopped."""


class Screen:
    """Does what concerns windows, call by call, in a thread that begins with the first call."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._looks: dict[object, Callable[[], object]] = {}
        self._thread: Thread | None = None
        self._starting = Lock()

    def do(self, work: Callable[[], T]) -> T:
        """What `work` gives, or raises, in the thread of the windows; call it from any other."""
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="ferpipe-screen", daemon=True)
                self._thread.start()
        done: Future[T] = Future()
        self._calls.put((work, done))
        return done.result()

    def watch(self, owner: object, look: Callable[[], object]) -> None:
        """Call `look` whenever nothing else is to do; only from within `do`."""
        self._looks[owner] = look

    def forget(self, owner: object) -> None:
        """Look no more on behalf of `owner`; only from within `do`, or a look."""
        self._looks.pop(owner, None)

    def _run(self) -> None:
        while True:
            try:
                work, done = self._calls.get(timeout=IDLE if self._looks else None)
            except Empty:
                self._look_after_all()
                continue
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 -- it is the caller's
                done.set_exception(error)
            del work, done  # they hold a picture

    def _look_after_all(self) -> None:
        # In a function of its own, or the loop's variable would keep the last window's stage.
        for look in tuple(self._looks.values()):
            look()


SCREEN = Screen()
