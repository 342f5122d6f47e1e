"""From names to videos, and from videos to the names of their outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe import UsageError
from ferpipe_batch.inputs import Found, find
from ferpipe_batch.naming import common_root, named


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("x.mp4", "a/x.mp4", "a/y.MOV", ".hidden/z.mp4", "a/.z.mp4", "notes.txt", "b/p.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "in"


def keys(names: list[str], out: str = "/nowhere/out", **stems: str) -> dict[str, str]:
    found = find(names, out)
    return {video.key: video.stem for video in named(found, common_root(found), stems)}


def test_a_folder_is_searched_to_the_bottom(folder: Path) -> None:
    assert keys([str(folder)]) == {"x.mp4": "x", "a/x.mp4": "a/x", "a/y.MOV": "a/y"}
    assert keys([str(folder)], str(folder / "a")) == {"x.mp4": "x"}


def test_patterns_and_files_keep_the_tree_below_what_they_have_in_common(folder: Path) -> None:
    assert set(keys([f"{folder}/**/x.mp4"])) == {"x.mp4", "a/x.mp4"}
    assert set(keys([f"{folder}/a/x.mp4", f"{folder}/x.mp4"])) == {"x.mp4", "a/x.mp4"}
    assert set(keys([f"{folder}/a", f"{folder}/x.mp4", f"{folder}/a/x.mp4"])) == {
        "x.mp4",
        "a/x.mp4",
        "a/y.MOV",
    }


def test_lists_name_files_relative_to_themselves(folder: Path) -> None:
    (folder / "list.txt").write_text("# two\nx.mp4\n\na/x.mp4\nmissing.mp4\n")
    assert set(keys([f"{folder}/list.txt"])) == {"x.mp4", "a/x.mp4", "missing.mp4"}
    (folder / "list.csv").write_text("person;path\n1;a/x.mp4\n2;a/y.MOV\n")
    assert set(keys([f"{folder}/list.csv"])) == {"x.mp4", "y.MOV"}
    (folder / "wrong.csv").write_text("person,age\n1,2\n")
    with pytest.raises(UsageError, match="has no column path"):
        find([f"{folder}/wrong.csv"], "out")
    (folder / "empty.txt").write_text("\n")
    with pytest.raises(UsageError, match="is empty"):
        find([f"{folder}/empty.txt"], "out")


@pytest.mark.parametrize(
    ("name", "message"),
    [("nothing.mp4", "does not exist"), ("b", "contains no videos"), ("*.avi", "nothing matches")],
)
def test_a_name_that_stands_for_nothing_is_refused(folder: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find([str(folder / name)], "out")


def test_two_inputs_never_meet_in_one_name() -> None:
    found = [Found(f"/d/{name}", "/d") for name in ("a.mp4", "a.mov", "A.mkv")]
    stems = [video.stem for video in named(found, "/d", {})]
    assert len({stem.casefold() for stem in stems}) == 3
    # Who has outputs already keeps their name, whatever comes before it now.
    first = {video.key: video.stem for video in named(found, "/d", {"a.mp4": "a"})}
    assert first == {"a.mp4": "a", "a.mov": "a.mov", "A.mkv": "A.mkv"}


def test_an_input_outside_of_the_tree_is_refused() -> None:
    with pytest.raises(UsageError, match="outside of /d"):
        named([Found("/e/x.mp4", "/e")], "/d", {})


def test_addresses_keep_their_tree_and_cannot_climb_out_of_it() -> None:
    found = [Found(f"s3://bucket/{name}", "s3://bucket/a") for name in ("a/x.mp4", "a/b/y.mp4")]
    assert common_root(found) == "s3://bucket/a"
    assert [video.key for video in named(found, "s3://bucket/a", {})] == ["b/y.mp4", "x.mp4"]
    with pytest.raises(UsageError):
        named([Found("https://h/a/../../x.mp4", "https://h/a")], "https://h/a", {})
