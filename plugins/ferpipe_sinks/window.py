"""A preview on the screen."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys

import cv2
from pydantic import Field

from ferpipe import Context, Options, Packet, Stage, UsageError
from ferpipe_sinks._gui_thread import SCREEN

cv2.setNumThreads(1)

__all__ = ["WindowOptions", "WindowSink"]

_QUIT = frozenset({ord("q"), ord("Q"), 27})
_KEY = 0xFFFF
"""The key without its modifiers; the eight bits that `waitKey` leaves make a Q of the left arrow."""


class WindowOptions(Options):
    """How the window looks."""

    title: str = Field("ferpipe", min_length=1, description="The title of the window.")
    width: int | None = Field(
        None, ge=64, description="The initial width of the window in pixels; its height follows."
    )


class WindowSink(Stage[WindowOptions]):
    """Shows the pictures in a window; q, Esc or closing the window ends the run.

    Raises UsageError in `open` where there is no display, or an OpenCV that has no windows.
    """

    Options = WindowOptions
    needs = frozenset({"frame"})
    _shown = False
    _closed = False

    def open(self, context: Context) -> None:
        """Make sure that a window can be shown."""
        super().open(context)
        _refuse_without_display()

    def process(self, packet: Packet) -> Packet:
        """Show the picture, and look whether somebody wants to end."""
        if not self._closed:
            SCREEN.do(lambda: self._show(packet))
        return packet

    def close(self) -> None:
        """Take the window away."""
        if self._shown:
            SCREEN.do(self._take_away)

    def _show(self, packet: Packet) -> None:
        if not self._shown:
            self._place(packet)
        cv2.imshow(self.options.title, packet.picture)
        self._look()

    def _place(self, packet: Packet) -> None:
        height, width = packet.picture.shape[:2]
        cv2.namedWindow(self.options.title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        wide = self.options.width or width
        cv2.resizeWindow(self.options.title, wide, max(1, round(height * wide / width)))
        self._shown = True
        SCREEN.watch(self, self._look)

    def _look(self) -> None:
        """End the run where a key was pressed for it, or the window is gone."""
        if ends_the_run(cv2.waitKeyEx(1)) or not self._is_visible():
            self._closed = True
            SCREEN.forget(self)
            self.context.finish()

    def _take_away(self) -> None:
        SCREEN.forget(self)
        with contextlib.suppress(cv2.error):
            cv2.destroyWindow(self.options.title)

    def _is_visible(self) -> bool:
        try:
            return cv2.getWindowProperty(self.options.title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # which some of OpenCV's backends raise for a window that is gone
            return False


def ends_the_run(key: int) -> bool:
    """Whether a key as `waitKeyEx` gives it, modifiers included, is one that ends the run."""
    return key & _KEY in _QUIT


def _refuse_without_display() -> None:
    """Look before OpenCV does: its window library ends the whole process where it finds no display."""
    instead = "write a file with 'video', or send the picture with 'stream'"
    backend = _backend()
    if backend == "NONE":
        raise UsageError(
            "the window cannot be shown: this OpenCV was built without windows "
            f"(opencv-python-headless); install opencv-python, or {instead}"
        )
    if sys.platform in {"win32", "darwin"} or ("GTK" in backend and os.environ.get("WAYLAND_DISPLAY")):
        return
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise UsageError(f"the window cannot be shown: there is no display (DISPLAY is not set); {instead}")
    if not _answers(display):
        raise UsageError(f"the window cannot be shown: the display '{display}' does not answer; {instead}")


def _answers(display: str) -> bool:
    """Whether an X server listens at `display` (host:number.screen, as in X(7))."""
    match = re.fullmatch(r"(?P<host>.*):(?P<number>\d+)(\.\d+)?", display)
    if match is None:
        return False
    host, number = match["host"], int(match["number"])
    local = host in {"", "unix"}
    with socket.socket(socket.AF_UNIX if local else socket.AF_INET) as probe:
        probe.settimeout(2)
        try:
            probe.connect(f"/tmp/.X11-unix/X{number}" if local else (host, 6000 + number))  # noqa: S108
        except OSError:
            return False
    return True


def _backend() -> str:
    """The window library that OpenCV was built with."""
    lines = cv2.getBuildInformation().splitlines()
    gui = next((line for line in lines if line.strip().startswith("GUI:")), "GUI: unknown")
    return gui.split(":", 1)[1].strip().upper() or "UNKNOWN"
