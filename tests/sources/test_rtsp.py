"""Reading addresses: frames and their times, refusals, silence."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from itertools import islice

import pytest
from pydantic import ValidationError
from support.patience import PATIENCE
from support.rtsp import free_port

from ferpipe import RunError, UsageError
from ferpipe_sources.rtsp import RtspOptions


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


def test_a_wrong_path_ends_the_run_with_one_line(server, running):
    _, _, frames = running(server.url("nothing.mp4", "me:secret@"))
    with pytest.raises(UsageError, match="no such stream") as caught:
        next(frames)
    assert "secret" not in str(caught.value)


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


@pytest.mark.parametrize("status", ["453 Not Enough Bandwidth", "503 Service Unavailable"])
def test_a_camera_that_is_too_busy_is_asked_again(running, status):
    with answering(status) as listener:
        url = f"rtsp://me:secret@127.0.0.1:{listener.getsockname()[1]}/x"
        _, context, frames = running(url, reconnect_tries=2)
        with pytest.raises(RunError, match=r"refuses for now .* \(gave up after 2"):
            next(frames)
    assert context.counts == {"reconnects": 2}


def test_a_transport_that_the_server_lacks_is_reported_at_once(server, running):
    _, _, frames = running(server.url(), transport="udp")
    with pytest.raises(UsageError, match="try the other 'transport'"):
        next(frames)


def test_without_reconnect_a_refused_connection_is_one_line(running):
    _, _, frames = running(f"rtsp://127.0.0.1:{free_port()}/x", reconnect=False)
    with pytest.raises(RunError, match="refused") as caught:
        next(frames)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("tries", "told"), [(1, "1 attempt"), (3, "3 attempts")])
def test_the_number_of_tries_is_kept(running, tries, told):
    _, context, frames = running(f"rtsp://127.0.0.1:{free_port()}/x", reconnect_tries=tries)
    with pytest.raises(RunError, match=rf"gave up after {told} to reconnect\)"):
        next(frames)
    assert context.states.count("connecting") == tries + 1


@pytest.mark.parametrize("scheme", ["rtsp", "http", "rtmp"])
def test_a_black_hole_is_left_in_time(running, scheme):
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"{scheme}://127.0.0.1:{hole.getsockname()[1]}/live/x"
        _, _, frames = running(url, open_timeout=0.6, reconnect=False)
        with pytest.raises(RunError, match=r"did not answer within 0\.6 s"):
            next(frames)


def test_a_black_hole_is_asked_again(running):
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"rtsp://127.0.0.1:{hole.getsockname()[1]}/x"
        _, context, frames = running(url, open_timeout=0.3, reconnect_tries=2)
        with pytest.raises(RunError, match=r"did not answer within 0.3 s \(gave up after 2 attempts"):
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


def test_it_ends_in_time_while_a_black_hole_is_asked(running, stopped_within):
    with socket.create_server(("127.0.0.1", 0)) as hole:
        source, context, frames = running(f"rtsp://127.0.0.1:{hole.getsockname()[1]}/x", open_timeout=60)
        assert stopped_within(PATIENCE / 2, source, context, frames)  # it would wait for 60 s
        source.close()


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
