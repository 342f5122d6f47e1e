from __future__ import annotations

import pytest
from pydantic import ValidationError
from support.handles import held_below

from ferpipe import UsageError
from ferpipe.testing import TestContext, run_source
from ferpipe_sources.file import FileOptions, FileSource

EVEN = [40 * i for i in range(50)]
UNEVEN = [0, 33, 40, 200, 201, 900, 1000, 1001, 2500, 4000, 4040, 9000]


def read(path, context=None, limit=None, **options):
    source = FileSource(FileOptions(path=str(path), **options))
    return [p.frame for p in run_source(source, context=context or TestContext(path.parent), limit=limit)]


@pytest.mark.parametrize("name", ["vfr.mp4", "vfr.mkv", "vfr.mov"])
def test_variable_frame_rate_is_exact(coded, name, shown):
    frames = read(coded(UNEVEN, name))
    assert [frame.time for frame in frames] == [stamp * 1000 for stamp in UNEVEN]
    assert shown(frames) == list(range(len(UNEVEN)))


def test_b_frames_come_in_the_order_they_are_shown(coded, shown):
    frames = read(coded(EVEN, bf="3", preset="medium"))
    assert shown(frames) == list(range(50))
    assert [frame.time for frame in frames] == [stamp * 1000 for stamp in EVEN]


def test_index_and_source_say_what_is_delivered(coded, context, shown):
    frames = read(coded(EVEN), context, stride=7)
    assert [frame.index for frame in frames] == list(range(8))
    assert shown(frames) == list(range(0, 50, 7))
    assert [frame.time for frame in frames] == [i * 40_000 for i in range(0, 50, 7)]
    assert {frame.source for frame in frames} == {"cam"}
    assert context.counts == {}


def test_images_are_read_only_bgr(coded):
    image = read(coded([0, 40]))[0].image
    assert (image.shape, image.dtype.name, image.flags.writeable) == ((48, 64, 3), "uint8", False)
    assert image.flags.c_contiguous


@pytest.mark.parametrize("start", [0.001, 0.04, 0.3, 0.479, 0.48, 0.481, 1.0, 1.96])
@pytest.mark.parametrize("bf", ["0", "3"])
def test_start_is_exact_to_the_frame(coded, start, bf, shown):
    frames = read(coded(EVEN, bf=bf, preset="medium"), start=start)
    expected = [i for i in range(50) if i * 40_000 >= round(start * 1e6)]
    assert shown(frames) == expected
    assert [frame.time for frame in frames] == [i * 40_000 for i in expected]


@pytest.mark.parametrize("name", ["seek.ts", "seek.mkv", "seek.avi"])
def test_start_is_exact_in_other_containers(coded, name, number_of):
    path = coded([40 * i for i in range(50)], name, gop=5, bf="0")
    everything = read(path)
    begin = everything[30].time
    rest = read(path, start=begin / 1e6)
    assert [(f.time, number_of(f.image)) for f in rest] == [
        (f.time, number_of(f.image)) for f in everything[30:]
    ]


def test_start_far_into_a_long_file_does_not_decode_all_of_it(ffmpeg, tmp_path, monkeypatch):
    path = tmp_path / "long.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=32x32:r=25:d=60", "-g", "25", "-pix_fmt", "yuv420p", path)
    seen = []
    plain = FileSource._timed

    def counted(self, container, stream):
        for shot in plain(self, container, stream):
            seen.append(shot[0])
            yield shot

    monkeypatch.setattr(FileSource, "_timed", counted)
    frames = read(path, start=50.0, limit=1)
    assert frames[0].time == 50_000_000
    assert len(seen) < 25 * 4


def test_start_is_exact_where_seeking_lands_too_late(coded, shown, monkeypatch):
    monkeypatch.setattr("ferpipe_sources.file.RUN_UP", -1_000_000)
    assert shown(read(coded(EVEN), start=0.3)) == list(range(8, 50))


def test_end_is_exclusive(coded, shown):
    assert shown(read(coded(EVEN), end=0.4)) == list(range(10))
    assert shown(read(coded(EVEN), start=0.4, end=0.6)) == list(range(10, 15))


def test_a_stream_that_begins_later_than_its_sound_keeps_its_delay(ffmpeg, tmp_path):
    path = tmp_path / "late.mkv"
    picture = ("-itsoffset", "0.5", "-f", "lavfi", "-i", "testsrc=s=32x32:r=10:d=1")
    ffmpeg("-f", "lavfi", "-i", "sine=d=2", *picture, "-map", "0:a", "-map", "1:v", "-c:a", "pcm_s16le", path)
    assert [frame.time for frame in read(path)][:3] == [500_000, 600_000, 700_000]


def test_a_container_that_begins_late_begins_at_zero(ffmpeg, coded, tmp_path):
    path = tmp_path / "offset.ts"
    ffmpeg("-i", coded(EVEN, bf="0"), "-c", "copy", "-output_ts_offset", "100", path)
    assert [frame.time for frame in read(path)][:3] == [0, 40_000, 80_000]


@pytest.mark.parametrize(
    ("arguments", "size", "corner"),
    [
        (("-display_rotation", "0"), (64, 48), "top left"),
        (("-display_rotation", "90"), (48, 64), "bottom left"),
        (("-display_rotation", "180"), (64, 48), "bottom right"),
        (("-display_rotation", "270"), (48, 64), "top right"),
        (("-display_hflip",), (64, 48), "top right"),
        (("-display_vflip",), (64, 48), "bottom left"),
    ],
)
def test_rotated_files_stand_upright(ffmpeg, tmp_path, arguments, size, corner):
    plain, turned = tmp_path / "plain.mp4", tmp_path / "turned.mp4"
    white = "color=black:s=64x48:r=5:d=1,drawbox=0:0:16:16:white:fill"
    ffmpeg("-f", "lavfi", "-i", white, "-pix_fmt", "yuv420p", plain)
    ffmpeg(*arguments, "-i", plain, "-c", "copy", turned)
    source = FileSource(FileOptions(path=str(turned)))
    image = run_source(source, folder=tmp_path)[0].frame.image
    assert (source.stream.width, source.stream.height) == size == image.shape[1::-1]
    corners = {
        "top left": image[4:12, 4:12],
        "top right": image[4:12, -12:-4],
        "bottom left": image[-12:-4, 4:12],
        "bottom right": image[-12:-4, -12:-4],
    }
    assert {name for name, part in corners.items() if part.mean() > 128} == {corner}


def test_max_width_counts_after_turning(ffmpeg, coded, tmp_path):
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "90", "-i", coded([0, 40]), "-c", "copy", turned)
    assert read(turned, max_width=24)[0].image.shape == (32, 24, 3)
    assert read(turned, max_width=480)[0].image.shape == (64, 48, 3)


def test_stream_info_says_what_the_container_claims(coded, context):
    path = coded(EVEN)
    source = FileSource(FileOptions(path=str(path)))
    run_source(source, context=context, limit=1)
    info = source.stream
    assert (info.name, info.width, info.height, info.frames) == ("coded.mp4", 64, 48, 50)
    assert (info.size, info.path, info.live) == (path.stat().st_size, str(path), False)
    assert 1_960_000 <= info.duration <= 2_000_000


def test_more_threads_give_the_same_frames(coded, shown):
    path = coded(EVEN, bf="3", preset="medium")
    assert shown(read(path, threads=3)) == list(range(50))


def test_the_stop_event_ends_it(coded, context):
    source = FileSource(FileOptions(path=str(coded(EVEN))))
    source.open(context)
    frames = source.frames()
    next(frames)
    context.stop.set()
    assert list(frames) == []
    source.close()


def test_closing_leaves_no_file_open(coded, context):
    path = coded(EVEN)
    run_source(FileSource(FileOptions(path=str(path))), context=context, limit=3)
    assert held_below(path.parent) == []


def test_the_stream_says_which_part_was_requested(coded):
    for options, part in (({}, (0, None)), ({"start": 0.5, "end": 1.2}, (500_000, 1_200_000))):
        source = FileSource(FileOptions(path=str(coded(EVEN)), **options))
        run_source(source, context=TestContext(coded(EVEN).parent), limit=1)
        assert (source.stream.start, source.stream.end) == part


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{video}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "\ufeff#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{video}\n#EXT-X-ENDLIST\n"),
        ("list.txt", "ffconcat version 1.0\nfile {video}\n"),
        ("list.mpd", '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>\n'),
    ],
)
def test_playlists_are_refused_and_what_they_name_is_left_alone(coded, tmp_path, name, text, monkeypatch):
    video = coded(EVEN, "listed.ts", bf="0")
    (tmp_path / name).write_text(text.format(video=video))
    monkeypatch.setattr("av.open", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(UsageError, match=r"list.* is a playlist.*give one of the videos") as refusal:
        read(tmp_path / name)
    assert "\n" not in str(refusal.value)


def test_a_playlist_that_does_not_look_like_one_is_refused_too(coded, tmp_path, monkeypatch):
    video = coded(EVEN, "listed.ts", bf="0")
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{video}\n")
    monkeypatch.setattr("ferpipe_sources._local._looks_like_playlist", lambda _: False)
    with pytest.raises(UsageError, match=r"is a playlist|is not a video"):
        read(tmp_path / "list.m3u8")


def test_end_before_start_is_refused():
    with pytest.raises(ValidationError, match="must come after start"):
        FileOptions(path="x.mp4", start=2, end=1)


@pytest.mark.shared
def test_the_shared_clips_give_every_frame_at_its_time(media):
    import av

    for clip in sorted(media.glob("*.mp4"))[:3]:
        with av.open(str(clip)) as container:
            stream = container.streams.video[0]
            stamps = sorted(p.pts * stream.time_base for p in container.demux(stream) if p.pts is not None)
        times = [frame.time for frame in read(clip)]
        assert times == [round((stamp - stamps[0]) * 1_000_000) for stamp in stamps]
