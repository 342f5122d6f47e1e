"""The video that is written has the times, the colours and the sound of what went in."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
from collections import deque
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from pydantic import ValidationError
from sinks_material import decoded, film, picture, sound_packets
from support.handles import held_below

from ferpipe import RunError, StreamInfo
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_sinks.video import VideoOptions, VideoSink

VARIABLE = [0, 40_007, 80_014, 90_000, 333_333, 333_334, 700_001, 1_000_000, 1_900_000]
STEADY = [i * 40_000 for i in range(75)]


def sink(path: str = "out.mp4", **options: object) -> VideoSink:
    return VideoSink(VideoOptions.model_validate({"path": path, "preset": "ultrafast", **options}))


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_every_frame_keeps_its_time_to_the_microsecond(context: TestContext, codec: str) -> None:
    run_stage(sink(codec=codec), film(VARIABLE), context=context)
    assert [time for time, _ in decoded(context.folder / "out.mp4")] == VARIABLE
    assert context.outputs == [context.folder / "out.mp4"]
    assert not (context.folder / "out.mp4.part").exists()


def test_matroska_keeps_them_to_the_millisecond(context: TestContext) -> None:
    times = [0, 40_007, 80_014, 333_333, 1_900_000]
    run_stage(sink("out.mkv"), film(times), context=context)
    written = [time for time, _ in decoded(context.folder / "out.mkv")]
    assert written == [round(time / 1000) * 1000 for time in times]


def test_a_stream_that_begins_late_keeps_its_lead_and_a_part_begins_at_once(context: TestContext) -> None:
    late = film([60_000_000 + time for time in VARIABLE])
    run_stage(sink("lead.mp4"), late, context=context)
    assert [time for time, _ in decoded(context.folder / "lead.mp4")] == [60_000_000 + t for t in VARIABLE]
    context.streams["source"] = StreamInfo("source", "t", start=59_990_000)
    run_stage(sink("cut.mp4"), late, context=context)
    assert [time for time, _ in decoded(context.folder / "cut.mp4")] == [10_000 + t for t in VARIABLE]


def test_the_last_frame_lasts_as_long_as_the_one_before(context: TestContext) -> None:
    run_stage(sink(), film([0, 40_000, 80_000, 120_000]), context=context)
    with av.open(str(context.folder / "out.mp4")) as container:
        assert container.duration == pytest.approx(160_000, abs=1000)


def test_colours_stay(context: TestContext) -> None:
    colours = [(40, 40, 210), (40, 200, 40), (210, 60, 40), (240, 240, 240), (15, 15, 15), (200, 60, 180)]
    image = np.zeros((96, 192, 3), np.uint8)
    for i, colour in enumerate(colours):
        image[:, i * 32 : (i + 1) * 32] = colour
    run_stage(sink(crf=10), [make_packet(image, time=t) for t in (0, 40_000)], context=context)
    (_, seen), *_ = decoded(context.folder / "out.mp4")
    for i, colour in enumerate(colours):
        middle = seen[20:76, i * 32 + 10 : i * 32 + 22].reshape(-1, 3).mean(axis=0)
        assert middle == pytest.approx(colour, abs=6)
    # ffmpeg's own reading of the tags agrees with PyAV's.
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(context.folder / "out.mp4")]
    raw = subprocess.run(
        [*command, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"],
        check=True,
        capture_output=True,
    ).stdout
    other = np.frombuffer(raw, np.uint8).reshape(image.shape)
    assert np.abs(other.astype(int) - seen).max() <= 8


def test_the_canvas_is_written_where_there_is_one(context: TestContext) -> None:
    dark = make_packet(picture(), canvas=np.full((96, 160, 3), 30, np.uint8))
    run_stage(sink(), [dark], context=context)
    assert decoded(context.folder / "out.mp4")[0][1].max() < 50


def test_odd_sizes_lose_nothing(context: TestContext) -> None:
    image = picture(161, 97)
    run_stage(sink(crf=10), [make_packet(image)], context=context)
    (_, seen), *_ = decoded(context.folder / "out.mp4")
    assert seen.shape == (98, 162, 3)
    assert np.abs(seen[:97, :161].astype(int) - image).mean() < 4


@pytest.mark.parametrize("size", [(1, 1), (2, 3)])
def test_the_smallest_pictures_are_a_video_too(context: TestContext, size: tuple[int, int]) -> None:
    run_stage(sink(), [make_packet(picture(*size))], context=context)
    assert len(decoded(context.folder / "out.mp4")) == 1


def test_a_new_resolution_is_fitted_into_the_first(context: TestContext) -> None:
    tall = make_packet(np.full((200, 50, 3), 200, np.uint8), time=40_000, index=1)
    run_stage(sink(crf=10), [make_packet(picture()), tall], context=context)
    seen = decoded(context.folder / "out.mp4")[1][1]
    assert seen.shape == (96, 160, 3)
    assert seen[48, 80].min() > 180
    assert seen[:, :60].max() < 30


def test_the_sound_is_copied_bit_by_bit(context: TestContext, talkie: Path) -> None:
    stream = StreamInfo("source", "talkie.mp4", path=str(talkie), duration=3_000_000)
    context.streams["source"] = stream
    run_stage(sink(), film(STEADY), context=context)
    out = context.folder / "out.mp4"
    assert sound_packets(out) == sound_packets(talkie)
    with av.open(str(out)) as made, av.open(str(talkie)) as given:
        first = [next(frame.time for frame in each.decode(audio=0)) for each in (made, given)]
        assert first[0] == pytest.approx(first[1], abs=0.001)
    assert [time for time, _ in decoded(out)] == STEADY


def test_sound_can_be_omitted_and_need_not_be_there(
    context: TestContext, talkie: Path, tmp_path: Path
) -> None:
    context.streams["source"] = StreamInfo("source", "t", path=str(talkie))
    run_stage(sink("mute.mp4", audio=False), film(VARIABLE), context=context)
    assert context.counts == {}
    (tmp_path / "still.txt").write_text("no film")
    context.streams["source"] = StreamInfo("source", "t", path=str(tmp_path / "still.txt"))
    run_stage(sink("still.mp4"), film(VARIABLE), context=context)
    assert context.counts == {"sound_lost": 1}
    for name in ("mute.mp4", "still.mp4"):
        with av.open(str(context.folder / name)) as container:
            assert not container.streams.audio


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_a_killed_run_leaves_what_plays_up_to_the_last_second(
    tmp_path: Path, talkie: Path, name: str
) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from sinks_material import film\n"
        "from ferpipe import StreamInfo; from ferpipe.testing import TestContext\n"
        "from ferpipe_sinks.video import VideoOptions, VideoSink\n"
        f"context = TestContext(Path({str(tmp_path)!r}))\n"
        f"context.streams['source'] = StreamInfo('source', 't', path={str(talkie)!r}, duration=3_000_000)\n"
        f"sink = VideoSink(VideoOptions(path={name!r})); sink.open(context)\n"
        "for packet in film([i * 40_000 for i in range(150)]): sink.process(packet)\n"
        "print('written', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    times = [time for time, _ in decoded(tmp_path / f"{name}.part")]
    assert times[:3] == [0, 40_000, 80_000]
    assert times[-1] > 150 * 40_000 - 1_500_000
    assert all(b - a == 40_000 for a, b in pairwise(times))


def test_a_full_disk_is_one_line_and_ends_nothing_else(context: TestContext) -> None:
    stage = sink(crf=0)
    noise = np.random.default_rng(0)
    packets = [
        make_packet(noise.integers(0, 255, (240, 320, 3), np.uint8), time=i * 40_000, index=i)
        for i in range(30)
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        stage.open(context)
        with pytest.raises(RunError, match=r"cannot write the video .*out\.mp4.*File too large") as failure:
            deque(map(stage.process, packets), maxlen=0)
        with pytest.raises(RunError):
            stage.process(make_packet(picture(), time=9_000_000))
        stage.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "\n" not in str(failure.value)
    assert context.outputs == []
    assert (context.folder / "out.mp4.part").exists()


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_a_disk_that_is_full_only_at_the_end_says_so_and_holds_no_file(
    context: TestContext, name: str
) -> None:
    """What the encoder kept back is what no longer fits."""
    stage = sink(name, preset="veryfast")
    noise = np.random.default_rng(0)
    stage.open(context)
    for i in range(16):
        image = noise.integers(0, 255, (120, 160, 3), np.uint8)
        stage.process(make_packet(image, time=i * 40_000, index=i))
    written = (context.folder / f"{name}.part").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (written + 100, hard))
    try:
        stage.flush()
        with pytest.raises(RunError, match=r"cannot write the video .*File too large; what was written"):
            stage.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert held_below(context.folder) == []


def test_a_folder_that_vanishes_is_one_line(context: TestContext) -> None:
    stage = sink("deep/out.mp4")
    stage.open(context)
    shutil.rmtree(context.folder / "deep")
    with pytest.raises(RunError, match=r"cannot write the video .*no longer there"):
        stage.process(make_packet(picture()))
    stage.close()


def test_a_run_without_frames_writes_nothing(context: TestContext) -> None:
    run_stage(sink(), [], context=context)
    assert context.outputs == []
    assert list(context.folder.iterdir()) == []


def test_no_file_stays_open(context: TestContext, talkie: Path) -> None:
    context.streams["source"] = StreamInfo("source", "t", path=str(talkie))
    run_stage(sink(), film(VARIABLE), context=context)
    assert held_below(context.folder, talkie.parent) == []


def test_a_name_without_a_known_ending_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"does not end in one of \.mp4"):
        sink("out.avi")
