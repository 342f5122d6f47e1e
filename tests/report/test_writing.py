"""Outputs of the verbs: locked while they are written, whole or not there, never over what is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.timelines import planned

from ferpipe import Output, RunError, UsageError
from ferpipe_report.build import Request, build
from ferpipe_report.convert.run import convert
from ferpipe_report.writing import Outputs


def timeline(folder: Path) -> Path:
    planned(folder / "t.json", [0.0, 0.1, 0.2], lambda _: "happy")
    return folder / "t.json"


def test_a_file_that_somebody_else_is_writing_is_left_to_them(tmp_path):
    path = timeline(tmp_path)
    with Output(tmp_path / "t.vtt") as theirs:
        theirs.write(b"theirs")
        with pytest.raises(UsageError, match="is being written by"):
            convert([path], tmp_path / "t.vtt", None, [], overwrite=True)
    assert (tmp_path / "t.vtt").read_bytes() == b"theirs"


def test_nothing_is_written_through_the_part_of_a_cut_short_run_that_is_the_input(tmp_path):
    path = timeline(tmp_path)
    cut = path.rename(tmp_path / "talk.vtt.part")
    before = cut.read_bytes()
    with pytest.raises(UsageError, match="is an input"):
        convert([cut], tmp_path / "talk.vtt", None, [], overwrite=True)
    with pytest.raises(UsageError, match="exists, perhaps the output of a run"):
        build(Request([cut], tmp_path / "talk.vtt"))
    assert cut.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["talk.vtt.part"]


def test_where_one_file_fails_none_gets_its_name(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    with Outputs([], overwrite=False) as outputs:
        outputs.claim([first, second])
        Path(f"{second}.part").unlink()  # a disk that was taken away
        with pytest.raises(RunError):
            outputs.write({second: b"2", first: b"1"})
    assert not first.exists()
    assert not second.exists()


def test_a_page_that_cannot_be_made_leaves_nothing_behind(tmp_path):
    path = timeline(tmp_path)
    (tmp_path / "bad.csv").write_text("no events")
    with pytest.raises(UsageError):
        build(Request([path], tmp_path / "new" / "page.html", events=[tmp_path / "bad.csv"]))
    assert list((tmp_path / "new").iterdir()) == []
