"""What is a stall and what is not, what opening may take, and addresses that are refused."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from pydantic import ValidationError

from ferpipe import RunError
from ferpipe_sources.rtsp import RtspOptions, RtspSource


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def write(fifo: Path, pieces: Callable[[], Iterator[bytes]]) -> None:
    """Write into the pipe in a thread."""

    def work() -> None:
        with contextlib.suppress(BrokenPipeError), fifo.open("wb", buffering=0) as pipe:
            for piece in pieces():
                pipe.write(piece)

    threading.Thread(target=work, daemon=True).start()


def test_a_recording_behind_a_slow_stage_ends_once(coded, fifo, running, shown):
    """Its last frames wait for the stage for longer than a stream may be silent."""
    data = coded([40 * i for i in range(12)], "a.ts", bf="0").read_bytes()
    write(fifo, lambda: iter([data]))
    _, context, frames = running(f"fifo://{fifo}", live=False, stall_timeout=1.0)
    taken = []
    for packet in frames:
        taken.append(packet.frame)
        time.sleep(0.2)
    assert shown(taken) == list(range(12))
    assert context.counts == {}


@pytest.mark.slow
def test_catching_up_to_a_key_frame_far_off_is_no_stall(ffmpeg, tmp_path, fifo, running):
    """After a pause of the network the delay stays; pictures come, although none is decoded for 3 s."""
    coding = ("-c:v", "libx264", "-bf", "0", "-g", "175", "-keyint_min", "175", "-sc_threshold", "0")
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=8", *coding, tmp_path / "a.flv")
    data = (tmp_path / "a.flv").read_bytes()

    def paced() -> Iterator[bytes]:
        began, at = time.monotonic(), 13
        yield data[:at]
        while at < len(data):
            size = int.from_bytes(data[at + 1 : at + 4], "big") + 15
            stamp = int.from_bytes(data[at + 4 : at + 7], "big") / 1000
            time.sleep(max(0.0, began + stamp + (1.2 if stamp > 1.5 else 0.0) - time.monotonic()))
            yield data[at : at + size]
            at += size

    write(fifo, paced)
    _, context, frames = running(f"fifo://{fifo}", stall_timeout=2.0, reconnect=False)
    times = [packet.time for packet in frames]
    assert context.counts["skipped_behind"] > 50
    assert "stalls" not in context.counts
    assert times[-1] > 6_000_000


def test_a_pipe_without_a_writer_is_waited_for_as_long_as_opening_may_take(fifo, running):
    _, _, frames = running(f"fifo://{fifo}", open_timeout=1.0, read_timeout=0.1, reconnect=False)
    with pytest.raises(RunError, match="did not answer within 1 s"):
        next(frames)


def test_what_nobody_foresaw_is_no_proper_end(running, monkeypatch):
    def odd(_source):
        raise LookupError("as odd as can be")

    monkeypatch.setattr(RtspSource, "_connect", odd)
    _, _, frames = running("rtsp://127.0.0.1:9/x")
    with pytest.raises(LookupError, match="as odd"):
        next(frames)


def test_what_nobody_foresaw_is_tried_again_once_there_were_frames(server, running, monkeypatch):
    plain, asked = RtspSource._connect, []

    def odd(source):
        asked.append(1)
        if len(asked) == 2:
            raise LookupError("as odd as can be")
        return plain(source)

    monkeypatch.setattr(RtspSource, "_connect", odd)
    _, context, frames = running(server.url())
    next(frames)
    server.kill()
    server.start()
    assert any(packet.frame.discontinuity for packet in islice(frames, 500))
    assert context.counts["reconnects"] >= 2


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://me:hunter2 x@cam/x",
        "rtsp://me:hunter2\t@cam/x",
        "rtsp://me:hunter2\u2100@cam/x",
        "rtsp://me:hunter2[@cam/x",
        "rtsp://me:hunter2@\ud800/x",
        "me:hunter2@cam/x",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_its_password(url):
    with pytest.raises(ValidationError) as caught:
        RtspOptions(url=url)
    (error,) = caught.value.errors()
    assert "hunter2" not in error["msg"]
    assert "address" in error["msg"]
