"""The preview: a clear line without a display, and an end on request."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import pytest
from sinks_material import picture

from ferpipe import UsageError
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_sinks.null import NullSink
from ferpipe_sinks.window import WindowOptions, WindowSink


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="there always is a display")
def test_without_a_display_a_line_says_what_to_do_instead(
    context: TestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    stage = WindowSink()
    with pytest.raises(UsageError, match=r"there is no display.*'video'") as error:
        stage.open(context)
    stage.close()
    assert "\n" not in str(error.value)


def test_an_opencv_without_windows_is_named(context: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    information = cv2.getBuildInformation().replace("QT5", "NONE")
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: information)
    with pytest.raises(UsageError, match="opencv-python-headless"):
        WindowSink().open(context)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Qt can do without a screen")
def test_a_real_window_opens_and_closes_in_a_thread(tmp_path: Path) -> None:
    """Qt draws off screen; an executor calls the stage from a thread of its own."""
    script = (
        "import threading, cv2; from pathlib import Path\n"
        "from ferpipe.testing import TestContext, make_packet\n"
        "from ferpipe_sinks.window import WindowSink\n"
        "class C(TestContext):\n"
        "    def finish(self): print('finished')\n"
        "def run():\n"
        f"    stage = WindowSink(); stage.open(C(Path({str(tmp_path)!r})))\n"
        "    for i in range(5): stage.process(make_packet(time=i))\n"
        "    print('visible', cv2.getWindowProperty('ferpipe', cv2.WND_PROP_VISIBLE))\n"
        "    cv2.destroyWindow('ferpipe'); stage.process(make_packet(time=6)); stage.close()\n"
        "t = threading.Thread(target=run); t.start(); t.join(); print('over')\n"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[0] == "visible 1.0", done.stderr
    assert done.stdout.splitlines()[-1] == "over", done.stderr


class Screen:
    """OpenCV's windows on a machine without any: what was shown, and which keys are pressed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keys: list[int]) -> None:
        self.shown: list[str] = []
        self.open: set[str] = set()
        self.size = (0, 0)
        monkeypatch.setenv("DISPLAY", ":99")
        monkeypatch.setattr(cv2, "namedWindow", lambda title, _flags: self.open.add(title))
        monkeypatch.setattr(cv2, "resizeWindow", lambda _title, *size: setattr(self, "size", size))
        monkeypatch.setattr(cv2, "imshow", lambda title, _image: self.shown.append(title))
        monkeypatch.setattr(cv2, "waitKey", lambda _ms: keys.pop(0) if keys else -1)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda title, _what: float(title in self.open))
        monkeypatch.setattr(cv2, "destroyWindow", self.open.discard)


@dataclass
class FinishingContext(TestContext):
    finished: int = 0

    def finish(self) -> None:
        self.finished += 1


def run(context: TestContext, pictures: int = 4, **options: object) -> None:
    packets = [make_packet(picture(), time=i, index=i) for i in range(pictures)]
    assert run_stage(WindowSink(WindowOptions.model_validate(options)), packets, context=context) == packets


@pytest.mark.parametrize("key", [ord("q"), ord("Q"), 27])
def test_a_key_ends_the_run(context: TestContext, monkeypatch: pytest.MonkeyPatch, key: int) -> None:
    screen = Screen(monkeypatch, keys=[-1, key])
    finishing = FinishingContext(context.folder)
    run(finishing, width=320, title="look")
    assert finishing.finished == 1
    assert screen.shown == ["look", "look"]
    assert screen.size == (320, 192)
    assert screen.open == set()


def test_other_keys_do_not(context: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, keys=[ord("a"), 32, -1])
    finishing = FinishingContext(context.folder)
    run(finishing)
    assert (finishing.finished, len(screen.shown)) == (0, 4)


def test_closing_the_window_ends_the_run(context: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, keys=[])
    monkeypatch.setattr(cv2, "getWindowProperty", lambda _title, _what: float(len(screen.shown) < 3))
    finishing = FinishingContext(context.folder)
    run(finishing, pictures=6)
    assert (finishing.finished, len(screen.shown)) == (1, 3)


def test_null_gives_everything_on(context: TestContext) -> None:
    packets = [make_packet(time=i) for i in range(3)]
    assert run_stage(NullSink(), packets, context=context) == packets
