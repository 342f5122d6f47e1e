"""A real X server without a screen, and somebody at its keyboard."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PATIENCE = 30.0


class Desktop:
    """An Xvfb: `environment` is for programs that show windows on it."""

    def __init__(self, number: int) -> None:
        from Xlib.display import Display

        self.name = f":{number}"
        self.environment = {**os.environ, "DISPLAY": self.name, "QT_QPA_PLATFORM": "xcb"}
        self._display: Any = Display(self.name)

    def windows(self, title: str) -> list[Any]:
        """Those that are shown under `title`, over the whole tree."""
        return [one for one in self._all(self._display.screen().root) if _title(one) == title]

    def window(self, title: str) -> Any:
        """The one window of that title, once it is there."""
        until = time.monotonic() + PATIENCE
        while not (found := self.windows(title)):
            assert time.monotonic() < until, f"no window '{title}' appeared"
            time.sleep(0.02)
        return found[0]

    def press(self, window: Any, *keys: str) -> None:
        """Press and let go the keys, by their X names, with the keyboard's focus in `window`."""
        from Xlib import XK, X
        from Xlib.ext.xtest import fake_input

        window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self._display.sync()
        for key in keys:
            symbol = XK.string_to_keysym(key)
            code = self._display.keysym_to_keycode(symbol)
            shift = (
                [self._display.keysym_to_keycode(XK.XK_Shift_L)] if key.isupper() and len(key) == 1 else []
            )
            for down, codes in ((X.KeyPress, [*shift, code]), (X.KeyRelease, [code, *shift])):
                for each in codes:
                    fake_input(self._display, down, each)
            self._display.sync()

    def shut(self, window: Any) -> None:
        """Close the window as its button does (ICCCM 4.2.8.1)."""
        from Xlib import X
        from Xlib.protocol.event import ClientMessage

        protocols, leave = (self._display.intern_atom(name) for name in ("WM_PROTOCOLS", "WM_DELETE_WINDOW"))
        message = ClientMessage(
            window=window, client_type=protocols, data=(32, [leave, X.CurrentTime, 0, 0, 0])
        )
        window.send_event(message)
        self._display.sync()

    def close(self) -> None:
        self._display.close()

    def _all(self, window: Any) -> Iterator[Any]:
        from Xlib.error import BadWindow

        yield window
        try:
            below = window.query_tree().children
        except BadWindow:  # it has gone meanwhile
            return
        for child in below:
            yield from self._all(child)


def _title(window: Any) -> str | None:
    from Xlib.error import BadWindow
    from Xlib.X import IsViewable

    try:
        if window.get_attributes().map_state != IsViewable:
            return None
        name: str | None = window.get_wm_name()
    except BadWindow:
        return None
    return name


@contextmanager
def desktop() -> Iterator[Desktop]:
    """A new desktop; skips the test where there is no Xvfb."""
    pytest.importorskip("Xlib", reason="needs python-xlib")
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        pytest.skip("needs Xvfb: apt-get install xvfb")
    command = [xvfb, "-displayfd", "1", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        one = Desktop(int(server.stdout.readline()))
        try:
            yield one
        finally:
            one.close()
            server.terminate()
