"""After a batch: one dataset, one row a person a video, one report."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support.timelines import face, header, planned, write

from ferpipe import UsageError
from ferpipe_batch import dataset
from ferpipe_batch.collect import Wanted, collect
from ferpipe_batch.folder import Folder
from ferpipe_batch.manifest import Journal

TIMES = [i / 10 for i in range(10)]
YAW = {"name": "head.yaw", "unit": "deg", "low": -90, "high": 90, "about": "Turn.", "of": "face"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The output of a batch of three videos, one of them without a face, and one that failed."""
    folder = Folder(tmp_path / "out")
    (folder.out / "a").mkdir()
    planned(
        folder.out / "a/x.timeline.json", TIMES, lambda _: "happy", lambda t: "sad" if t < 0.6 else "fear"
    )
    frames = [{"time": t, "faces": [face(1, "happy", measures={"head.yaw": 30.0})]} for t in TIMES]
    write(folder.out / "x.timeline.json", frames, {**header(), "measures": [YAW]})
    write(folder.out / "z.timeline.json", [{"time": t, "faces": []} for t in TIMES])
    journal = Journal(folder.path, "1-of-1")
    for stem in ("a/x", "x", "z", "bad"):
        journal.append(
            {"event": "start", "key": f"{stem}.mp4", "stem": stem, "identity": {}, "fingerprint": "f"}
        )
        name = f"{stem}.timeline.json"
        state = "failed" if stem == "bad" else "done"
        journal.append({"event": "end", "key": f"{stem}.mp4", "state": state, "outputs": {name: 1}})
    journal.close()
    return folder.out


@pytest.mark.parametrize("rows", [1_000_000, 15])
def test_the_dataset_is_one_table_whatever_the_parts(
    out: Path, tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pandas, duckdb = pytest.importorskip("pandas"), pytest.importorskip("duckdb")
    monkeypatch.setattr(dataset, "ROWS", rows)
    target = tmp_path / "all.parquet"
    assert collect(out, Wanted(target, None, None)) == 0
    assert len(list(target.iterdir())) == (1 if rows > 100 else 2)
    frame = pandas.read_parquet(target)
    assert frame.groupby("video").size().to_dict() == {"a/x.mp4": 20, "x.mp4": 10}
    assert frame.groupby("video")["m_head.yaw"].count().to_dict() == {"a/x.mp4": 0, "x.mp4": 10}
    table = duckdb.read_parquet(f"{target}/*.parquet")
    found = table.aggregate("video, label, count(*)", "video, label").order("video, label")
    assert found.fetchall() == [
        ("a/x.mp4", "fear", 4),
        ("a/x.mp4", "happy", 10),
        ("a/x.mp4", "sad", 6),
        ("x.mp4", "happy", 10),
    ]
    with pytest.raises(UsageError, match="exists"):
        collect(out, Wanted(target, None, None))
    assert collect(out, Wanted(target, None, None, overwrite=True)) == 0


def test_the_summary_has_a_row_a_person_a_video(out: Path, tmp_path: Path) -> None:
    collect(out, Wanted(None, tmp_path / "summary.csv", None))
    with (tmp_path / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["video"], row["person"], row["dominant"]) for row in rows] == [
        ("a/x.mp4", "1", "happy"),
        ("a/x.mp4", "2", "sad"),
        ("x.mp4", "1", "happy"),
    ]
    assert [row["share_happy"] for row in rows] == ["1.0", "0.0", "1.0"]
    assert [row["mean_head.yaw"] for row in rows] == ["", "", "30.0"]


def test_a_folder_that_is_no_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not the output of 'ferpipe batch'"):
        collect(tmp_path, Wanted(None, tmp_path / "summary.csv", None))
