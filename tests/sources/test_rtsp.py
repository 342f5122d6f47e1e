from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path

import pytest
from pydantic import ValidationError

from ferpipe import RunError, UsageError
from ferpipe.testing import TestContext
from ferpipe_sources.rtsp import RtspOptions, RtspSource

SERVER = Path(sys.executable).with_name("rtsp-server")
QUICK = {"reconnect_delay": 0.05, "reconnect_max_delay": 0.2, "open_timeout": 3.0}

needs_server = pytest.mark.skipif(not SERVER.exists(), reason="aio-rtsp-toolkit is not installed")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A real RTSP server of the videos in a folder."""

    def __init__(self, folder):
        self.folder, self.port, self.control = folder, free_port(), free_port()
        self.process = None

    def start(self):
        ports = ("-p", str(self.port), "-cp", str(self.control))
        self.process = subprocess.Popen(
            [SERVER, "-d", self.folder, "-H", "127.0.0.1", *ports],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.05)
        raise AssertionError("the server does not start")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def url(self, name="a.mp4", credentials=""):
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{name}?play_count=0"


@pytest.fixture
def server(tmp_path, ffmpeg):
    folder = tmp_path / "served"
    folder.mkdir()
    for name, size in (("a.mp4", "160x120"), ("b.mp4", "96x64")):
        picture = ("-f", "lavfi", "-i", f"testsrc=s={size}:r=25:d=4", "-pix_fmt", "yuv420p")
        ffmpeg(*picture, "-preset", "ultrafast", "-g", "10", "-bf", "0", folder / name)
    served = Server(folder).start()
    yield served
    served.kill()


@pytest.fixture
def running(tmp_path):
    """Open an RtspSource; closed at the end of the test, within the time that is promised."""
    opened = []

    def run(url, **options):
        context = TestContext(tmp_path, name="cam", live=True)
        source = RtspSource(RtspOptions(url=url, **{**QUICK, **options}))
        source.open(context)
        opened.append((source, context))
        return source, context, source.frames()

    yield run
    for source, context in opened:
        context.stop.set()
        source.interrupt()
        source.close()


def stopped_within(seconds, source, context, frames):
    """Whether `frames` ends in time once the run is told to stop."""
    ended = threading.Event()

    def drain():
        with contextlib.suppress(RunError):
            for _ in frames:
                pass
        ended.set()

    thread = threading.Thread(target=drain)
    thread.start()
    time.sleep(0.3)
    context.stop.set()
    source.interrupt()
    in_time = ended.wait(seconds)
    thread.join()
    return in_time


@needs_server
def test_frames_carry_the_streams_time_and_their_arrival(server, running):
    source, context, frames = running(server.url(credentials="me:secret@"))
    taken = [packet.frame for packet in islice(frames, 30)]
    assert taken[0].time == 0
    assert all((frame.time % 40_000) in (0, 1) or frame.time < 1_000_000 for frame in taken)
    spent = taken[-1].captured - taken[5].captured
    assert taken[-1].time - taken[5].time == pytest.approx(spent * 1e6, abs=500_000)
    assert {frame.image.shape for frame in taken} == {(120, 160, 3)}
    assert [frame.index for frame in taken] == list(range(30))
    assert not any(frame.discontinuity for frame in taken)
    assert context.states == ["connecting", "live"]
    assert "secret" not in f"{source.stream}"
    assert source.stream.live


@needs_server
def test_a_killed_server_that_comes_back_is_a_discontinuity_and_time_goes_on(server, running, caplog):
    _, context, frames = running(server.url(credentials="me:secret@"))
    before = [packet.frame for packet in islice(frames, 10)]
    server.kill()
    (server.folder / "a.mp4").unlink()
    (server.folder / "b.mp4").rename(server.folder / "a.mp4")
    threading.Timer(0.7, server.start).start()
    after = []
    for packet in frames:
        after.append(packet.frame)
        if packet.frame.image.shape[1] == 96 and len(after) > 10:
            break
    breaks = [frame for frame in after if frame.discontinuity]
    assert len(breaks) == 1
    first = breaks[0]
    last = after[after.index(first) - 1] if after[0] is not first else before[-1]
    assert first.time - last.time == pytest.approx((first.captured - last.captured) * 1e6, abs=1000)
    assert first.image.shape == (64, 96, 3)
    assert context.counts["reconnects"] >= 1
    assert {"connecting", "live", "waiting"} <= set(context.states)
    assert "secret" not in caplog.text
    assert "***@127.0.0.1" in caplog.text


@needs_server
def test_a_server_that_hangs_is_noticed_within_the_stall_timeout(server, running):
    _, context, frames = running(server.url(), stall_timeout=0.8)
    last = [packet.frame for packet in islice(frames, 5)][-1]
    os.kill(server.process.pid, signal.SIGSTOP)
    noticed = []
    plain = context.alive

    def watch(state=None):
        if state == "stalled":
            noticed.append(time.monotonic())
            os.kill(server.process.pid, signal.SIGCONT)
        plain(state)

    context.alive = watch
    for packet in frames:
        if packet.frame.discontinuity:
            break
        last = packet.frame
    assert noticed[0] - last.captured < 0.8 + 0.5
    assert context.counts["stalls"] == 1


@needs_server
@pytest.mark.slow
def test_a_short_hang_is_no_break(server, running):
    _, context, frames = running(server.url(), stall_timeout=5)
    list(islice(frames, 5))
    os.kill(server.process.pid, signal.SIGSTOP)
    threading.Timer(1.2, os.kill, (server.process.pid, signal.SIGCONT)).start()
    after = [packet.frame for packet in islice(frames, 40)]
    assert not any(frame.discontinuity for frame in after)
    assert "reconnects" not in context.counts


@needs_server
def test_a_camera_that_is_down_at_the_start_is_waited_for(server, running):
    server.kill()
    _, context, frames = running(server.url())
    threading.Timer(0.5, server.start).start()
    assert next(frames).time == 0
    assert context.states[:3] == ["connecting", "waiting", "connecting"]


@needs_server
def test_a_wrong_path_ends_the_run_with_one_line(server, running):
    _, _, frames = running(server.url("nothing.mp4", "me:secret@"))
    with pytest.raises(UsageError, match="no such stream") as caught:
        next(frames)
    assert "secret" not in str(caught.value)


@needs_server
@pytest.mark.parametrize("pause", ["live", "hanging", "dead"])
def test_it_ends_in_time_in_every_state(server, running, pause):
    source, context, frames = running(server.url())
    list(islice(frames, 3))
    if pause == "hanging":
        os.kill(server.process.pid, signal.SIGSTOP)
    if pause == "dead":
        server.kill()
    assert stopped_within(1.0, source, context, frames)
    source.close()
    assert "cam reader" not in [thread.name for thread in threading.enumerate()]


def answering(status):
    """An RTSP server that answers every request with `status`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, contextlib.suppress(OSError):
                    while request := client.recv(4096).decode(errors="replace"):
                        number = request.lower().split("cseq:")[1].split()[0]
                        asked = (
                            '\r\nWWW-Authenticate: Basic realm="camera"' if status.startswith("401") else ""
                        )
                        client.sendall(f"RTSP/1.0 {status}\r\nCSeq: {number}{asked}\r\n\r\n".encode())

    threading.Thread(target=serve, daemon=True).start()
    return listener


@pytest.mark.parametrize(
    ("status", "said"), [("401 Unauthorized", "authentication failed"), ("404 Not Found", "no such stream")]
)
@pytest.mark.parametrize("reconnect", [True, False])
def test_a_refusal_for_cause_ends_the_run_at_once(running, status, said, reconnect):
    with answering(status) as listener:
        url = f"rtsp://me:secret@127.0.0.1:{listener.getsockname()[1]}/x"
        _, _, frames = running(url, reconnect=reconnect)
        with pytest.raises(UsageError, match=said) as caught:
            next(frames)
    assert "secret" not in str(caught.value)


def test_without_reconnect_a_refused_connection_is_one_line(running):
    _, _, frames = running(f"rtsp://127.0.0.1:{free_port()}/x", reconnect=False)
    with pytest.raises(RunError, match="refused") as caught:
        next(frames)
    assert "\n" not in str(caught.value)


def test_the_number_of_tries_is_kept(running):
    _, context, frames = running(f"rtsp://127.0.0.1:{free_port()}/x", reconnect_tries=3)
    with pytest.raises(RunError, match="given up after 3"):
        next(frames)
    assert context.states.count("connecting") == 4


@pytest.mark.parametrize("scheme", ["rtsp", "http", "rtmp"])
def test_a_black_hole_is_left_in_time(running, scheme):
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"{scheme}://127.0.0.1:{hole.getsockname()[1]}/live/x"
        began = time.monotonic()
        _, _, frames = running(url, open_timeout=0.6, reconnect=False)
        with pytest.raises(RunError, match="did not answer"):
            next(frames)
        assert time.monotonic() - began < 0.6 + 1.5


def test_a_black_hole_is_asked_again(running):
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"rtsp://127.0.0.1:{hole.getsockname()[1]}/x"
        _, context, frames = running(url, open_timeout=0.3, reconnect_tries=2)
        with pytest.raises(RunError, match=r"did not answer within 0.3 s \(given up after 2 attempts"):
            next(frames)
    assert context.counts == {"reconnects": 2}


def test_a_web_page_is_no_video(tmp_path, running):
    (tmp_path / "page.html").write_text("<html>" + "hello " * 500)
    port = free_port()
    web = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", tmp_path],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _, _, frames = running(f"http://127.0.0.1:{port}/page.html")
        with pytest.raises(UsageError, match="not a video stream"):
            next(frames)
    finally:
        web.kill()
        web.wait()


def test_it_ends_in_time_while_a_black_hole_is_asked(running):
    with socket.create_server(("127.0.0.1", 0)) as hole:
        source, context, frames = running(f"rtsp://127.0.0.1:{hole.getsockname()[1]}/x", open_timeout=60)
        assert stopped_within(1.0, source, context, frames)
        began = time.monotonic()
        source.close()
        assert time.monotonic() - began < 1.5


def test_a_recording_on_a_server_gives_every_frame_and_ends(coded, running, shown):
    coded([40 * i for i in range(50)], "web.ts", bf="0")
    port = free_port()
    folder = coded([0, 40]).parent
    web = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", folder],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _, context, frames = running(f"http://127.0.0.1:{port}/web.ts", live=False)
        taken = [packet.frame for packet in frames]
    finally:
        web.kill()
        web.wait()
    assert shown(taken) == list(range(50))
    assert [frame.time for frame in taken] == [40_000 * i for i in range(50)]
    assert "missed" not in context.counts


@pytest.mark.slow
def test_udp_is_read_as_it_is_sent(ffmpeg, running):
    port = free_port()
    source, _, frames = running(f"udp://127.0.0.1:{port}")
    picture = ("-re", "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=3", "-c:v", "mpeg2video", "-g", "5")
    sender = threading.Thread(
        target=ffmpeg, args=(*picture, "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
    )
    sender.start()
    taken = [packet.frame for packet in islice(frames, 20)]
    assert {frame.image.shape for frame in taken} == {(48, 64, 3)}
    assert source.stream.uri.startswith("udp://")
    sender.join()


@pytest.mark.parametrize("url", ["video.mp4", "ftp://host/x", "file:///etc/passwd", "rtsp:/x", ""])
def test_what_is_no_address_is_refused_with_the_options(url):
    with pytest.raises(ValidationError):
        RtspOptions(url=url)
