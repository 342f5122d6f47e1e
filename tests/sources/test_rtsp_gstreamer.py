"""Against GStreamer's RTSP server, which many cameras and gateways are built on, where it is installed."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from itertools import islice
from pathlib import Path

import pytest
from support.rtsp import free_port

from ferpipe import UsageError

PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).parents[1] / "support" / "gst_server.py"
TRIAL = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


def is_installed() -> bool:
    with contextlib.suppress(OSError):
        return subprocess.run([PYTHON, "-c", TRIAL], capture_output=True, check=False).returncode == 0
    return False


pytestmark = pytest.mark.skipif(
    not is_installed(),
    reason="needs Debian's gir1.2-gst-rtsp-server-1.0, python3-gi and gstreamer1.0-plugins-*",
)


class GStreamer:
    def __init__(self, video, *login):
        self.command = [PYTHON, SCRIPT, video]
        self.login, self.port, self.process = login, free_port(), None

    def start(self):
        self.process = subprocess.Popen(
            [*self.command, str(self.port), *self.login], stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.05)
        raise AssertionError("the server does not start")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def url(self, path="cam", credentials=""):
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{path}"


@pytest.fixture
def gstreamer(clips, request):
    made = GStreamer(clips / "a.mp4", *getattr(request, "param", ())).start()
    yield made
    made.kill()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_every_transport_and_the_end_of_the_stream(gstreamer, running, transport):
    _, context, frames = running(gstreamer.url(), transport=transport, reconnect=False, read_timeout=3)
    taken = [packet.frame for packet in islice(frames, 60)]
    assert len(taken) == 60
    assert {frame.image.shape for frame in taken} == {(120, 160, 3)}
    assert "corrupt_frames" not in context.counts


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_killed_and_back(gstreamer, running, transport):
    _, context, frames = running(gstreamer.url(), transport=transport, stall_timeout=2)
    list(islice(frames, 5))
    gstreamer.kill()
    threading.Timer(0.5, gstreamer.start).start()
    assert any(packet.frame.discontinuity for packet in islice(frames, 200))
    assert context.counts["reconnects"] >= 1


def test_a_wrong_path(gstreamer, running):
    _, _, frames = running(gstreamer.url("nothing"))
    with pytest.raises(UsageError, match="no such stream"):
        next(frames)


@pytest.mark.parametrize("gstreamer", [("me", "right")], indirect=True)
def test_passwords(gstreamer, running):
    _, _, frames = running(gstreamer.url(credentials="me:right@"))
    assert next(frames).frame.image.shape == (120, 160, 3)
    _, _, frames = running(gstreamer.url(credentials="me:wrong@"))
    with pytest.raises(UsageError, match="authentication failed"):
        next(frames)
