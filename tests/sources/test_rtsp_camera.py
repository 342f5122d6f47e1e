"""Passwords, UDP and its losses, named pipes."""

from __future__ import annotations

import contextlib
import os
import threading
from itertools import islice
from urllib.parse import quote

import pytest
from support.camera import Camera
from support.patience import PATIENCE

from ferpipe import RunError, UsageError
from ferpipe_sources import _live

PASSWORD = "p@ss/w:rd%1"


@pytest.fixture(params=["Digest", "Basic"])
def guarded(request, clips):
    with Camera(clips / "a.mp4", login=("me", PASSWORD), scheme=request.param) as camera:
        yield camera


def test_a_password_with_every_awkward_character_opens_the_door(guarded, running, caplog):
    source, _, frames = running(guarded.url(f"me:{quote(PASSWORD, safe='')}@"))
    assert len(list(islice(frames, 3))) == 3
    assert source.stream.uri == f"rtsp://***@127.0.0.1:{guarded.port}/live"


@pytest.mark.parametrize("credentials", ["me:wrong-secret@", "me@", ""])
def test_a_wrong_password_is_reported_at_once_and_never_shown(guarded, running, caplog, capfd, credentials):
    _, context, frames = running(guarded.url(credentials))
    with pytest.raises(UsageError, match="authentication failed") as caught:
        next(frames)
    told = f"{caught.value}{caplog.text}{capfd.readouterr()}"
    assert "wrong-secret" not in told
    assert "me@" not in told
    assert "reconnects" not in context.counts


@pytest.mark.slow
def test_a_password_refused_after_a_break_is_tried_again_but_seldom(guarded, running, monkeypatch):
    monkeypatch.setattr(_live, "REFUSED", 1.5)
    _, context, frames = running(guarded.url(f"me:{quote(PASSWORD, safe='')}@"))
    next(frames)
    guarded.login = ("me", "new")
    guarded.requests.clear()
    guarded.cut()
    threading.Timer(2.2, lambda: setattr(guarded, "login", ("me", PASSWORD))).start()
    for packet in frames:
        if packet.frame.discontinuity:
            break
    assert 1 <= guarded.requests.count("OPTIONS") <= 5
    assert context.counts["reconnects"] >= 2


@pytest.fixture
def lossy(clips):
    with Camera(clips / "a.mp4") as camera:
        yield camera


def test_rtsp_by_udp(lossy, running):
    _, context, frames = running(lossy.url(), transport="udp")
    taken = [packet.frame for packet in islice(frames, 20)]
    assert {frame.image.shape for frame in taken} == {(120, 160, 3)}
    assert context.counts.get("corrupt_frames", 0) == 0


def test_packets_lost_on_udp_cost_pictures_and_not_the_stream(lossy, running):
    _, context, frames = running(lossy.url(), transport="udp")
    list(islice(frames, 3))
    lossy.loss = 0.1
    taken = [packet.frame for packet in islice(frames, 50)]
    assert lossy.lost > 5
    assert context.counts["corrupt_frames"] + context.counts.get("corrupt_packets", 0) > 3
    assert not any(frame.discontinuity for frame in taken)
    assert "reconnects" not in context.counts


def test_udp_that_falls_silent_is_a_stall(lossy, running):
    """Nothing tells the reader of datagrams that a peer has gone."""
    _, context, frames = running(lossy.url(), transport="udp", stall_timeout=0.6)
    list(islice(frames, 3))
    lossy.loss = 1.0
    plain = context.alive

    def watch(state=None):
        if state == "stalled":
            lossy.loss = 0.0
        plain(state)

    context.alive = watch
    assert any(packet.frame.discontinuity for packet in islice(frames, 200))
    assert context.counts["stalls"] == 1


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "a pipe"
    os.mkfifo(path)
    return path


def written(fifo, clips, ffmpeg, tmp_path):
    """The bytes of a transport stream, and the pipe open for writing."""
    ffmpeg("-i", clips / "a.mp4", "-c", "copy", "-f", "mpegts", tmp_path / "a.ts")
    return (tmp_path / "a.ts").read_bytes()


def test_a_fifo_without_a_writer_is_left_in_time(fifo, running, stopped_within):
    _, _, frames = running(f"fifo://{quote(str(fifo))}", open_timeout=0.5, reconnect=False)
    with pytest.raises(RunError, match="did not answer within"):
        next(frames)
    source, context, frames = running(f"fifo://{quote(str(fifo))}", open_timeout=60)
    assert stopped_within(PATIENCE / 2, source, context, frames)  # it would wait for 60 s


def test_a_fifo_that_stalls_is_noticed_and_opened_again(fifo, clips, ffmpeg, tmp_path, running):
    data = written(fifo, clips, ffmpeg, tmp_path)

    def write():
        rounds = 0
        while rounds < 2:
            # The reader that is just leaving may still hold the pipe open, and then break it.
            with contextlib.suppress(BrokenPipeError), fifo.open("wb", buffering=0) as pipe:
                pipe.write(data)
                rounds += 1
                stalled.wait(20)
            stalled.clear()

    stalled = threading.Event()
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    _, context, frames = running(f"fifo://{quote(str(fifo))}", stall_timeout=0.5)
    plain = context.alive

    def watch(state=None):
        if state == "stalled":
            stalled.set()
        plain(state)

    context.alive = watch
    assert any(packet.frame.discontinuity for packet in frames)
    assert context.counts["stalls"] == 1
    stalled.set()
    writer.join(20)


def test_what_is_no_fifo_is_refused(tmp_path, running):
    (tmp_path / "file.ts").write_bytes(b"x")
    for name in ("file.ts", "nothing"):
        _, _, frames = running(f"fifo://{tmp_path / name}")
        with pytest.raises(UsageError, match="no named pipe"):
            next(frames)
