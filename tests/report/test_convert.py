"""The verb `convert`: which files it writes, what it says, what it refuses."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from support.convert import SAMPLE, made, run
from support.timelines import face, header, planned, write

from ferpipe import UsageError
from ferpipe_report.convert.run import FORMATS, format_of


def test_several_timelines_into_a_folder_are_a_file_each(tmp_path):
    planned(tmp_path / "a.json", [0.0, 0.1], lambda t: "happy")
    planned(tmp_path / "b.timeline.json", [0.0, 0.1], lambda t: "sad")
    words = (
        tmp_path / "a.json",
        tmp_path / "b.timeline.json",
        "-o",
        f"{tmp_path / 'out'}/",
        "--format",
        "vtt",
    )
    assert run(*words).exception is None
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"a.vtt", "b.vtt"}


def test_what_a_format_cannot_hold_is_said(tmp_path):
    frames = [
        {"time": t, "faces": [face(1, label)]}
        for t, label in ((0, "sad"), (1e-4, None), *((i / 2, "fear") for i in range(1, 6)))
    ]
    write(tmp_path / "t.json", frames)
    said = made(tmp_path / "t.json", tmp_path / "t.vtt")
    assert "omitted, since .vtt cannot hold it: 1 stretches without a label" in said
    assert "1 stretches shorter than 1 ms" in said


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_timeline_gives_the_same_bytes(tmp_path, name):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        made(SAMPLE, tmp_path / folder / f"a.{name}")
    first = {each.name: each.read_bytes() for each in (tmp_path / "x").iterdir()}
    assert first == {each.name: each.read_bytes() for each in (tmp_path / "y").iterdir()}
    assert str(tmp_path).encode() not in b"".join(first.values())


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("talk.openface.csv", "openface.csv"),
        ("fex.csv", "fex.csv"),
        ("prefex.csv", "csv"),
        ("sub-01_task-x_events.tsv", "events.tsv"),
        ("a.tsv", "events.tsv"),
        ("A.TEXTGRID", "TextGrid"),
        ("a.txt", None),
    ],
)
def test_the_name_of_a_file_decides_its_format(name, form):
    assert format_of(name) == form


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["t.json", "-o", "a.docx"], "'a.docx' has no known suffix"),
        (["t.json", "-o", "a.vtt", "--format", "docx"], "'docx' is not one of parquet, csv"),
        (["t.json", "u.json", "-o", "a.vtt"], "a .vtt file holds one recording"),
        (["t.json", "-o", "there.vtt"], "'there.vtt' exists"),
        (["t.json", "-o", "t.tsv"], "'t.json' is an input"),
        (["t.json", "t.json", "-o", "a.csv"], "'t.json' is given twice"),
        (["t.json", "-o", "a.eaf", "--video", "a.mp4", "--video", "b.mp4"], "2 --video for 1 timelines"),
        (["t.json", "-o", "a.eaf", "--video", "none.mp4"], "there is no video 'none.mp4' to link"),
        (["t.json", "-o", f"{'a' * 300}.vtt"], "cannot be written (File name too long)"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    for name in ("t.json", "u.json"):
        Path(name).write_bytes(SAMPLE.read_bytes())
    Path("there.vtt").write_text("mine")
    before = sorted(each.name for each in tmp_path.iterdir())
    done = run(*words)
    assert isinstance(done.exception, UsageError | click.ClickException)
    assert said in str(done.exception)
    assert sorted(each.name for each in tmp_path.iterdir()) == before
    assert Path("there.vtt").read_text() == "mine"


def test_a_folder_of_parquet_is_one_table_partitioned_by_recording(tmp_path):
    """Read by pandas and by pyarrow's dataset, which reads it as DuckDB and Spark do."""
    pd = pytest.importorskip("pandas")
    from pyarrow import dataset

    times = [i / 10 for i in range(20)]
    measure = {"name": "head.yaw", "unit": "deg", "low": None, "high": None, "about": "Yaw.", "of": "face"}
    planned(tmp_path / "a.json", times, lambda t: "happy" if t < 1 else "sad", head=header("a b=c/d.mp4"))
    with_measure = header("\u00e9.mp4", measures=[measure])
    planned(tmp_path / "b.json", times[:5], lambda _: "fear", head=with_measure, measures={"head.yaw": 3.0})
    made(tmp_path / "a.json", tmp_path / "study", tmp_path / "b.json", "--format", "parquet")
    made(tmp_path / "a.json", tmp_path / "flat.parquet", tmp_path / "b.json")
    flat = pd.read_parquet(tmp_path / "flat.parquet").astype({"file": str, "label": str})
    found = pd.read_parquet(tmp_path / "study").astype({"file": str, "label": str})
    keys = ["file", "index"]
    pd.testing.assert_frame_equal(
        found[flat.columns].sort_values(keys, ignore_index=True), flat.sort_values(keys, ignore_index=True)
    )
    assert sorted(set(found["file"])) == ["a b=c/d.mp4", "\u00e9.mp4"]
    table = dataset.dataset(tmp_path / "study", partitioning="hive")
    assert table.to_table(filter=dataset.field("file") == "\u00e9.mp4").num_rows == 5
    assert len({str(part.physical_schema.remove_metadata()) for part in table.get_fragments()}) == 1
