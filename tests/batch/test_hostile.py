"""Names, lists, manifests and disks that a batch does not expect: each handled, or one clear line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.batches import batch, command, tree
from support.program import ferpipe

from ferpipe import UsageError
from ferpipe_batch.folder import Folder
from ferpipe_batch.inputs import find
from ferpipe_batch.manifest import FOLDER
from ferpipe_batch.place import place
from ferpipe_batch.shards import Shard, read_shard

Clips = Callable[..., Path]


def test_names_of_any_characters_are_done_and_one_that_is_not_utf_8_is_refused(
    clips: Clips, tmp_path: Path
) -> None:
    latin = os.fsdecode(b"caf\xe9.mp4")
    good = ["new\nline", "quo'te\"", "日本🎬", "--help", "{name}", "back\\slash", "[x]*", "a:b"]
    folder, out = clips(*(f"{name}.mp4" for name in good)), tmp_path / "out"
    try:
        (folder / "日本🎬.mp4").with_name(latin).write_bytes((folder / "a:b.mp4").read_bytes())
    except OSError:
        pytest.skip("this disk has no names but UTF-8")
    first = batch(folder, out, code=42)
    assert set(tree(out)) == {f"{name}.timeline.json" for name in good}
    (failure,) = first["failures"]
    assert (failure["cause"], failure["error"]) == ("refused", "its name is not UTF-8: rename it")
    with (
        pytest.raises(UsageError, match="the output folder is not UTF-8"),
        place(str(tmp_path / latin), Shard(), None),
    ):
        pass


def test_links_that_lead_nowhere_or_in_circles_are_passed_over(clips: Clips) -> None:
    folder = clips("a.mp4")
    (folder / "circle.mp4").symlink_to("circle.mp4")
    (folder / "gone.mp4").symlink_to("nothing.mp4")
    (folder / "here").symlink_to(".")
    assert [Path(each.source).name for each in find([str(folder)], "out")] == ["a.mp4"]


def test_an_output_folder_with_all_inputs_in_it_is_named_as_the_reason(clips: Clips) -> None:
    folder = clips("a.mp4")
    with pytest.raises(UsageError, match="are in the output folder"):
        find([str(folder)], str(folder))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("list.csv", "path\na\0.mp4\n", "has a null character"),
        ("list.txt", "a\0.mp4\n", "has a null character"),
        ("list.csv", f"path\n{'x' * 200_000}\n", "field larger than field limit"),
    ],
)
def test_a_damaged_list_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        find([str(tmp_path / name)], "out")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"SLURM_ARRAY_TASK_STEP": "0"}, "must be at least 1"),
        ({"SLURM_ARRAY_TASK_STEP": "z"}, "SLURM_ARRAY_TASK_STEP is no number"),
        ({"FERPIPE_SHARDS": "4", "FERPIPE_SHARD_FIRST": "q"}, "FERPIPE_SHARD_FIRST is no number"),
        ({"FERPIPE_SHARDS": "-4"}, "-4 shards make no sense"),
    ],
)
def test_odd_variables_of_an_array_job_are_refused(more: dict[str, str], message: str) -> None:
    slurm = {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "1"}
    with pytest.raises(UsageError, match=message):
        read_shard(None, {**slurm, "SLURM_ARRAY_TASK_COUNT": "2", **more})


def test_a_damaged_manifest_is_read_as_far_as_it_is_whole(clips: Clips, tmp_path: Path) -> None:
    folder, out = clips("a.mp4", "b.mp4"), tmp_path / "out"
    batch(folder, out)
    manifest = out / FOLDER
    (journal,) = (manifest / "journal").iterdir()
    with journal.open("ab") as file:
        file.write(b'{"event":"end"}\n{"event":"start","key":3}\n[]\n{"event":[]}\n{"event":"head"}\n')
        file.write(b'{"event":"end","key":"a.mp4","state":"nonsense","time":1}\n\0\0\xff\xfe\n')
    (manifest / "journal" / "1.2.3.jsonl").mkdir()
    (manifest / "root.json").write_text("[]")
    (manifest / "x.plan").write_text("")
    assert batch(folder, out)["skipped"] == 2
    with (manifest / "1-of-1.plan").open("ab") as file:
        file.write(b"garbage{\n3\n\xff\n")
    said = ferpipe("batch", "status", str(out))
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("2 videos: 2 done")


def test_a_lock_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "out")
    (folder.path / "1-of-1.lock").mkdir()
    with pytest.raises(UsageError, match=r"out cannot be written \(Is a directory\)"):
        folder.lock(Shard())
    assert not folder.is_live()


def test_a_disk_that_is_full_midway_is_one_line_and_loses_nothing(clips: Clips, tmp_path: Path) -> None:
    folder, out = clips(*(f"{n}.mp4" for n in range(6))), tmp_path / "out"
    line = command(folder, out, "--quiet")
    # Files of at most 2 KiB: room for a timeline and for the first records.
    limited = ["bash", "-c", 'ulimit -f 2; exec "$@"', "bash", *line]
    said = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert len(said.stderr.splitlines()) == 1
    assert "cannot be written (File too large): make room" in said.stderr
    assert batch(folder, out)["failed"] == 0
    assert len(tree(out)) == 6
