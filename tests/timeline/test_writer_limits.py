"""A timeline outlives a kill and a full disk, and neither its end nor its memory grows with the frames."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from support.portraits import STREAM, portrait

from ferpipe import RunError
from ferpipe.timeline import FORMATS, Writer, header_of, load, record_of


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_left_for_the_end_does_not_grow_with_the_frames(tmp_path: Path, form: str) -> None:
    left = []
    for frames in (50, 2000):
        writer = Writer(tmp_path / f"a.{form}", form, header_of(STREAM, classes=["happy", "other"]))
        for i in range(frames):
            writer.write(record_of(portrait(i * 40_000)))
        before = writer.part.stat().st_size
        writer.close()
        left.append(writer.target.stat().st_size - before)
    assert abs(left[1] - left[0]) < 200


def test_a_killed_run_leaves_every_frame_it_wrote(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from ferpipe.packet import StreamInfo\n"
        "from ferpipe.testing import make_packet\n"
        "from ferpipe.timeline import Writer, header_of, record_of\n"
        f"w = Writer(Path({str(tmp_path / 'a.json')!r}), 'json', header_of(StreamInfo('s', 'file')))\n"
        "for i in range(50): w.write(record_of(make_packet(time=i * 40_000, index=i)))\n"
        "print('written', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "a.json").exists()
    timeline = load(tmp_path / "a.json.part")
    assert (len(timeline.frames), timeline.complete) == (50, False)
    assert timeline.summary["frames_without_faces"] == 50
    assert timeline.summary["duration"] == 2.0


def test_a_full_disk_is_one_line_and_leaves_what_was_written(tmp_path: Path) -> None:
    header = header_of(STREAM)
    writer = Writer(tmp_path / "a.json", "json", header)
    for i in range(20):
        writer.write(record_of(portrait(i * 40_000)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (writer.part.stat().st_size + 40, hard))
    try:
        with pytest.raises(
            RunError, match=r"cannot write the timeline .*a\.json.*: File too large"
        ) as failure:
            writer.write(record_of(portrait(800_000)))
        with pytest.raises(RunError):
            writer.write(record_of(portrait(840_000)))
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "\n" not in str(failure.value)
    assert len(load(tmp_path / "a.json.part").frames) == 20


def test_the_first_byte_that_does_not_fit_is_said(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(RunError, match="File too large"):
            Writer(tmp_path / "a.jsonl", "jsonl", header_of(STREAM))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_frames(tmp_path: Path) -> None:
    header = header_of(STREAM)
    peaks = []
    for frames in (2_000, 8_000):
        tracemalloc.start()
        writer = Writer(tmp_path / "a.json", "json", header)
        for i in range(frames):
            writer.write(record_of(portrait(i * 40_000)))
        writer.close()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000
