"""Streams that break off, hang, trickle, and come back."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from itertools import islice

import pytest
from support.camera import Camera
from support.patience import PATIENCE

from ferpipe_sources import _reader


def test_a_killed_server_that_comes_back_is_a_discontinuity_and_time_goes_on(server, running, caplog):
    caplog.set_level("INFO", "ferpipe")
    _, context, frames = running(server.url(credentials="me:secret@"))
    before = [packet.frame for packet in islice(frames, 10)]
    server.kill()
    (server.folder / "a.mp4").unlink()
    (server.folder / "b.mp4").rename(server.folder / "a.mp4")
    threading.Timer(0.7, server.start).start()
    after = []
    for packet in frames:
        after.append(packet.frame)
        if packet.frame.image[[0, -1]].max() == 0 and len(after) > 10:  # b.mp4 is flatter: it has bars
            break
    breaks = [frame for frame in after if frame.discontinuity]
    assert len(breaks) == 1
    first = breaks[0]
    last = after[after.index(first) - 1] if after[0] is not first else before[-1]
    assert first.time - last.time == pytest.approx((first.captured - last.captured) * 1e6, abs=1000)
    assert first.image.shape == before[0].image.shape
    assert context.counts["reconnects"] >= 1
    assert {"connecting", "live", "waiting"} <= set(context.states)
    assert "secret" not in caplog.text
    assert "***@127.0.0.1" in caplog.text


def test_a_server_that_hangs_is_noticed_within_the_stall_timeout(server, running):
    _, context, frames = running(server.url(), stall_timeout=0.8)
    last = [packet.frame for packet in islice(frames, 5)][-1]
    server.hang()
    noticed = []
    plain = context.alive

    def watch(state=None):
        if state == "stalled":
            noticed.append(time.monotonic())
            server.go_on()
        plain(state)

    context.alive = watch
    for packet in frames:
        if packet.frame.discontinuity:
            break
        last = packet.frame
    assert noticed[0] - last.captured >= 0.8
    assert context.counts["stalls"] == 1


@pytest.mark.slow
def test_a_short_hang_is_no_break(server, running):
    _, context, frames = running(server.url(), stall_timeout=5)
    list(islice(frames, 5))
    server.hang()
    threading.Timer(1.2, server.go_on).start()
    after = [packet.frame for packet in islice(frames, 40)]
    assert not any(frame.discontinuity for frame in after)
    assert "reconnects" not in context.counts


def test_a_camera_that_is_down_at_the_start_is_waited_for(server, running):
    server.kill()
    _, context, frames = running(server.url())
    threading.Timer(0.5, server.start).start()
    assert next(frames).time == 0
    assert context.states[:3] == ["connecting", "waiting", "connecting"]


@pytest.mark.parametrize("pause", ["live", "hanging", "dead"])
def test_it_ends_in_time_in_every_state(server, running, stopped_within, pause):
    source, context, frames = running(server.url(), read_timeout=1)
    list(islice(frames, 3))
    if pause == "hanging":
        server.hang()
    if pause == "dead":
        server.kill()
    assert stopped_within(PATIENCE, source, context, frames)
    source.close()
    deadline = time.monotonic() + PATIENCE
    while "cam reader" in [thread.name for thread in threading.enumerate()]:
        assert time.monotonic() < deadline, "the reader lives on"
        time.sleep(0.02)


@pytest.fixture
def camera(clips):
    with Camera(clips / "a.mp4") as made:
        yield made


def until_a_break(frames, after=1):
    """Frames up to the `after`-th one behind a discontinuity."""
    taken = []
    for packet in frames:
        taken.append(packet.frame)
        breaks = [i for i, frame in enumerate(taken) if frame.discontinuity]
        if breaks and len(taken) >= breaks[0] + after:
            return taken
    raise AssertionError("the stream ended")


def test_another_size_after_a_break_is_scaled_into_the_first(camera, clips, running):
    _, context, frames = running(camera.url())
    assert next(frames).frame.image.shape == (120, 160, 3)
    camera.video = clips / "b.mp4"
    camera.cut()
    taken = until_a_break(frames, after=5)
    assert [frame.image.shape for frame in taken[-5:]] == [(120, 160, 3)] * 5
    assert taken[-1].image[[0, -1]].max() == 0  # 96x64 is flatter than 160x120: bars above and below
    assert taken[-1].image[10:-10].mean() > 20
    assert [frame.discontinuity for frame in taken[-5:]] == [True, *[False] * 4]
    assert [a.index + 1 for a in taken[:-1]] == [b.index for b in taken[1:]]
    assert context.states[-1] == "live"


def test_another_size_within_a_connection_is_scaled_and_is_no_break(ffmpeg, tmp_path, clips, running):
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    threading.Thread(target=concatenated, args=(ffmpeg, tmp_path, clips, fifo), daemon=True).start()
    _, context, frames = running(f"fifo://{fifo}")
    taken = []
    for packet in frames:
        taken.append(packet.frame)
        if packet.frame.image[[0, -1]].max() == 0:  # 96x64 is flatter than 160x120: bars above and below
            break
    assert taken[0].image[[0, -1]].max() > 0
    assert {frame.image.shape for frame in taken} == {(120, 160, 3)}
    assert not any(frame.discontinuity for frame in taken)
    assert "reconnects" not in context.counts


def concatenated(ffmpeg, folder, clips, fifo):
    """Two videos as one stream, which changes its size on the way."""
    parts = []
    for name in ("a.mp4", "b.mp4"):
        ffmpeg("-i", clips / name, "-c", "copy", "-f", "h264", "-frames:v", "40", folder / f"{name}.h264")
        parts.append((folder / f"{name}.h264").read_bytes())
    with contextlib.suppress(BrokenPipeError), fifo.open("wb") as pipe:
        for part in parts:
            for at in range(0, len(part), 2000):
                pipe.write(part[at : at + 2000])
                pipe.flush()
                time.sleep(0.005)


@pytest.mark.slow
def test_a_pause_in_the_middle_of_a_packet_is_no_break(camera, running):
    """A read that gave up there would take the rest of the packet for something else."""
    _, context, frames = running(camera.url())
    list(islice(frames, 5))
    camera.torn = 1.3
    after = [packet.frame for packet in islice(frames, 40)]
    assert camera.torn == 0
    assert not any(frame.discontinuity for frame in after)
    assert not context.counts.keys() - {"missed"}


@pytest.mark.parametrize("how", ["silent", "trickle"])
def test_a_server_that_is_there_but_gives_no_frames_is_left(camera, running, how):
    """The age of the last frame counts: bytes that trickle in keep every read time-out content."""
    _, context, frames = running(camera.url(), stall_timeout=1)
    last = [packet.frame for packet in islice(frames, 5)][-1]
    setattr(camera, how, 60)
    noticed = []
    plain = context.alive

    def watch(state=None):
        if state == "stalled":
            noticed.append(time.monotonic())
            setattr(camera, how, 0)
            camera.cut()
        plain(state)

    context.alive = watch
    for packet in frames:
        if noticed and packet.frame.discontinuity:
            break
        last = packet.frame
    assert noticed[0] - last.captured >= 1


@pytest.mark.slow
def test_where_decoding_cannot_keep_up_pictures_are_dropped_and_the_delay_is_not(
    camera, running, monkeypatch
):
    plain = _reader.step_of

    def slowly(frame, stream):
        time.sleep(0.1)
        return plain(frame, stream)

    monkeypatch.setattr(_reader, "step_of", slowly)
    _, context, frames = running(camera.url())
    began, captured = time.monotonic(), []
    for packet in frames:
        captured.append(packet.frame.captured)
        if context.counts.get("skipped_behind", 0) > 60 or time.monotonic() - began > PATIENCE:
            break
    assert context.counts["skipped_behind"] > 20
    shown = captured[-1] - captured[len(captured) // 2]
    spent = 0.1 * (len(captured) - len(captured) // 2)
    assert shown > 0.55 * spent, "without leaving out it is 0.4: pictures of 0.04 s that take 0.1"
