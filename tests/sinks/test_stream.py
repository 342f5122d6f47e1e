"""A live stream reaches who listens, and never holds up the run for who does not."""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from pydantic import ValidationError
from sinks_material import picture

from ferpipe import UsageError
from ferpipe.testing import TestContext, make_packet
from ferpipe_sinks.stream import StreamOptions, StreamSink


def sink(url: str, **options: object) -> StreamSink:
    return StreamSink(StreamOptions.model_validate({"url": url, **options}))


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children() -> set[str]:
    """The ids of this process's children, zombies too."""
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # threads end in between
            found |= set((task / "children").read_text().split())
    return found


@pytest.fixture
def clean() -> Iterator[None]:
    """Neither a process nor a thread nor a file is left."""
    gc.collect()  # what other tests left to the garbage may go now, and hide what is left here
    before = children()
    threads = set(threading.enumerate())
    files = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert children() <= before
    assert set(threading.enumerate()) <= threads
    assert len(list(Path("/proc/self/fd").iterdir())) <= files


def feed(stage: StreamSink, seconds: float, *, shade: int = 200) -> int:
    """Give pictures at up to 50 a second; how many."""
    end, index = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        packet = make_packet(picture(shade=shade), time=index * 20_000, index=index)
        stage.process(packet)
        index += 1
        time.sleep(0.02)
    return index


@pytest.mark.usefixtures("clean")
def test_hls_is_a_folder_that_plays(context: TestContext) -> None:
    stage = sink("live/index.m3u8")
    stage.open(context)
    feed(stage, 2.5)
    stage.close()
    playlist = context.folder / "live" / "index.m3u8"
    assert context.outputs == [playlist]
    with av.open(str(playlist)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(frames) > 20
    assert np.abs(frames[-1].astype(int) - picture(shade=200)).mean() < 8
    assert "restarts" not in context.counts


@pytest.mark.usefixtures("clean")
def test_udp_reaches_who_listens(context: TestContext) -> None:
    port = free_port(socket.SOCK_DGRAM)
    seen: list[np.ndarray] = []

    def listen() -> None:
        with av.open(f"udp://127.0.0.1:{port}", format="mpegts", timeout=10) as container:
            for frame in container.decode(video=0):
                seen.append(frame.to_ndarray(format="bgr24"))
                if len(seen) >= 5:
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    stage = sink(f"udp://127.0.0.1:{port}?pkt_size=1316")
    stage.open(context)
    begin = time.monotonic()
    while listener.is_alive() and time.monotonic() - begin < 15:
        feed(stage, 0.2)
    stage.close()
    listener.join(10)
    assert len(seen) == 5
    assert np.abs(seen[-1].astype(int) - picture(shade=200)).mean() < 8


@pytest.mark.usefixtures("clean")
def test_a_server_that_is_away_holds_nothing_up(
    context: TestContext, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port(socket.SOCK_STREAM)
    stage = sink(f"rtsp://user:secret@127.0.0.1:{port}/cam")
    stage.open(context)
    with caplog.at_level(logging.WARNING):
        given = feed(stage, 2.5)
    stage.close()
    assert given > 10, "a call waited for the server"
    assert context.counts["restarts"] >= 1
    assert context.counts["unsent"] > 10
    assert "retrying" in caplog.text
    assert "***@127.0.0.1" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.usefixtures("clean")
def test_a_server_that_never_answers_holds_nothing_up(context: TestContext) -> None:
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen()
        stage = sink(f"rtmp://127.0.0.1:{hole.getsockname()[1]}/live/cam")
        stage.open(context)
        given = feed(stage, 1.5)  # the server answers never, and whoever waits for it neither
        stage.close()
    assert given > 10, "a call waited for the server"


@pytest.mark.usefixtures("clean")
def test_an_ffmpeg_that_is_killed_is_started_again(context: TestContext) -> None:
    stage = sink("index.m3u8")
    stage.open(context)
    feed(stage, 1.0)
    assert stage._sender is not None
    first = stage._sender
    first.stop()
    feed(stage, 2.0)
    assert stage._sender is not first
    stage.close()
    assert context.counts["restarts"] == 1


@pytest.mark.usefixtures("clean")
def test_a_run_without_frames_starts_nothing(context: TestContext) -> None:
    stage = sink("index.m3u8")
    stage.open(context)
    assert list(stage.flush()) == []
    stage.close()
    assert list(context.folder.iterdir()) == []


def test_a_new_resolution_goes_on_in_the_same_stream(context: TestContext) -> None:
    stage = sink("index.m3u8")
    stage.open(context)
    feed(stage, 0.5)
    stage.process(make_packet(picture(51, 200), time=10_000_000))
    time.sleep(1.0)
    stage.close()
    with av.open(str(context.folder / "index.m3u8")) as container:
        assert {(frame.width, frame.height) for frame in container.decode(video=0)} == {(160, 96)}
    assert "restarts" not in context.counts


@pytest.mark.parametrize("url", ["http://u:secret@host/x", "cam.mp4", "rtsp:/host"])
def test_an_address_that_cannot_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        sink(url)
    assert "neither one of rtsp://" in error.value.errors()[0]["msg"]
    assert "secret" not in error.value.errors()[0]["msg"]


def test_an_address_with_a_space_which_nothing_could_redact_is_refused() -> None:
    with pytest.raises(ValidationError) as error:
        sink("rtmp://me:secret x@host/live")
    assert "%20" in error.value.errors()[0]["msg"]
    assert "secret" not in error.value.errors()[0]["msg"]


@pytest.mark.parametrize("url", ["RTSP://host/x", "rtsp://me:secret\u2100@host/x"])
def test_an_address_that_ffmpeg_takes_is_taken(url: str) -> None:
    assert sink(url).options.url == url


def test_an_ffmpeg_that_is_not_there_is_named(context: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    with pytest.raises(UsageError, match="'/nowhere/ffmpeg' cannot be run"):
        sink("udp://127.0.0.1:9").open(context)


def test_an_ffmpeg_that_cannot_be_started_holds_up_nothing(
    context: TestContext, caplog: pytest.LogCaptureFixture
) -> None:
    stage = sink("udp://127.0.0.1:9")
    stage.open(context)
    stage._ffmpeg = str(context.folder)
    stage.process(make_packet(picture()))
    deadline = time.monotonic() + 20
    while not context.counts.get("restarts"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    stage.close()
    assert "ffmpeg cannot be started" in caplog.text
