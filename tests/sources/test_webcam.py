from __future__ import annotations

import threading
import time
from itertools import islice, pairwise

import pytest
from pydantic import ValidationError

from ferpipe import UsageError
from ferpipe.testing import run_source
from ferpipe_sources import cameras
from ferpipe_sources.webcam import WebcamOptions, WebcamSource

PACED = "testsrc=s=64x48:r=20,realtime"


def camera(**options):
    return WebcamSource(WebcamOptions(**options))


def test_a_real_device_gives_frames_at_its_own_pace(context):
    source = camera(device=PACED, format="lavfi")
    frames = [packet.frame for packet in run_source(source, context=context, limit=20)]
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert all(frame.time % 50_000 == 0 for frame in frames)
    assert frames[-1].captured - frames[2].captured == pytest.approx(17 / 20, abs=0.4)
    assert source.live
    assert source.stream.live
    assert context.states == ["connecting", "live"]


def test_a_slow_pipeline_gets_the_newest_frame(context):
    context.live = True
    source = camera(device=PACED, format="lavfi")
    source.open(context)
    frames = source.frames()
    captured = []
    for packet in islice(frames, 5):
        captured.append(packet.frame.captured)
        time.sleep(0.3)
    context.stop.set()
    source.close()
    # Of a queue the next one would be 0.04 s younger; the newest is as much younger as the pipeline was slow.
    assert min(after - before for before, after in pairwise(captured[1:])) > 0.2
    assert context.counts["missed"] >= 12


def test_a_device_that_goes_is_opened_again(context):
    source = camera(device="testsrc=s=64x48:r=25:d=0.4,realtime", format="lavfi", reconnect_delay=0.05)
    frames = [packet.frame for packet in run_source(source, context=context, limit=22)]
    breaks = [i for i, frame in enumerate(frames) if frame.discontinuity]
    assert breaks
    first = breaks[0]
    gap = frames[first].captured - frames[first - 1].captured
    assert frames[first].time - frames[first - 1].time == pytest.approx(gap * 1e6, abs=1000)
    assert context.counts["reconnects"] >= 1


def test_without_reconnect_the_end_is_the_end(context):
    source = camera(device="testsrc=s=64x48:r=25:d=0.4,realtime", format="lavfi", reconnect=False)
    assert 1 <= len(run_source(source, context=context)) <= 10


def test_it_ends_at_once_when_the_run_does(context):
    source = camera(device=PACED, format="lavfi")
    source.open(context)
    frames = source.frames()
    next(frames)
    context.stop.set()
    source.interrupt()
    assert len(list(frames)) <= 2  # the device goes on for ever
    source.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("webcam")]


def test_a_device_that_does_not_work_is_one_line(context):
    source = camera(device="nosuchfilter=1", format="lavfi")
    source.open(context)
    with pytest.raises(UsageError, match="does not work") as caught:
        next(source.frames())
    source.close()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(cameras.list_cameras() != (), reason="this machine has a camera")
@pytest.mark.skipif(cameras.device_format() != "v4l2", reason="not Linux")
def test_a_wrong_index_on_a_machine_without_cameras_says_so(context):
    with pytest.raises(UsageError, match="no camera 3; no camera is connected"):
        camera(device=3).open(context)


def machine(tmp_path, nodes):
    for name, (index, title) in nodes.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "index").write_text(f"{index}\n")
        (tmp_path / name / "name").write_text(f"{title}\n")
    return tmp_path


def test_cameras_are_listed_by_index_without_their_metadata_nodes(tmp_path):
    folder = machine(
        tmp_path,
        {
            "video10": (0, "Capture"),
            "video0": (0, "HD Webcam"),
            "video1": (1, "HD Webcam"),
            "vbi0": (0, "TV"),
        },
    )
    found = cameras.linux_cameras(folder)
    assert [(camera.index, camera.path, camera.name) for camera in found] == [
        (0, "/dev/video0", "HD Webcam"),
        (10, "/dev/video10", "Capture"),
    ]


def test_a_wrong_index_says_which_exist(tmp_path, context, monkeypatch):
    folder = machine(tmp_path, {"video7": (0, "HD Webcam")})
    monkeypatch.setattr(cameras, "LINUX_DEVICES", folder)
    monkeypatch.setattr(cameras.sys, "platform", "linux")
    with pytest.raises(UsageError, match=r"connected are: 7 \(HD Webcam, /dev/video7\)"):
        camera(device=3).open(context)


def test_no_cameras_where_there_is_no_such_folder(tmp_path):
    assert cameras.linux_cameras(tmp_path / "nothing") == ()


@pytest.mark.parametrize("device", [0, "0"])
def test_an_index_is_a_device_node_on_linux(device, monkeypatch):
    monkeypatch.setattr(cameras.sys, "platform", "linux")
    assert cameras.camera_path(device) == "/dev/video0"
    assert cameras.camera_path("/dev/v4l/by-id/x") == "/dev/v4l/by-id/x"


def test_half_a_size_is_refused():
    with pytest.raises(ValidationError, match="both width and height"):
        WebcamOptions(width=640)
