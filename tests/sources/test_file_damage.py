from __future__ import annotations

import os
import random
import socket
from itertools import pairwise

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferpipe import UsageError
from ferpipe.testing import TestContext, run_source
from ferpipe_sources.file import FileOptions, FileSource

EVEN = [40 * i for i in range(50)]


def read(path, context, **options):
    source = FileSource(FileOptions(path=str(path), **options))
    return [p.frame for p in run_source(source, context=context)]


def refusal(path, context, **options):
    with pytest.raises(UsageError) as caught:
        read(path, context, **options)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def test_a_truncated_file_gives_what_it_has_and_says_so(ffmpeg, tmp_path, context):
    whole = tmp_path / "whole.mp4"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=160x120:r=25:d=8",
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
        whole,
    )
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    frames = read(cut, context)
    everything = read(whole, TestContext(tmp_path))
    assert 20 < len(frames) < 180
    assert [f.time for f in frames] == [f.time for f in everything[: len(frames)]]
    assert context.counts["truncated"] == 1


def test_a_whole_file_is_not_called_truncated(coded, context):
    read(coded(EVEN), context)
    assert context.counts == {}


def test_a_file_cut_before_its_index_is_one_line(coded, context):
    path = coded(EVEN)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "cut short" in refusal(path, context)


@pytest.mark.parametrize("name", ["damaged.mp4", "damaged.mkv", "damaged.ts"])
def test_corruption_in_the_middle_costs_only_the_middle(ffmpeg, tmp_path, context, name):
    path = tmp_path / name
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=4", "-pix_fmt", "yuv420p", "-g", "10", "-bf", "0", path
    )
    healthy = {frame.time: frame.image.copy() for frame in read(path, TestContext(tmp_path))}
    with av.open(str(path)) as container:
        places = [p.pos for p in container.demux(video=0) if p.pos is not None]
    data = bytearray(path.read_bytes())
    begin, end = places[40], places[55]
    data[begin + 30 : end - 30] = bytes(random.Random(1).choices(range(256), k=end - begin - 60))  # noqa: S311
    path.write_bytes(data)
    frames = read(path, context)
    assert sum(context.counts.values()) > 0 or name.endswith("mkv")
    assert frames[0].time == 0
    assert frames[-1].time == max(healthy)
    right = sum(bool((frame.image == healthy.get(frame.time, -1)).all()) for frame in frames)
    assert right >= 70


def stamped(path, stamps):
    """An MJPEG file in which packet i carries `stamps[i]` milliseconds, right or wrong."""
    with av.open(str(path), "w", format="nut") as container:
        stream = container.add_stream("mjpeg", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(len(stamps)):
            frame = av.VideoFrame(64, 48, "yuvj420p")
            for plane in frame.planes:
                plane.update(bytes([128]) * plane.buffer_size)
            frame.pts = number
            for packet in stream.encode(frame):
                packet.pts = stamps[number]
                packet.dts = number
                container.mux(packet)
    return path


def test_stamps_below_zero_are_repaired_and_those_above_it_kept(ffmpeg, coded, tmp_path, context, shown):
    path = tmp_path / "negative.mkv"
    below = ("-avoid_negative_ts", "disabled", "-output_ts_offset", "-1")
    ffmpeg("-i", coded(EVEN, bf="0"), "-c", "copy", *below, path)
    frames = read(path, context)
    assert shown(frames) == list(range(50))
    assert frames[0].time == 0
    assert context.counts["repaired_pts"] >= 24
    assert {b.time - a.time for a, b in pairwise(frames[30:])} == {40_000}


def test_repeated_stamps_are_parted_and_counted(tmp_path, context):
    path = stamped(tmp_path / "repeated.nut", [0, 40, 40, 80, 120])
    assert [frame.time for frame in read(path, context)] == [0, 40_000, 40_001, 80_000, 120_000]
    assert context.counts["repaired_pts"] == 1


def test_a_stamp_that_steps_back_is_repaired_and_counted(tmp_path, context):
    path = stamped(tmp_path / "back.nut", [100, 140, 120, 180])
    assert [frame.time for frame in read(path, context)] == [0, 40_000, 40_001, 80_000]
    assert context.counts["repaired_pts"] == 1


def test_repairs_are_counted_once_although_start_reads_twice(ffmpeg, coded, tmp_path, context):
    path = tmp_path / "raw.h264"
    ffmpeg("-i", coded([40 * i for i in range(20)], bf="0"), "-c", "copy", path)
    everything = [frame.time for frame in read(path, TestContext(tmp_path))]
    assert [f.time for f in read(path, context, start=everything[5] / 1e6)] == everything[5:]
    assert context.counts["repaired_pts"] == 20


def test_a_missing_file(tmp_path, context):
    assert "is not there" in refusal(tmp_path / "nothing.mp4", context)


def test_a_directory(tmp_path, context):
    assert "is a folder" in refusal(tmp_path, context)


def test_an_empty_file(tmp_path, context):
    (tmp_path / "empty.mp4").touch()
    assert "is empty" in refusal(tmp_path / "empty.mp4", context)


def test_a_pipe_is_not_waited_for(tmp_path, context):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "is a pipe or device" in refusal(tmp_path / "pipe.mp4", context)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(coded, context):
    path = coded([0, 40])
    path.chmod(0)
    assert "permission" in refusal(path, context).lower()


def test_no_permission_on_the_folder(coded, context, monkeypatch):
    """What the system says to everybody but root, said here by the call that asks it."""
    path = coded([0, 40])

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", denied)
    assert "cannot be read: Permission denied" in refusal(path, context)


@pytest.mark.parametrize(
    "content", [b"hello\n" * 100, b"\0" * 5000, bytes(range(256)) * 20, b"%PDF-1.7\n" + b"x" * 999]
)
def test_other_files_called_mp4(tmp_path, context, content):
    path = tmp_path / "other.mp4"
    path.write_bytes(content)
    assert "not a video" in refusal(path, context)


def test_a_wrong_extension_does_not_matter(coded, context):
    path = coded([0, 40])
    assert len(read(path.rename(path.with_suffix(".txt")), context)) == 2


def test_sound_only_says_what_it_holds(ffmpeg, tmp_path, context):
    path = tmp_path / "sound.m4a"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    assert "audio (aac" in refusal(path, context)


def test_a_song_with_a_cover_is_sound_only(ffmpeg, tmp_path, context):
    cover, path = tmp_path / "cover.png", tmp_path / "song.mp3"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", cover)
    sound = ("-f", "lavfi", "-i", "sine=d=1", "-i", cover, "-map", "0", "-map", "1")
    ffmpeg(*sound, "-c:v", "copy", "-disposition:v", "attached_pic", "-id3v2_version", "3", path)
    assert "no video stream" in refusal(path, context)


@pytest.mark.parametrize("url", ["rtsp://me:secret@camera/1", "http://host/x.mp4", "udp://0.0.0.0:1"])
def test_an_address_is_sent_to_the_right_source(url, context):
    said = refusal(url, context)
    assert "use: rtsp" in said
    assert "secret" not in said


def test_a_start_beyond_the_end_says_where_the_end_is(coded, context):
    assert "is over at 1.9" in refusal(coded(EVEN), context, start=60)


def test_a_playlist_cannot_lead_to_the_network(tmp_path, context):
    playlist = tmp_path / "list.m3u8"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.ts"
        playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n")
        refusal(playlist, context)
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_names_that_look_like_protocols_are_names(coded, context):
    path = coded([0, 40])
    odd = path.rename(path.with_name("concat:a|b:c.mp4"))
    assert len(read(odd, context)) == 2


@pytest.fixture(scope="module")
def small(tmp_path_factory, ffmpeg):
    folder = tmp_path_factory.mktemp("fuzz")
    files = []
    for name in ("a.mp4", "a.mkv", "a.ts", "a.avi"):
        ffmpeg("-f", "lavfi", "-i", "testsrc=s=32x32:r=10:d=1", "-pix_fmt", "yuv420p", folder / name)
        files.append((folder / name).read_bytes())
    return files


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_no_bytes_whatever_cause_anything_but_frames_or_one_line(small, tmp_path, data):
    content = bytearray(data.draw(st.sampled_from(small)))
    for _ in range(data.draw(st.integers(1, 12))):
        begin = data.draw(st.integers(0, len(content) - 1))
        patch = data.draw(st.binary(min_size=1, max_size=16))
        content[begin : begin + len(patch)] = patch
    path = tmp_path / "fuzzed.bin"
    path.write_bytes(bytes(content)[: data.draw(st.integers(1, len(content)))])
    try:
        frames = read(path, TestContext(tmp_path), start=data.draw(st.sampled_from([0.0, 0.35])))
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert len(frames) < 200
