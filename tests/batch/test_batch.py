"""The command as a whole: a tree of outputs, what is skipped, what is done again, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from support.batches import batch, tree
from support.program import ferpipe

from ferpipe_batch.manifest import FOLDER, Journal

Clips = Callable[..., Path]


def test_a_tree_of_inputs_becomes_the_same_tree_of_outputs_and_is_done_once(
    clips: Clips, tmp_path: Path
) -> None:
    folder, out = clips("x.mp4", "a/x.mp4", "a/b/y.mkv", "a/b/y.mp4"), tmp_path / "out"
    (folder / "notes.txt").write_text("no video")
    log = tmp_path / "log"
    first = batch(folder, out, POISON_LOG=str(log))
    assert (first["done"], first["skipped"], first["frames"]) == (4, 0, 12)
    names = ["a/b/y.mp4.timeline.json", "a/b/y.timeline.json", "a/x.timeline.json", "x.timeline.json"]
    before = tree(out)
    assert list(before) == names
    assert [json.loads(data)["source"]["name"] for data in before.values()] == [
        "y.mp4",
        "y.mkv",
        "x.mp4",
        "x.mp4",
    ]

    again = batch(folder, out, POISON_LOG=str(log))
    assert (again["done"], again["skipped"]) == (0, 4)

    (out / "x.timeline.json").unlink()
    (folder / "a/x.mp4").touch()
    clips("z/new.mp4")
    mended = batch(folder, out)
    assert (mended["done"], mended["skipped"]) == (3, 2)
    after = tree(out)
    assert {name: after[name] for name in names} == before
    assert sorted(log.read_text().split()) == ["x", "x", "y", "y"]

    changed = batch(folder, out, "--set", "blazeface.threshold=0.9")
    assert (changed["done"], changed["skipped"]) == (5, 0)

    said = ferpipe("batch", "status", str(out), "--json")
    status = json.loads(said.stdout)
    assert (said.returncode, status["videos"], status["done"], status["waiting"]) == (0, 5, 5, 0)


def test_what_was_under_way_when_a_batch_was_killed_comes_last(clips: Clips, tmp_path: Path) -> None:
    folder, out, log = clips("a.mp4", "b.mp4", "c.mp4"), tmp_path / "out", tmp_path / "log"
    manifest = out / FOLDER
    manifest.mkdir(parents=True)
    journal = Journal(manifest, "1-of-1")
    journal.append(
        {"event": "start", "key": "a.mp4", "stem": "a", "identity": {}, "fingerprint": "x"}, sync=True
    )
    journal.close()
    result = batch(folder, out, "--workers", "1", POISON_LOG=str(log))
    assert result["done"] == 3
    assert log.read_text().split() == ["b", "c", "a"]


def test_a_file_that_is_no_video_is_quarantined_and_the_others_are_done(clips: Clips, tmp_path: Path) -> None:
    folder, out = clips("good.mp4"), tmp_path / "out"
    (folder / "bad.mp4").write_text("no video at all")
    first = batch(folder, out, code=42)
    assert (first["done"], first["quarantined"]) == (1, 1)
    (failure,) = first["failures"]
    assert (failure["video"], failure["cause"], failure["attempts"]) == ("bad.mp4", "refused", 0)
    again = batch(folder, out, code=42)
    assert (again["done"], again["skipped"], again["quarantined"]) == (0, 1, 1)
    said = ferpipe("batch", "status", str(out))
    assert said.returncode == 42
    assert "1 refused" in said.stdout
    assert "bad.mp4: refused: " in said.stderr
    (folder / "bad.mp4").write_bytes((folder / "good.mp4").read_bytes())
    assert batch(folder, out)["done"] == 1


def test_files_of_someone_else_are_not_replaced(clips: Clips, tmp_path: Path) -> None:
    folder, out = clips("x.mp4"), tmp_path / "out"
    out.mkdir()
    (out / "x.timeline.json").write_text("precious")
    refused = ferpipe("batch", str(folder), "-o", str(out))
    assert refused.returncode == 2
    assert "x.timeline.json exists, and this batch has not written it" in refused.stderr
    assert (out / "x.timeline.json").read_text() == "precious"
    assert batch(folder, out, "--overwrite")["done"] == 1
