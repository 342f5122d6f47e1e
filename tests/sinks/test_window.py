"""The preview on a real X server: an end on request, and a clear line without a display."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from support.desktop import Desktop, desktop

from ferpipe import UsageError
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_sinks.null import NullSink
from ferpipe_sinks.window import WindowSink, ends_the_run

WORKER = Path(__file__).with_name("window_worker.py")


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="there always is a display")
def test_without_a_display_a_line_says_what_to_do_instead(
    context: TestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
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


def test_a_display_that_does_not_answer_is_named(
    context: TestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for display in (":4711", "127.0.0.1:4711.0", "nonsense"):
        monkeypatch.setenv("DISPLAY", display)
        with pytest.raises(UsageError, match=f"the display '{display}' does not answer"):
            WindowSink().open(context)


class Shown:
    """A window stage in a process of its own, on a real X server: frames go in, events come out."""

    def __init__(self, worker: subprocess.Popen[str], screen: Desktop) -> None:
        self._worker = worker
        self.screen = screen
        self.events: list[dict[str, object]] = []

    def frames(self, count: int = 1, *, height: int = 48, width: int = 64) -> None:
        """Give the stage frames, each after the one before has been shown."""
        for _ in range(count):
            self._say(json.dumps([height, width]))
            while self.next()["did"] not in {"frame", "error"}:
                pass

    def close(self) -> None:
        self._say("close")
        while self.next()["did"] != "close":
            pass

    def next(self) -> dict[str, object]:
        assert self._worker.stdout is not None
        line = self._worker.stdout.readline()
        assert line, "the process has ended"
        self.events.append(json.loads(line))
        return self.events[-1]

    @property
    def finished(self) -> int:
        return sum(event["did"] == "finish" for event in self.events)

    def _say(self, line: str) -> None:
        assert self._worker.stdin is not None
        self._worker.stdin.write(f"{line}\n")
        self._worker.stdin.flush()


@pytest.fixture(scope="module")
def screen() -> Iterator[Desktop]:
    with desktop() as one:
        yield one


@pytest.fixture
def show(tmp_path: Path, screen: Desktop) -> Iterator[Callable[..., Shown]]:
    """Start a window stage with its options."""
    started: list[subprocess.Popen[str]] = []

    def start(**options: object) -> Shown:
        command = [sys.executable, str(WORKER), str(tmp_path), json.dumps(options)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=screen.environment))
        return Shown(started[-1], screen)

    yield start
    for worker in started:
        worker.kill()
        worker.communicate()


@pytest.mark.parametrize("key", ["q", "Q", "Escape"])
def test_a_key_ends_the_run(show: Callable[..., Shown], key: str) -> None:
    shown = show(title=f"look {key}", width=320)
    shown.frames()
    window = shown.screen.window(f"look {key}")
    shown.screen.press(window, key)
    while not shown.finished:
        shown.next()
    shown.frames(3)
    assert shown.finished == 1, "once, and the frames still pass"
    assert all(event["same"] for event in shown.events if event["did"] == "frame")
    shown.close()
    assert shown.screen.windows(f"look {key}") == []


NUM_LOCK, LEFT = 0x100000, 0xFF51
"""A modifier as GTK's windows give it, and a key whose lowest byte is that of a Q (X11 key symbols)."""


def test_modifiers_are_omitted_of_a_key_and_nothing_else_is() -> None:
    assert all(ends_the_run(key) for key in (ord("q"), ord("Q"), 27, NUM_LOCK | ord("q")))
    assert not any(ends_the_run(key) for key in (-1, ord("a"), 32, LEFT, NUM_LOCK | LEFT))


def test_num_lock_does_not_hide_the_key(show: Callable[..., Shown]) -> None:
    shown = show(title="locked")
    shown.frames()
    window = shown.screen.window("locked")
    try:
        shown.screen.press(window, "Num_Lock", "q")
        while not shown.finished:
            shown.next()
    finally:
        shown.screen.press(window, "Num_Lock")


def test_other_keys_do_not_end_the_run(show: Callable[..., Shown]) -> None:
    """The lowest byte of the left arrow's number is that of a Q."""
    shown = show(title="other keys")
    shown.frames()
    window = shown.screen.window("other keys")
    for key in ("a", "Left", "space", "Return"):
        shown.screen.press(window, key)
        shown.frames(20)
    assert shown.finished == 0
    shown.screen.press(window, "q")
    while not shown.finished:
        shown.next()


def test_a_key_ends_the_run_also_while_no_frame_comes(show: Callable[..., Shown]) -> None:
    shown = show(title="still")
    shown.frames()
    shown.screen.press(shown.screen.window("still"), "q")
    assert shown.next() == {"did": "finish"}


def test_closing_the_window_ends_the_run(show: Callable[..., Shown]) -> None:
    shown = show(title="shut")
    shown.frames(2)
    shown.screen.shut(shown.screen.window("shut"))
    assert shown.next() == {"did": "finish"}
    shown.frames(2)
    assert shown.finished == 1
    shown.close()


def test_the_window_has_the_width_that_is_requested(show: Callable[..., Shown]) -> None:
    shown = show(title="wide", width=320)
    shown.frames(3, height=60, width=100)
    inner = shown.screen.window("wide").get_geometry()
    assert inner.width == pytest.approx(320, abs=20)
    assert inner.height == pytest.approx(192, abs=60), "with OpenCV's status bar"


def test_what_opencv_says_reaches_the_stage_and_the_next_frame_is_shown(show: Callable[..., Shown]) -> None:
    shown = show(title="empty")
    shown.frames()
    shown.frames(height=0, width=0)
    assert shown.events[-1]["did"] == "error"
    assert "size.width" in str(shown.events[-1]["what"])
    shown.frames()
    assert shown.events[-1]["did"] == "frame"


RUNS = """
from ferpipe import Pipeline
clip = ("file", {"path": "ferpipe:samples/demo.mp4", "end": 0.2})
for sinks in (["window"], ["window"], [("window", {"title": "a"}), ("window", {"title": "b"})]):
    print(Pipeline.of(clip, *sinks).run().frames, flush=True)
"""


def test_a_process_shows_as_many_real_windows_as_it_likes(screen: Desktop) -> None:
    """Qt hangs where a second thread calls it after the first has ended."""
    command = [sys.executable, "-c", RUNS]
    done = subprocess.run(
        command, env=screen.environment, stdout=subprocess.PIPE, text=True, check=False, timeout=120
    )
    assert done.returncode == 0
    assert done.stdout.split() == ["5", "5", "5"]


def test_null_gives_everything_on(context: TestContext) -> None:
    packets = [make_packet(time=i) for i in range(3)]
    assert run_stage(NullSink(), packets, context=context) == packets
