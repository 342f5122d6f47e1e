"""With `--output-dir`, no file outside of it is written, whatever a pipeline calls its outputs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferpipe import UsageError, resources
from ferpipe.run.files import Files

BLAZE = {"use": "blazeface"}
SINKS = {
    "timeline": lambda path: [BLAZE, {"use": "timeline", "with": {"path": path, "format": "csv"}}],
    "video": lambda path: [{"use": "video", "with": {"path": f"{path}.mp4"}}],
    "stream": lambda path: [{"use": "stream", "with": {"url": f"{path}.m3u8"}}],
}
ESCAPES = [
    "../loot",
    "deep/../../loot",
    "{outside}/loot",
    "~/loot",
    "folder-link/loot",
    "out/../../loot",
    "folder-link/../loot",
]


@pytest.fixture
def outside(home: Path) -> Path:
    """A folder of the user's, to which a link in the output folder leads."""
    outside = home / "outside"
    outside.mkdir()
    (home / "out").mkdir()
    (home / "out" / "folder-link").symlink_to(outside)
    return outside


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("path", ESCAPES)
def test_no_path_leads_out(home, outside, run, tree, sink, path):
    before = tree(home)
    code, said = run(*SINKS[sink](path.format(outside=outside)))
    assert (code, said.count("\n")) == (2, 1)
    assert "outside the output folder" in said
    assert tree(home) == {**before, "p.yaml": (home / "p.yaml").read_bytes()}


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_with_the_name_of_the_output_leads_nowhere(home, outside, run, sink, exists):
    ending = {"timeline": "", "video": ".mp4", "stream": ".m3u8"}[sink]
    target = home / "precious.json" if exists else home / "new"
    (home / "out" / f"loot{ending}").symlink_to(target)
    code, said = run(*SINKS[sink]("loot"), options=("--output-dir", "out", "--overwrite"))
    assert (code, said.count("\n")) == (2, 1)
    assert "outside the output folder" in said
    assert (home / "precious.json").read_text() == "precious"
    assert not (home / "new").exists()


@pytest.mark.parametrize(
    ("sink", "beside"),
    [
        ("timeline", "loot.part"),
        ("video", "loot.mp4.part"),
        ("stream", "loot.m3u8.tmp"),
        ("stream", "loot0.ts"),
        ("stream", "loot17.ts.tmp"),
    ],
)
@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_a_link_beside_the_output_leads_nowhere(home, outside, run, sink, beside, kind):
    """What is written on the way to an output is fenced in too."""
    if kind == "symbolic":
        (home / "out" / beside).symlink_to(home / "precious.json")
    else:
        os.link(home / "precious.json", home / "out" / beside)
    code, said = run(*SINKS[sink]("loot"), options=("--output-dir", "out", "--overwrite"))
    assert (code, said.count("\n")) == (2, 1)
    assert "which is a link: remove it first" in said
    assert (home / "precious.json").read_text() == "precious"


def test_what_an_earlier_run_left_is_replaced_only_where_asked(home, run):
    (home / "out").mkdir()
    (home / "out" / "loot.part").write_text("of a killed run")
    code, said = run(*SINKS["timeline"]("loot"))
    assert (code, said.count("\n")) == (2, 1)
    assert "loot.part exists" in said
    assert (home / "out" / "loot.part").read_text() == "of a killed run"
    assert run(*SINKS["timeline"]("loot"), options=("--output-dir", "out", "--overwrite")) == (0, "")
    assert (home / "out" / "loot").exists()
    assert not (home / "out" / "loot.part").exists()


def test_segments_are_not_replaced_unasked(home, run):
    (home / "out").mkdir()
    (home / "out" / "loot3.ts").write_text("precious")
    code, said = run(*SINKS["stream"]("loot"), options=("--output-dir", "out"))
    assert (code, said.count("\n")) == (2, 1)
    assert "loot3.ts exists" in said
    (home / "out" / "loot3.ts").rename(home / "out" / "loot-3.ts")
    assert run(*SINKS["stream"]("loot"), options=("--output-dir", "out"))[0] == 0
    assert (home / "out" / "loot-3.ts").read_text() == "precious"


def test_a_playlist_named_like_an_address_is_a_file(home, run):
    assert run({"use": "stream", "with": {"url": "tcp:127.0.0.1:1.m3u8"}}, options=())[0] == 0
    assert (home / "tcp:127.0.0.1:1.m3u8").exists()


def test_what_does_not_lead_out_is_written(home, outside, run):
    (home / "out" / "inner").mkdir()
    (home / "out" / "inner-link").symlink_to(home / "out" / "inner")
    for path in ("deep/../a", str(home / "out" / "b"), "inner-link/c"):
        assert run(*SINKS["timeline"](path)) == (0, "")
    assert {"a", "b", "inner"} <= {path.name for path in (home / "out").iterdir()}
    assert (home / "out" / "inner" / "c").exists()


def test_the_command_lines_folder_is_the_one_that_counts(home, run):
    assert run(*SINKS["timeline"]("a"), run={"output_dir": str(home / "elsewhere")}) == (0, "")
    assert (home / "out" / "a").exists()
    assert not (home / "elsewhere").exists()


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("name", ["~nobody-of-that-name/x", "a\0b", "x" * 252, "\ud800", "deep/" + "y" * 300])
def test_what_can_be_no_name_is_one_line(home, run, sink, name):
    code, said = run(*SINKS[sink](name))
    assert (code, said.count("\n")) == (2, 1)
    assert "internal error" not in said
    assert all(character.isprintable() or character == "\n" for character in said)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_device_is_not_replaced(tmp_path, kind):
    """Renaming a finished file over /dev/null would take it away from the whole system."""
    target = Path("/dev/null")
    if kind == "pipe":
        target = tmp_path / "pipe"
        os.mkfifo(target)
    with pytest.raises(UsageError, match="is a pipe or device"):
        Files(overwrite=True).output("timeline", target)


@pytest.mark.parametrize("option", ["--stats", "--trace"])
def test_figures_go_where_the_command_line_says(home, run, option):
    """They are the user's own, so that the fence is not for them."""
    figures = home / "mine" / "figures.json"
    options = ("--no-local-plugins", "--output-dir", "out", option, str(figures))
    assert run(*SINKS["timeline"]("a"), options=options) == (0, "")
    assert figures.stat().st_size > 10


@pytest.mark.parametrize("option", ["--stats", "--trace"])
def test_figures_never_replace_what_is_read(home, run, option):
    before = (home / "clip.mp4").read_bytes()
    os.link(home / "clip.mp4", home / "same.json")
    for name in ("clip.mp4", "same.json"):
        code, said = run(*SINKS["timeline"]("a"), options=("--overwrite", option, name))
        assert (code, said.count("\n")) == (2, 1)
        assert "is a file of the stage 'file'" in said
    assert (home / "clip.mp4").read_bytes() == before


def test_a_pipeline_cannot_overwrite_by_itself(home, run):
    (home / "out").mkdir()
    (home / "out" / "a").write_text("precious")
    code, said = run(*SINKS["timeline"]("a"), run={"overwrite": True})
    assert code == 2
    assert "--overwrite" in said
    assert (home / "out" / "a").read_text() == "precious"


@pytest.mark.parametrize("how", ["same", "dots", "symbolic", "hard", "part"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_the_output_is_never_the_input(home, run, how, overwrite):
    before = (home / "clip.mp4").read_bytes()
    name = {"same": "clip.mp4", "dots": "x/../clip.mp4", "part": "whole.mp4"}.get(how, "link.mp4")
    source = "clip.mp4"
    if how == "part":
        # What a killed run left is annotated once more, into the name it should have had.
        source = "whole.mp4.part"
        (home / "clip.mp4").rename(home / source)
    elif how == "symbolic":
        (home / name).symlink_to("clip.mp4")
    elif how == "hard":
        os.link(home / "clip.mp4", home / name)
    stages = ({"use": "file", "with": {"path": source}}, {"use": "video", "with": {"path": name}})
    code, said = run(*stages, options=("--overwrite",) if overwrite else ())
    assert (code, said.count("\n")) == (2, 1)
    assert "'file' reads" in said
    assert (home / source).read_bytes() == before


@pytest.mark.parametrize("name", ["live_%v.m3u8", "live%d.m3u8", "out/%03d.m3u8"])
def test_a_playlist_whose_name_ffmpeg_would_change_is_refused(home, run, name):
    code, said = run({"use": "stream", "with": {"url": name}}, options=("--overwrite",))
    assert (code, said.count("\n")) == (2, 1)
    assert "cannot have a '%'" in said


def test_a_folder_may_have_any_name(home, run):
    """FFmpeg numbers the segments by the whole name that it is given."""
    (home / "100%d").mkdir()
    (home / "1000").mkdir()
    assert run({"use": "stream", "with": {"url": "100%d/live.m3u8"}}, options=()) == (0, "")
    assert {path.name for path in (home / "100%d").iterdir()} == {"live.m3u8", "live0.ts"}
    assert list((home / "1000").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["2026-11-25T10:30:00.mp4", "tcp:127.0.0.1:9911.mkv", "x%03d.mp4", "a\nb.mp4"]
)
def test_a_video_is_a_file_whatever_its_name_looks_like(home, run, name):
    assert run({"use": "video", "with": {"path": name}}, options=()) == (0, "")
    assert (home / name).stat().st_size > 1000


@pytest.mark.parametrize("name", ["faces/1.png", "faces"])
def test_a_picture_of_a_folder_is_never_replaced(home, run, name):
    (home / "faces").mkdir()
    cv2.imwrite(str(home / "faces" / "1.png"), np.zeros((40, 40, 3), np.uint8))
    before = (home / "faces" / "1.png").read_bytes()
    images = {"use": "images", "with": {"path": "faces" if name != "faces" else "faces/*.png"}}
    sink = {"use": "timeline", "with": {"path": "faces/1.png", "format": "csv"}}
    code, said = run(images, BLAZE, sink, options=("--overwrite",))
    assert (code, said.count("\n")) == (2, 1)
    assert "is what 'images' reads" in said
    assert (home / "faces" / "1.png").read_bytes() == before


@pytest.mark.parametrize("ending", [".tflite", ".json"])
def test_a_model_is_never_replaced(home, run, ending):
    for each in (".tflite", ".json"):
        shutil.copy(resources.shipped("models") / f"nano{each}", home)
    sink = {"use": "timeline", "with": {"path": f"nano{ending}", "format": "csv"}}
    stages = (BLAZE, "align", {"use": "litert", "with": {"model": "./nano.tflite"}}, sink)
    code, said = run(*stages, options=("--overwrite",))
    assert (code, said.count("\n")) == (2, 1)
    assert "reads" in said
    assert (home / f"nano{ending}").read_bytes() == (
        resources.shipped("models") / f"nano{ending}"
    ).read_bytes()


def test_the_pipeline_is_never_replaced(home, run):
    code, said = run(*SINKS["timeline"]("p.yaml"), options=("--overwrite",))
    assert (code, said.count("\n")) == (2, 1)
    assert "p.yaml is " in said
    assert (home / "p.yaml").read_text().startswith("{")


def test_figures_and_outputs_of_one_name_are_refused(home, run):
    for option in ("--stats", "--trace"):
        code, said = run(*SINKS["timeline"]("same.csv"), options=("--overwrite", option, "same.csv"))
        assert (code, said.count("\n")) == (2, 1)
        assert f"same.csv is written by '{option}' already" in said
        assert not (home / "same.csv").exists(), "a refused run leaves neither rows nor figures"


def test_a_pipe_for_the_figures_holds_up_nothing(home, run):
    os.mkfifo(home / "pipe")
    code, said = run(*SINKS["timeline"]("a.csv"), options=("--overwrite", "--stats", "pipe"))
    assert (code, said.count("\n")) == (2, 1)
    assert "is a pipe or device" in said
    os.mkfifo(home / "a.mp4.part")
    code, said = run(*SINKS["video"]("a"), options=())
    assert (code, said.count("\n")) == (2, 1)
    assert "not a regular file" in said
