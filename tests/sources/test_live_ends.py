"""How `ferpipe run` on a live stream ends: by Ctrl-C, in every state of the stream, or refused."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.camera import Camera
from support.live import LiveRun
from support.rtsp import Server, free_port

from ferpipe import timeline

pytestmark = pytest.mark.slow
SECRET = "me:secret@"
Start = Callable[..., LiveRun]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a run; killed at the end of the test."""
    started = []

    def go(url: str, stall_timeout: float = 60) -> LiveRun:
        started.append(LiveRun(tmp_path, url, stall_timeout))
        return started[-1]

    yield go
    for run in started:
        run.kill()


def ends_well(run: LiveRun, state: str) -> None:
    # Half of what it would wait for.  The promise is 2 s: `benchmarks/rtsp.py` measures that.
    assert run.interrupt() < 15
    assert run.process.returncode == 130
    assert run.state == state
    assert "secret" not in run.log + (run.folder / "stats.json").read_text()
    assert "Traceback" not in run.log


def test_ctrl_c_while_connecting(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        run = start(f"rtsp://{SECRET}127.0.0.1:{hole.getsockname()[1]}/x")
        hole.settimeout(60)
        client, _ = hole.accept()
        with client:
            ends_well(run, "connecting")


def test_ctrl_c_while_live(server: Server, start: Start) -> None:
    run = start(server.url(credentials=SECRET))
    run.until_frames()
    ends_well(run, "live")
    assert timeline.load(run.timeline).frames


def test_ctrl_c_while_stalled(server: Server, start: Start) -> None:
    run = start(server.url(credentials=SECRET), stall_timeout=1)
    run.until_frames()
    server.hang()
    run.until_said("sent no frame")
    ends_well(run, "stalled")


def test_ctrl_c_while_the_server_hangs_and_nobody_has_noticed(server: Server, start: Start) -> None:
    run = start(server.url(credentials=SECRET))
    run.until_frames()
    server.hang()
    ends_well(run, "live")


def test_ctrl_c_while_waiting(start: Start) -> None:
    run = start(f"rtsp://{SECRET}127.0.0.1:{free_port()}/x")
    run.until_said("reconnecting")
    ends_well(run, "waiting")


def test_a_wrong_password_is_one_line_and_exit_code_2(clips: Path, start: Start) -> None:
    with Camera(clips / "a.mp4", login=("me", "right")) as camera:
        run = start(camera.url("me:wrong-secret@"))
        assert run.process.wait(60) == 2
    lines = run.log.splitlines()
    assert len(lines) == 1
    assert "authentication failed" in lines[0]
    assert "secret" not in lines[0]
