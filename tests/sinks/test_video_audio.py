"""The sound of the source's file comes along: whole, in part, or with a warning not at all."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import imageio_ffmpeg
import pytest
from sinks_material import decoded, film, sound_packets

from ferpipe import StreamInfo
from ferpipe.testing import TestContext, run_source, run_stage
from ferpipe_sinks._audio import _Lane
from ferpipe_sinks.video import VideoOptions, VideoSink
from ferpipe_sources.file import FileOptions, FileSource

FRAME = 1024 / 44_100
"""Seconds of an AAC packet."""


def ffmpeg(*arguments: str | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)


def copied(context: TestContext, path: str | Path, out: str = "out.mp4", **options: float) -> Path:
    """What the video sink makes of what the file source reads."""
    source = FileSource(FileOptions(path=str(path), **options))
    packets = run_source(source, context=context)
    assert source.stream is not None
    context.streams[context.name] = source.stream
    run_stage(VideoSink(VideoOptions(path=out, preset="ultrafast")), packets, context=context)
    return context.folder / out


def span(path: Path, kind: str) -> tuple[float, float]:
    """Seconds at which the first packet begins and the last one ends."""
    with av.open(str(path)) as container:
        stream = next(one for one in container.streams if one.type == kind)
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        begin = min(packet.pts * packet.time_base for packet in packets)
        return float(begin), float(max((p.pts + (p.duration or 0)) * p.time_base for p in packets))


@pytest.mark.parametrize("out", ["out.mp4", "out.mov", "out.mkv"])
@pytest.mark.parametrize("start", [0.0, 1.0])
def test_a_transport_stream_keeps_its_aac(
    context: TestContext, talkie: Path, tmp_path: Path, out: str, start: float
) -> None:
    broadcast = tmp_path / "talkie.ts"
    ffmpeg("-i", talkie, "-c", "copy", broadcast)
    made = copied(context, broadcast, out, start=start)
    heard = sound_packets(made)
    assert len(heard) == pytest.approx((3 - start) / FRAME, abs=3)
    assert heard == sound_packets(talkie)[-len(heard) :]
    with av.open(str(made)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) >= (len(heard) - 2) * 1024
    assert context.counts == {}


@pytest.mark.parametrize("codec", ["ac3", "mp2"])
def test_a_transport_stream_whose_sound_begins_late_keeps_it(
    context: TestContext, talkie: Path, tmp_path: Path, codec: str
) -> None:
    broadcast = tmp_path / "late.ts"
    ffmpeg("-i", talkie, "-itsoffset", "1.5", "-i", talkie, "-map", "0:v", "-map", "1:a", "-c:v", "copy",
           "-c:a", codec, "-t", "2.5", broadcast)  # fmt: skip
    assert span(copied(context, broadcast), "audio")[0] == pytest.approx(1.5, abs=0.1)


def test_sound_that_the_container_cannot_hold_costs_only_the_sound(
    context: TestContext, talkie: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = tmp_path / "odd.mkv"
    ffmpeg("-i", talkie, "-map", "0", "-map", "0:a", "-c", "copy", "-c:a:0", "pcm_mulaw", odd)
    with caplog.at_level(logging.WARNING):
        made = copied(context, odd)
    assert len(decoded(made)) == 75
    assert sound_packets(made) == sound_packets(talkie)
    assert context.counts == {"sound_lost": 1}
    assert "the audio was not copied" in caplog.text


def test_sound_that_breaks_on_the_way_costs_only_the_rest_of_it(
    context: TestContext, talkie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = _Lane.converted

    def breaking(self: _Lane, packet: av.Packet, shift: int) -> Iterator[av.Packet]:
        for number, one in enumerate(plain(self, packet, shift)):
            # Shown before it is decoded: no container takes that.
            if number == 0 and one.pts is not None and one.pts > 20 * 1024:
                one.dts = one.pts + 5000
            yield one

    monkeypatch.setattr(_Lane, "converted", breaking)
    made = copied(context, talkie)
    assert len(decoded(made)) == 75
    assert 15 <= len(sound_packets(made)) <= 22
    assert context.counts == {"sound_lost": 1}


def test_a_name_with_a_colon_keeps_its_sound(
    context: TestContext, talkie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (context.folder / "take:2.mp4").write_bytes(talkie.read_bytes())
    monkeypatch.chdir(context.folder)
    assert sound_packets(copied(context, "take:2.mp4")) == sound_packets(talkie)


@pytest.mark.parametrize("out", ["out.mp4", "out.mkv"])
@pytest.mark.parametrize(("start", "end"), [(0.5, None), (0.0, 1.4), (2.5, 2.8), (1.2, 2.9)])
def test_a_part_has_its_part_of_the_sound(
    context: TestContext, talkie: Path, start: float, end: float | None, out: str
) -> None:
    made = copied(context, talkie, out, start=start, **({} if end is None else {"end": end}))
    length = (end or 3) - start
    times = [time for time, _ in decoded(made)]
    first = -(-round(start * 1e6) // 40_000) * 40_000 - round(start * 1e6)
    assert times == list(range(first, round(length * 1e6), 40_000))
    whole, part = sound_packets(talkie), sound_packets(made)
    begin = whole.index(part[0])
    assert part == whole[begin : begin + len(part)]
    run_in = 0 if start or out.endswith("mkv") else FRAME
    assert begin * FRAME == pytest.approx(start + (0 if run_in else FRAME), abs=FRAME)
    assert span(made, "audio") == pytest.approx((-run_in, length), abs=1.2 * FRAME)


def test_pictures_that_begin_after_the_sound_keep_it_and_their_times(
    context: TestContext, talkie: Path, tmp_path: Path
) -> None:
    late = tmp_path / "late.mp4"
    ffmpeg("-i", talkie, "-itsoffset", "2", "-i", talkie, "-map", "0:a", "-map", "1:v", "-c", "copy", late)
    made = copied(context, late)
    assert [time for time, _ in decoded(made)] == [2_000_000 + i * 40_000 for i in range(75)]
    assert sound_packets(made) == sound_packets(talkie)
    assert span(made, "audio") == pytest.approx((-FRAME, 3), abs=1.2 * FRAME)


def test_sound_that_outlasts_the_pictures_is_kept(context: TestContext, talkie: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    ffmpeg("-t", "1", "-i", talkie, "-i", talkie, "-map", "0:v", "-map", "1:a", "-c", "copy", short)
    assert sound_packets(copied(context, short)) == sound_packets(talkie)


def test_the_requested_end_is_that_of_the_sound_too(
    context: TestContext, talkie: Path, tmp_path: Path
) -> None:
    short = tmp_path / "short.mp4"
    ffmpeg("-t", "1", "-i", talkie, "-i", talkie, "-map", "0:v", "-map", "1:a", "-c", "copy", short)
    assert span(copied(context, short, end=2.0), "audio")[1] == pytest.approx(2, abs=1.2 * FRAME)


def test_a_run_that_is_ended_early_ends_its_sound(context: TestContext, talkie: Path) -> None:
    context.streams["source"] = StreamInfo("source", "t", path=str(talkie))
    stage = VideoSink(VideoOptions(path="out.mp4", preset="ultrafast"))
    run_stage(stage, film([i * 40_000 for i in range(25)]), context=context)
    assert span(context.folder / "out.mp4", "audio")[1] == pytest.approx(1, abs=1.5 * FRAME)


def test_only_every_other_picture_has_all_of_the_sound(context: TestContext, talkie: Path) -> None:
    assert sound_packets(copied(context, talkie, stride=3)) == sound_packets(talkie)
