"""A stranger's pipeline sends nothing away, and what it reads leads to no other address or file."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading

import imageio_ffmpeg
import pytest

from ferpipe.timeline import load

BLAZE = {"use": "blazeface"}
TIMELINE = {"use": "timeline", "with": {"path": "t.json"}}


def listener() -> tuple[socket.socket, str]:
    ear = socket.create_server(("127.0.0.1", 0))
    ear.settimeout(0.1)
    return ear, f"127.0.0.1:{ear.getsockname()[1]}"


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "rtmp", "rtmps", "udp", "srt"])
def test_nothing_is_sent_away(run, scheme):
    datagrams = scheme in {"udp", "srt"}
    with socket.socket(type=socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM) as ear:
        ear.bind(("127.0.0.1", 0))
        if not datagrams:
            ear.listen()
        url = f"{scheme}://me:hunter2@127.0.0.1:{ear.getsockname()[1]}/x"
        code, said = run({"use": "stream", "with": {"url": url}})
        ear.setblocking(False)
        with pytest.raises(BlockingIOError):
            ear.recv(1) if datagrams else ear.accept()
    assert (code, said.count("\n")) == (2, 1)
    assert "it would send pictures to" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "url",
    ["file:///etc/x.m3u8", "http://host/x.m3u8", "tee://x.m3u8", "pipe:1", "concat:a|b", "crypto+file://x"],
)
def test_ffmpegs_other_protocols_are_no_outputs(run, url):
    code, said = run({"use": "stream", "with": {"url": url}}, options=("--output-dir", "out"))
    assert (code, said.count("\n")) == (2, 1)
    assert "neither one of rtsp://" in said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.m3u8", "#EXTM3U\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n"),
        ("a.m3u8", "\n\n#EXTM3U\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n"),
        ("a.txt", "ffconcat version 1.0\nfile {url}\n"),
        ("a.mpd", '<?xml version="1.0"?><MPD><BaseURL>{url}</BaseURL></MPD>'),
        ("a.sdp", ("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
                  "a=rtpmap:96 H264/90000\na=control:{url}\n")),
        ("a.rm", ".RMF{url}"),
        ("a.asx", "<asx version='3.0'><entry><ref href='{url}'/></entry></asx>"),
        ("a.ram", "rtsp://{host}/x\n"),
        ("a.xspf", "<playlist><trackList><track><location>{url}</location></track></trackList></playlist>"),
    ],
)  # fmt: skip
def test_a_file_source_reads_that_file_and_no_address(home, run, name, text):
    ear, host = listener()
    with ear:
        (home / name).write_text(text.format(url=f"http://{host}/x.ts", host=host))
        code, said = run({"use": "file", "with": {"path": name}}, BLAZE, TIMELINE)
        with pytest.raises(TimeoutError):
            ear.accept()
    assert (code, said.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "text",
    ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"],
)
@pytest.mark.parametrize("name", ["{}/clip.ts", "file:{}/clip.ts", "file://{}/clip.ts"])
def test_an_address_leads_to_no_file_of_this_machine(home, run, text, name):
    """A server answers with a playlist that names a local file; the frames of that never come."""
    (home / "www").mkdir()
    copy = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "clip.mp4", "-c", "copy", "clip.ts"]
    subprocess.run(copy, check=True, timeout=60)
    (home / "www" / "x.m3u8").write_text(text.format(name.format(home)))
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", "www"]
    with subprocess.Popen(
        command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as web:
        try:
            assert web.stdout is not None
            port = web.stdout.readline().split(" port ")[1].split()[0]
            url = f"http://127.0.0.1:{port}/x.m3u8"
            stage = {
                "use": "rtsp",
                "with": {"url": url, "live": False, "reconnect": False, "open_timeout": 5},
            }
            code, said = run(stage, BLAZE, TIMELINE)
        finally:
            web.kill()
    assert code in {1, 2}
    assert said.count("\n") == 1
    assert not (home / "out" / "t.json").exists() or load(home / "out" / "t.json").frames == []


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile clip.mp4\n", "#EXTM3U\n#EXTINF:2,\nclip.mp4\n"])
def test_a_named_pipe_leads_to_no_file(home, run, text):
    os.mkfifo(home / "pipe")
    options = {
        "url": f"fifo://{home}/pipe",
        "live": False,
        "reconnect": False,
        "stall_timeout": 3,
        "read_timeout": 1,
    }

    def write():
        with contextlib.suppress(BrokenPipeError):
            (home / "pipe").write_text(text)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    code, said = run({"use": "rtsp", "with": options}, BLAZE, TIMELINE)
    writer.join(10)
    assert not writer.is_alive(), "nobody has read the pipe"
    assert code in {1, 2}
    assert said.count("\n") == 1
    assert not (home / "out" / "t.json").exists() or load(home / "out" / "t.json").frames == []


@pytest.mark.parametrize("path", ["pipe.png", "/dev/zero", "/dev/null"])
@pytest.mark.parametrize("use", ["file", "images"])
def test_pipes_and_devices_are_no_sources(home, run, use, path):
    os.mkfifo(home / "pipe.png")
    code, said = run({"use": use, "with": {"path": path}}, BLAZE, TIMELINE)
    assert (code, said.count("\n")) == (2, 1)
    assert "is a pipe or device" in said
