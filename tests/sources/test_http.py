"""HTTP: cameras that send JPEGs, and files on web servers, whole, cut, and without parts."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
import time

import cv2
import numpy as np
import pytest

from ferpipe import UsageError
from ferpipe.testing import TestContext, run_source
from ferpipe_sources.rtsp import RtspOptions, RtspSource


class Handler(http.server.BaseHTTPRequestHandler):
    """A camera at /cam and a file at /x.mp4, as its server says."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.server.answer(self)


@pytest.fixture
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def a_file(data, *, cut=None, times=10**6, ranges=True, length=True, kind="video/mp4"):
    """Answers with `data`; the connection is cut at byte `cut`, `times` times."""
    left = [times]

    def answer(request):
        asked = re.match(r"bytes=(\d+)-", request.headers.get("Range") or "")
        begin = int(asked[1]) if asked and ranges else 0
        request.send_response(206 if asked and ranges else 200)
        if asked and ranges:
            request.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        if length:
            request.send_header("Content-Length", str(len(data) - begin))
        if ranges:
            request.send_header("Accept-Ranges", "bytes")
        request.send_header("Content-Type", kind)
        request.end_headers()
        cuts = cut is not None and begin < cut and left[0] > 0
        left[0] -= cuts
        request.wfile.write(data[begin : cut if cuts else None])

    return answer


def a_camera(pace, *, stamps=None, lengths=True, boundary="frame"):
    """JPEGs whose grey is ten times their number, `pace` seconds apart, with the fields X-Timestamp."""

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={boundary}")
        request.end_headers()
        for number in range(20):
            data = cv2.imencode(".jpg", np.full((32, 32, 3), 10 * number, np.uint8))[1].tobytes()
            head = f"--{boundary.removeprefix('--')}\r\nContent-Type: image/jpeg\r\n"
            head += f"Content-Length: {len(data)}\r\n" if lengths else ""
            head += f"X-Timestamp: {stamps[number]:.6f}\r\n" if stamps else ""
            request.wfile.write(head.encode() + b"\r\n" + data + b"\r\n")
            request.wfile.flush()
            time.sleep(pace)

    return answer


def read(url, tmp_path, limit=None, context=None, **options):
    context = context or TestContext(tmp_path, name="cam", live=True)
    given = {"open_timeout": 3.0, "reconnect_delay": 0.05, "reconnect_max_delay": 0.1, **options}
    source = RtspSource(RtspOptions(url=url, **given))
    return source, context, [p.frame for p in run_source(source, limit=limit, context=context)]


@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize("boundary", ["frame", "--frame"])
def test_a_camera_without_stamps_is_stamped_by_arrival(web, tmp_path, lengths, boundary):
    web.answer = a_camera(0.2, lengths=lengths, boundary=boundary)
    source, context, frames = read(f"{web.url}/cam", tmp_path, limit=6)
    seconds = (frames[-1].time - frames[0].time) / 1e6
    assert seconds == pytest.approx(frames[-1].captured - frames[0].captured, abs=0.05)
    assert seconds >= 0.8  # at 25 frames a second it would be 0.2 s
    assert source.live
    assert context.counts.get("repaired_pts", 0) == 0


def test_a_camera_with_times_of_its_own_is_stamped_by_those(web, tmp_path):
    taken = [1_700_000_000 + 0.5 * number for number in range(20)]
    web.answer = a_camera(0.05, stamps=taken)
    _, _, frames = read(f"{web.url}/cam", tmp_path, limit=6)
    shown = [round(float(frame.image.mean()) / 10) for frame in frames]
    assert [frame.time for frame in frames] == [500_000 * (number - shown[0]) for number in shown]


def test_a_picture_without_an_end_is_not_held(web, tmp_path):
    """A length of 2 GB, as an attacker's camera says it."""

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=b")
        request.end_headers()
        request.wfile.write(
            b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: 2000000000\r\n\r\n" + bytes(99)
        )

    web.answer = answer
    with pytest.raises(Exception, match="a picture of 2000000000 bytes is too large"):
        read(f"{web.url}/cam", tmp_path, reconnect=False)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_on_a_web_server_is_a_file(web, coded, shown, tmp_path, ranges):
    path = coded([40 * i for i in range(50)], "x.mkv" if not ranges else "x.mp4", bf="0")
    web.answer = a_file(path.read_bytes(), ranges=ranges)
    source, context, frames = read(f"{web.url}/x.mp4", tmp_path)
    assert shown(frames) == list(range(50))
    assert [frame.time for frame in frames] == [40_000 * i for i in range(50)]
    assert (source.live, source.stream.live, context.complete, context.counts) == (False, False, True, {})


@pytest.mark.parametrize("live", [None, False])
def test_a_file_that_is_cut_is_read_on_at_that_byte(web, coded, shown, tmp_path, live):
    data = coded([40 * i for i in range(50)], "x.ts", bf="0").read_bytes()
    web.answer = a_file(data, cut=len(data) // 3)
    _, context, frames = read(f"{web.url}/x.ts", tmp_path, live=live)
    assert shown(frames) == list(range(50))
    assert (context.complete, context.counts) == (True, {})
    assert any(asked is not None and asked != "bytes=0-" for _, asked in web.asked)


@pytest.mark.parametrize("how", ["no parts", "no retry", "another file"])
def test_a_file_that_cannot_be_read_on_is_cut_short_and_not_read_twice(
    web, coded, shown, tmp_path, caplog, how
):
    data = coded([40 * i for i in range(50)], "x.ts", bf="0").read_bytes()
    plain = a_file(data, cut=len(data) // 2, ranges=how != "no parts")
    other = a_file(data + data)

    def answer(request):
        (other if how == "another file" and len(web.asked) > 2 else plain)(request)

    web.answer = answer
    _, context, frames = read(f"{web.url}/x.ts", tmp_path, reconnect=how != "no retry")
    numbers = shown(frames)
    assert numbers == list(range(len(numbers)))
    assert 5 < len(numbers) < 45
    assert (context.complete, context.counts["truncated"]) == (False, 1)
    assert "the recording is cut short at" in caplog.text


def test_a_file_of_unknown_length_is_a_stream(web, coded, tmp_path):
    web.answer = a_file(coded([40 * i for i in range(50)], "x.ts").read_bytes(), length=False)
    source, _, frames = read(f"{web.url}/x.ts", tmp_path, limit=3)
    assert (source.live, len(frames)) == (True, 3)


def test_what_is_requested_can_be_said(web, coded, tmp_path):
    web.answer = a_file(coded([40 * i for i in range(50)], "x.ts").read_bytes())
    source, _, _ = read(f"{web.url}/x.ts", tmp_path, limit=3, live=True)
    assert source.live


def test_a_wrong_password_is_one_line_without_it(web, tmp_path):
    def answer(request):
        request.send_response(401)
        request.send_header("WWW-Authenticate", 'Basic realm="cam"')
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.answer = answer
    with pytest.raises(UsageError, match="authentication failed") as caught:
        read(web.url.replace("://", "://me:secret@") + "/cam", tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("target", ["/cam", "file:///etc/passwd"])
def test_a_redirection_that_cannot_be_followed_is_not_tried_again(web, tmp_path, target):
    def answer(request):
        request.send_response(302)
        request.send_header("Location", target)
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.answer = answer
    with pytest.raises(UsageError, match="redirects in a circle, or to an address that is not http"):
        read(web.url + "/cam", tmp_path)
    assert len(web.asked) < 15


def test_the_password_of_the_address_opens_a_camera(web, tmp_path):
    camera = a_camera(0.02)

    def answer(request):
        if request.headers.get("Authorization") != "Basic bWU6c2VjcmV0":
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="cam"')
            request.send_header("Content-Length", "0")
            request.end_headers()
        else:
            camera(request)

    web.answer = answer
    _, _, frames = read(web.url.replace("://", "://me:secret@") + "/cam", tmp_path, limit=2)
    assert len(frames) == 2


@pytest.mark.parametrize(
    "url",
    [
        "tcp://0.0.0.0:9933?listen=1",
        "tcp://0.0.0.0:9933?timeout=5&listen",
        "tcp://0.0.0.0:9933?LISTEN=2",
        "srt://0.0.0.0:9933?mode=listener",
        "srt://0.0.0.0:9933?mode=rendezvous",
        "udp://0.0.0.0:9933",
        "udp://239.1.1.1:9933",
        "rtp://0.0.0.0:9933",
        "tcp://1.2.3.4:9933?local_port=9934",
        "rtsp://1.2.3.4/x?udp",
    ],
)
def test_an_untrusted_pipeline_opens_no_port(tmp_path, url):
    context = TestContext(tmp_path, trusted=False)
    with pytest.raises(UsageError, match=r"opens a port on this machine.*connected to"):
        RtspSource(RtspOptions(url=url)).open(context)


@pytest.mark.parametrize(
    "url", ["rtsp://h/x", "srt://h:1?mode=caller", "tcp://h:1", "tcp://h:1?listen=0", "rtmp://h/x"]
)
def test_an_untrusted_pipeline_connects(tmp_path, url):
    RtspSource(RtspOptions(url=url)).open(TestContext(tmp_path, trusted=False))


def test_udp_of_rtsp_is_refused_where_ports_are(tmp_path):
    context = TestContext(tmp_path, trusted=False)
    with pytest.raises(UsageError, match="opens a port"):
        RtspSource(RtspOptions(url="rtsp://h/x", transport="udp")).open(context)
