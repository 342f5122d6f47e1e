"""Folders and patterns of videos, of pictures, and of both."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest

from ferpipe.cli import main
from ferpipe.timeline import load


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """Two videos of five frames and one of three in a folder below, two pictures, and a note."""
    monkeypatch.chdir(tmp_path)
    folder = Path("clips")
    (folder / "more").mkdir(parents=True)
    for name, seconds in (("a.mp4", 0.5), ("b.mov", 0.5), ("more/a.mp4", 0.3)):
        source = ("-f", "lavfi", "-i", f"testsrc=s=64x48:r=10:d={seconds}", "-pix_fmt", "yuv420p")
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, str(folder / name)]
        subprocess.run(command, check=True, timeout=60)
    return folder


def add_pictures(folder):
    for name in ("1.png", "2.jpg"):
        cv2.imwrite(str(folder / name), np.zeros((32, 32, 3), np.uint8))
    (folder / "notes.txt").write_text("a note")


def lengths(folder="out"):
    """The timelines in a folder, by name, with their number of frames."""
    return {
        str(path.relative_to(folder)): len(load(path).frames)
        for path in sorted(Path(folder).rglob("*.timeline.json"))
    }


@pytest.mark.parametrize("output", ["out", "out/"])
def test_each_video_of_a_folder_has_a_timeline(clips, output):
    assert main(["timeline", "clips/", "-o", output, "-q"]) == 0
    assert lengths() == {"a.timeline.json": 5, "b.timeline.json": 5}


def test_a_mixed_folder_loses_nothing(clips, capsys):
    add_pictures(clips)
    assert main(["timeline", "clips", "-o", "out", "-q"]) == 0
    assert lengths() == {"a.timeline.json": 5, "b.timeline.json": 5, "clips.timeline.json": 2}
    assert [frame["picture"] for frame in load("out/clips.timeline.json").frames] == ["1.png", "2.jpg"]
    said = capsys.readouterr().err
    assert "skipped, as neither videos nor pictures: notes.txt" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("clips/*.mp4", {"a.timeline.json": 5}),
        ("clips/**/*.mp4", {"a.timeline.json": 5, "more/a.timeline.json": 3}),
        ("clips/[ab].*", {"a.timeline.json": 5, "b.timeline.json": 5}),
        ("clips/*", {"a.timeline.json": 5, "b.timeline.json": 5, "pictures.timeline.json": 2}),
    ],
)
def test_a_quoted_pattern(clips, pattern, found):
    add_pictures(clips)
    assert main(["timeline", pattern, "-o", "out", "-q"]) == 0
    assert lengths() == found


def test_outputs_stand_beside_the_videos_where_no_folder_is_given(clips):
    assert main(["timeline", "clips", "-q"]) == 0
    assert lengths("clips") == {"a.timeline.json": 5, "b.timeline.json": 5}


def test_videos_of_one_stem_keep_their_suffix(clips):
    (clips / "b.mov").rename(clips / "a.mov")
    assert main(["timeline", "clips", "-o", "out", "-q"]) == 0
    assert lengths() == {"a.mov.timeline.json": 5, "a.mp4.timeline.json": 5}


def test_a_video_that_cannot_be_read_is_a_line_and_the_others_are_done(clips, capsys):
    (clips / "a.mp4").write_bytes(b"no video" * 99)
    assert main(["timeline", "clips", "-o", "out", "-q"]) == 2
    assert lengths() == {"b.timeline.json": 5}
    assert "a.mp4 is not a video that can be read" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["timeline", "annotate"])
@pytest.mark.parametrize(
    ("name", "said"), [("nothing/", "contains no videos or pictures"), ("*.mkv", "nothing matches")]
)
def test_nothing_that_can_be_read_is_an_error(tmp_path, monkeypatch, capsys, verb, name, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "notes.txt").touch()
    assert main([verb, name, "-o", "out/", "-q"]) == 2
    captured = capsys.readouterr().err
    assert said in captured
    assert captured.count("\n") == 1


def test_a_pattern_of_videos_for_the_stage_images_is_an_error_at_its_end(clips, capsys):
    Path("p.yaml").write_text(
        "version: 1\nstages:\n  - use: images\n    with: {path: 'clips/*.m*'}\n"
        "  - use: blazeface\n  - use: timeline\n    with: {path: t.json}\n"
    )
    assert main(["run", "p.yaml", "-q"]) == 2
    assert "not one of the 2 pictures" in capsys.readouterr().err


def test_annotate_takes_several_and_leaves_pictures_out(clips, capsys):
    add_pictures(clips)
    assert main(["annotate", "clips", "-o", "out", "--timeline", "times", "-q"]) == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.annotated.mp4", "b.annotated.mp4"]
    assert lengths("times") == {"a.timeline.json": 5, "b.timeline.json": 5}
    assert "2 pictures: skipped, since 'ferpipe annotate' takes videos" in capsys.readouterr().err


def test_the_shared_folder(case, tmp_path):
    folder = case("folder_of_videos/vids")
    assert main(["timeline", str(folder), "-o", str(tmp_path / "out"), "-q"]) == 0
    assert lengths(tmp_path / "out") == {"a.timeline.json": 23, "b.timeline.json": 23}
