"""Live streams through whole pipelines."""

from __future__ import annotations

import contextlib
import os
import threading
import time

import av
import pytest
from support.camera import Camera
from support.patience import PATIENCE
from support.rtsp import free_port

from ferpipe import Options, Pipeline, Stage, timeline
from ferpipe.cli import _progress
from ferpipe.resources import shipped
from ferpipe.run.control import Control
from ferpipe.run.gate import Gate
from ferpipe.run.ledger import Ledger
from ferpipe.testing import make_packet
from ferpipe_sources._picture import Converter

PACED = "testsrc=s=64x48:r=50,realtime"


class Slow(Stage[Options]):
    """Takes a fifth of a second a frame."""

    needs = frozenset({"frame"})

    def open(self, context):
        super().open(context)
        self.captured = []

    def process(self, packet):
        time.sleep(0.2)
        self.captured.append(packet.frame.captured)
        return packet


@pytest.mark.parametrize("executor", ["inline", "threads"])
def test_pictures_that_nobody_waits_for_are_not_made(executor, monkeypatch):
    made = []
    plain = Converter.__call__
    monkeypatch.setattr(Converter, "__call__", lambda *given: made.append(1) or plain(*given))
    slow = Slow()
    pipeline = Pipeline.of(("webcam", {"device": PACED, "format": "lavfi"}), slow, executor=executor)
    for seen, _ in enumerate(pipeline, 1):
        if seen == 8:
            break
    source = pipeline.report.sources[0]
    assert source.dropped["late"] > 30
    assert source.entered == source.out + sum(source.dropped.values())
    assert len(made) <= source.out + sum(source.dropped.values()) - source.dropped["late"] + 2
    # The newest frame is as much younger as the stage takes, which is 0.2 s; of a queue, one period.
    assert slow.captured[-1] - slow.captured[3] > 0.15 * (len(slow.captured) - 4)


def test_motion_jpeg_is_decoded_only_where_it_is_wanted(ffmpeg, tmp_path, monkeypatch):
    """And a picture that cannot be decoded is left out."""
    from ferpipe_sources._reader import Reader

    fifo = tmp_path / "jpeg"
    os.mkfifo(fifo)
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:r=50:d=8", "-c:v", "mjpeg", "-f", "mpjpeg", tmp_path / "a")
    mark = b"--ffmpeg"
    parts = [mark + part for part in (tmp_path / "a").read_bytes().split(mark)[1:]]
    for i in range(5, len(parts), 10):
        head, _, body = parts[i].partition(b"\r\n\r\n")
        parts[i] = head + b"\r\n\r\n" + b"\xff\xd8" + bytes(len(body) - 4) + b"\r\n"

    def write():
        with contextlib.suppress(BrokenPipeError), fifo.open("wb", buffering=0) as pipe:
            for part in parts:
                pipe.write(part)
                time.sleep(0.02)

    threading.Thread(target=write, daemon=True).start()
    asked = []
    plain = Reader.picture
    monkeypatch.setattr(Reader, "picture", lambda self, shot: asked.append(shot) or plain(self, shot))
    slow = Slow()
    pipeline = Pipeline.of(("rtsp", {"url": f"fifo://{fifo}"}), slow)
    for seen, packet in enumerate(pipeline, 1):
        assert packet.frame.image.shape == (48, 64, 3)
        if seen == 8:
            break
    assert all(shot.frame is None and shot.coded is not None for shot in asked)
    assert len(asked) <= 16
    assert pipeline.report.sources[0].dropped["late"] > 16


def test_the_state_is_in_the_progress_line_and_in_the_figures():
    pipeline = Pipeline.of(
        ("rtsp", {"url": f"rtsp://127.0.0.1:{free_port()}/x", "reconnect_delay": 30}), Slow()
    )
    run = pipeline.start()
    deadline = time.monotonic() + PATIENCE
    while (state := run.report().stages[0].state) != "waiting":
        assert time.monotonic() < deadline, state
        time.sleep(0.01)
    report = run.report()
    pace = _progress._Pace()
    pace.add(report.sources[0])
    assert "waiting" in _progress._line(report, report.sources[0], pace)
    assert report.to_dict()["stages"][0]["state"] == "waiting"
    run.finish()
    assert run.wait(10)


def test_a_run_that_may_lose_nothing_loses_nothing():
    source = {"device": "testsrc=s=64x48:r=50:d=0.2,realtime", "format": "lavfi", "reconnect": False}
    pipeline = Pipeline.of(("webcam", source), Slow(), mode="lossless")
    report = pipeline.run()
    assert report.frames == 10
    assert not report.sources[0].dropped


def test_a_break_is_still_marked_where_the_frame_behind_it_was_replaced():
    control = Control()
    gate = Gate(Ledger(1, control), control, (), 1, lambda: True)
    for i, broken in enumerate((True, False, False)):
        gate.offer(make_packet(time=i, index=i, discontinuity=broken))
    first = gate.take()
    assert first.packet.frame.index == 2
    assert first.packet.frame.discontinuity


@pytest.fixture(scope="module")
def faces(ffmpeg, tmp_path_factory):
    """The sample's face in two sizes."""
    folder = tmp_path_factory.mktemp("faces")
    for name, width in (("large.mp4", 480), ("small.mp4", 320)):
        size = ("-vf", f"scale={width}:-2", "-pix_fmt", "yuv420p")
        coding = ("-preset", "ultrafast", "-g", "10", "-bf", "0")
        part = ("-ss", "2", "-i", shipped("samples") / "demo.mp4", "-t", "3", "-an")
        ffmpeg(*part, *size, *coding, folder / name)
    return folder


@pytest.mark.slow
def test_a_break_with_another_size_goes_through_every_stage(faces, tmp_path):
    with Camera(faces / "large.mp4") as camera:
        pipeline = Pipeline.of(
            ("rtsp", {"url": camera.url("me:secret@"), "reconnect_delay": 0.05}),
            ("blazeface", {"every": 2}),
            "track",
            "align",
            "litert",
            "smooth",
            "overlay",
            ("video", {"path": str(tmp_path / "out.mkv"), "preset": "ultrafast"}),
            ("timeline", {"path": str(tmp_path / "out.jsonl")}),
        )
        packets, seen = [], 0
        for packet in pipeline:
            packets.append(packet)
            seen += bool(packet.faces)
            if seen == 8 and camera.video.name == "large.mp4":
                camera.video = faces / "small.mp4"
                camera.cut()
            if packet.frame.discontinuity:
                seen = 8
            if seen == 16 and any(one.frame.discontinuity for one in packets):
                break
    (at,) = [i for i, packet in enumerate(packets) if packet.frame.discontinuity]
    before, after = packets[:at], packets[at:]
    people = [{face.track for packet in part for face in packet.faces} for part in (before, after)]
    assert all(people)
    assert not people[0] & people[1], "nobody is taken for the same person over a gap"
    first = next(face.emotion for packet in after for face in packet.faces if face.emotion is not None)
    assert first.probabilities == pytest.approx(first.raw, abs=1e-6)
    times = [packet.time for packet in packets]
    assert times == sorted(set(times))
    with av.open(str(tmp_path / "out.mkv")) as video:
        sizes = {(frame.width, frame.height) for frame in video.decode(video=0)}
    assert sizes == {(packets[0].frame.image.shape[1], packets[0].frame.image.shape[0])}
    told = (tmp_path / "out.jsonl").read_text()
    assert "secret" not in told
    frames = timeline.load(tmp_path / "out.jsonl").frames
    assert sum(frame.get("discontinuity", False) for frame in frames) == 1
