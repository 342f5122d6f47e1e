"""Tables of timelines hold every row, the measures, and what the headers say."""

from __future__ import annotations

import csv
import json

import pytest
from pyarrow import parquet
from support.convert import SAMPLE, made, run
from support.timelines import face, header, planned, write

from ferpipe import UsageError
from ferpipe.timeline import load


def test_parquet_holds_every_row_of_several_timelines_and_what_their_headers_say(tmp_path):
    planned(tmp_path / "b.json", [i / 10 for i in range(30)], lambda t: "fear", lambda t: "sad")
    done = run(SAMPLE, tmp_path / "b.json", "-o", tmp_path / "all.parquet")
    assert done.exception is None
    table = parquet.read_table(tmp_path / "all.parquet")
    rows = table.to_pylist()
    sample = list(load(SAMPLE).rows())
    assert len(rows) == len(sample) + 60
    assert [{**row, "file": None} for row in rows[: len(sample)]] == [{**row, "file": None} for row in sample]
    assert {row["file"] for row in rows} == {"demo.mp4", "b.mp4"}
    about = json.loads(table.schema.metadata[b"ferpipe"])
    assert about["demo.mp4"]["model"] == load(SAMPLE).model
    assert about["demo.mp4"]["summary"] == load(SAMPLE).summary


def test_measures_are_columns_where_they_were_measured_and_absent_where_not(tmp_path):
    described = [{"name": "head.yaw", "unit": "deg", "low": -90, "high": 90, "about": "Turn.", "of": "face"}]
    frames = [
        {"time": i / 10, "faces": [face(1, "happy", **({"measures": {"head.yaw": 30.0}} if i % 2 else {}))]}
        for i in range(10)
    ]
    write(tmp_path / "m.json", frames, {**header(), "measures": described})
    made(tmp_path / "m.json", tmp_path / "m.openface.csv")
    rows = list(csv.DictReader((tmp_path / "m.openface.csv").open()))
    assert [row["pose_Ry"] for row in rows[:2]] == ["", "0.523599"]
    assert not {"pose_Rx", "pose_Rz", "gaze_angle_x"} & rows[0].keys()
    made(tmp_path / "m.json", tmp_path / "m.fex.csv")
    rows = list(csv.DictReader((tmp_path / "m.fex.csv").open()))
    assert (rows[1]["Yaw"], rows[1]["happiness"], rows[1]["frame"]) == ("30.0", "0.8", "1")
    assert "Pitch" not in rows[0]
    made(tmp_path / "m.json", tmp_path / "m.parquet")
    found = parquet.read_table(tmp_path / "m.parquet").column("m_head.yaw").to_pylist()
    assert found == [None, 30.0] * 5


def test_a_table_of_several_timelines_names_the_file(tmp_path):
    planned(tmp_path / "a.json", [0.0, 0.1], lambda t: "happy")
    planned(tmp_path / "b.json", [0.0, 0.1], lambda t: "sad")
    assert run(tmp_path / "a.json", tmp_path / "b.json", "-o", tmp_path / "all.csv").exception is None
    rows = list(csv.DictReader((tmp_path / "all.csv").open()))
    assert [(row["file"], row["label"]) for row in rows] == [("a.mp4", "happy")] * 2 + [("b.mp4", "sad")] * 2


def test_a_table_of_several_recordings_is_not_read_as_one_timeline(tmp_path):
    for name in ("a", "b"):
        planned(tmp_path / f"{name}.json", [0.0, 0.1], lambda _: "sad")
    made(tmp_path / "a.json", tmp_path / "one.csv")
    assert len(load(tmp_path / "one.csv").frames) == 2
    made(tmp_path / "a.json", tmp_path / "all.csv", tmp_path / "b.json")
    with pytest.raises(UsageError, match=r"contains several recordings, 'a\.mp4' and 'b\.mp4'"):
        load(tmp_path / "all.csv")
