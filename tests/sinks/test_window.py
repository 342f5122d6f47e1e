"""The preview: a clear line without a display, and an end on request."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import pytest
from sinks_material import picture

from ferpipe import UsageError
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_sinks import _gui_thread
from ferpipe_sinks.null import NullSink
from ferpipe_sinks.window import WindowOptions, WindowSink


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


SCRIPT = """
import sys, threading, time
from pathlib import Path
from ferpipe.testing import TestContext, make_packet
from ferpipe_sinks.window import WindowSink

class Context(TestContext):
    def finish(self):
        self.stop.set()

def run():
    context = Context(Path(sys.argv[1]))
    stage = WindowSink()
    stage.open(context)
    for i in range(2000):
        stage.process(make_packet(time=i))
        if i == 5:
            print("shown", flush=True)
        if context.stop.is_set():
            break
        time.sleep(0.01)
    stage.close()
    print("ended" if context.stop.is_set() else "went on", flush=True)

thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


@pytest.fixture
def display() -> Iterator[dict[str, str]]:
    """The environment with a real X server."""
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        pytest.skip("needs Xvfb")
    with subprocess.Popen([xvfb, "-displayfd", "1", "-nolisten", "tcp"], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        yield {**os.environ, "DISPLAY": f":{int(server.stdout.readline())}"}
        server.terminate()


@pytest.mark.skipif(not shutil.which("xdotool"), reason="needs xdotool")
def test_q_in_a_real_window_ends_the_run(tmp_path: Path, display: dict[str, str]) -> None:
    """On a real X server, with the stage in a thread of its own, as an executor calls it."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=display) as shown:
        assert shown.stdout is not None
        assert shown.stdout.readline() == b"shown\n"
        press = f"{shutil.which('xdotool')} search --sync --name ferpipe windowfocus key".split()
        subprocess.run([*press, "Left"], env=display, check=True, timeout=30)
        subprocess.run([*press, "q"], env=display, check=True, timeout=30)
        assert shown.stdout.readline() == b"ended\n"


RUNS = """
from ferpipe import Pipeline
clip = ("file", {"path": "ferpipe:samples/demo.mp4", "end": 0.2})
for sinks in (["window"], ["window"], [("window", {"title": "a"}), ("window", {"title": "b"})]):
    print(Pipeline.of(clip, *sinks).run().frames, flush=True)
"""


def test_a_process_shows_as_many_real_windows_as_it_likes(display: dict[str, str]) -> None:
    """Qt hangs where a second thread calls it after the first has ended."""
    command = [sys.executable, "-c", RUNS]
    done = subprocess.run(command, env=display, stdout=subprocess.PIPE, text=True, check=False, timeout=120)
    assert done.returncode == 0
    assert done.stdout.split() == ["5", "5", "5"]


class Screen:
    """OpenCV's windows on a machine without any: what was shown, and which keys are pressed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keys: list[int]) -> None:
        self.shown: list[str] = []
        self.open: set[str] = set()
        self.size = (0, 0)
        self.threads: set[int] = set()
        monkeypatch.setattr("ferpipe_sinks.window._refuse_without_display", lambda: None)
        monkeypatch.setattr(cv2, "namedWindow", lambda title, _flags: self.open.add(title))
        monkeypatch.setattr(cv2, "resizeWindow", lambda _title, *size: setattr(self, "size", size))
        monkeypatch.setattr(cv2, "imshow", self.show)
        monkeypatch.setattr(_gui_thread, "IDLE", 3600.0)
        monkeypatch.setattr(cv2, "waitKeyEx", lambda _ms: keys.pop(0) if keys else -1)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda title, _what: float(title in self.open))
        monkeypatch.setattr(cv2, "destroyWindow", self.open.discard)

    def show(self, title: str, _image: object) -> None:
        self.threads.add(threading.get_ident())
        self.shown.append(title)


@dataclass
class FinishingContext(TestContext):
    finished: int = 0
    asked: threading.Event = field(default_factory=threading.Event)

    def finish(self) -> None:
        self.finished += 1
        self.asked.set()


def run(context: TestContext, pictures: int = 4, **options: object) -> None:
    packets = [make_packet(picture(), time=i, index=i) for i in range(pictures)]
    assert run_stage(WindowSink(WindowOptions.model_validate(options)), packets, context=context) == packets


NUM_LOCK, LEFT = 0x100000, 0xFF51
"""A modifier, and a key whose lowest byte is that of a Q (GDK and X11 key symbols)."""


@pytest.mark.parametrize("key", [ord("q"), ord("Q"), 27, NUM_LOCK | ord("q")])
def test_a_key_ends_the_run(context: TestContext, monkeypatch: pytest.MonkeyPatch, key: int) -> None:
    screen = Screen(monkeypatch, keys=[-1, key])
    finishing = FinishingContext(context.folder)
    run(finishing, width=320, title="look")
    assert finishing.finished == 1
    assert screen.shown == ["look", "look"]
    assert screen.size == (320, 192)
    assert screen.open == set()


def test_other_keys_do_not(context: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, keys=[ord("a"), LEFT, 32, NUM_LOCK | LEFT, -1])
    finishing = FinishingContext(context.folder)
    run(finishing, pictures=6)
    assert (finishing.finished, len(screen.shown)) == (0, 6)


def test_a_key_ends_the_run_also_while_no_frame_comes(
    context: TestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [-1, -1]
    Screen(monkeypatch, keys)
    monkeypatch.setattr(_gui_thread, "IDLE", 0.01)
    finishing = FinishingContext(context.folder)
    stage = WindowSink()
    stage.open(finishing)
    stage.process(make_packet(picture()))
    assert finishing.finished == 0
    keys.append(ord("q"))
    assert finishing.asked.wait(20)
    stage.close()
    assert finishing.finished == 1


def test_all_runs_of_a_process_share_the_thread_of_the_windows(
    context: TestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(monkeypatch, keys=[])
    runs = [threading.Thread(target=run, args=(context,), kwargs={"title": title}) for title in "abc"]
    for one in runs:
        one.start()
        one.join()
    assert screen.shown == [*"aaaabbbbcccc"]
    (thread,) = screen.threads
    assert thread not in {one.ident for one in runs}
    assert screen.open == set()


def test_what_opencv_says_reaches_the_stage(context: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    Screen(monkeypatch, keys=[])

    def refuse(_title: str, _flags: int) -> None:
        raise cv2.error("no window today")

    monkeypatch.setattr(cv2, "namedWindow", refuse)
    with pytest.raises(cv2.error, match="no window today"):
        run(context)


def test_closing_the_window_ends_the_run(context: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch, keys=[])
    monkeypatch.setattr(cv2, "getWindowProperty", lambda _title, _what: float(len(screen.shown) < 3))
    finishing = FinishingContext(context.folder)
    run(finishing, pictures=6)
    assert (finishing.finished, len(screen.shown)) == (1, 3)


def test_null_gives_everything_on(context: TestContext) -> None:
    packets = [make_packet(time=i) for i in range(3)]
    assert run_stage(NullSink(), packets, context=context) == packets
