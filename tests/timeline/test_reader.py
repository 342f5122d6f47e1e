"""What cannot be read is said in one line, and what can goes on to pandas."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from ferpipe import Box, Emotion, Face, StreamInfo, UsageError
from ferpipe.testing import make_packet
from ferpipe.timeline import Writer, header_of, load, record_of, schema


@pytest.fixture
def written(tmp_path: Path) -> Path:
    emotion = Emotion(("happy", "sad"), (0.75, 0.25), "happy", raw=(0.5, 0.5))
    known = Face(Box(1, 2, 3, 4), 0.9, track=7, emotion=emotion)
    unknown = Face(Box(5, 6, 7, 8), 0.8, detected=False)
    writer = Writer(
        tmp_path / "a.json", "json", header_of(StreamInfo("cam", "a.mp4"), classes=emotion.classes)
    )
    writer.write(record_of(make_packet(time=0, faces=(known, unknown))))
    writer.write(record_of(make_packet(time=40_000, index=1)))
    writer.close()
    return tmp_path / "a.json"


def changed(path: Path, **entries: Any) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}, indent=1))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as error:
        load(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_newer_version_is_named(written: Path) -> None:
    assert "'ferpipe.timeline/3'" in refusal(changed(written, format="ferpipe.timeline/3"))
    assert "update ferpipe" in refusal(written)


def test_another_json_is_no_timeline(written: Path) -> None:
    assert "is not a timeline" in refusal(changed(written, format=3))


def test_a_document_that_lacks_an_entry_is_damaged(written: Path) -> None:
    document = json.loads(written.read_text())
    del document["tracks"]
    written.write_text(json.dumps(document, indent=1))
    assert "is damaged: tracks: field required" in refusal(written)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a table without a column 'index'"),
        (b"\xff\xfe\x00", "not text"),
        (b'{"format": "ferpipe.timeline/1",\n "frames": [', "cut short"),
        (b"a,b\n1,2\n", "a table without a column 'index'"),
        (b"index,time,duration,track,x,y,w,h,score,detected,label\n0,zero,0,,1,2,3,4,,True,\n", "line 2"),
        (b"[1, 2]", "is not a timeline"),
    ],
)
def test_what_is_no_timeline_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert message in refusal(path)


def test_a_bad_line_in_the_middle_is_numbered(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    header = json.dumps(header_of(StreamInfo("cam", "a.mp4")))
    path.write_text(f'{header}\n{{"index": 0\n{{"index": 1, "time": 0.1, "faces": []}}\n')
    assert "line 2" in refusal(path)


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.json")
    assert "directory" in refusal(tmp_path)


def test_the_schema_refuses_what_the_format_does_not_have(written: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema())
    document = json.loads(written.read_text())
    jsonschema.validate(document, schema())
    document["frames"][0]["faces"][0]["mood"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())


def test_pandas_gets_a_row_a_face(written: Path) -> None:
    table = load(written).to_pandas()
    assert len(table) == 2
    first, second = table.iloc[0], table.iloc[1]
    assert (first["track"], first["p_happy"], first["raw_sad"], first["duration"]) == (7, 0.75, 0.5, 0.04)
    assert not second["detected"]
    assert second.isna()["label"]
    assert second.isna()["track"]
    assert table.groupby("label")["duration"].sum().to_dict() == {"happy": 0.04}


def test_without_pandas_a_line_says_what_to_install(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    timeline = load(written)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(UsageError, match="pip install pandas"):
        timeline.to_pandas()


def test_an_empty_timeline_gives_an_empty_table(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.jsonl", "jsonl", header_of(StreamInfo("cam", "a.mp4"), classes=["happy"]))
    writer.close()
    table = load(tmp_path / "a.jsonl").to_pandas()
    assert len(table) == 0
    assert "p_happy" in table.columns


def test_a_timeline_shows_itself_in_one_line(written: Path) -> None:
    assert repr(load(written)) == "<Timeline a.mp4: 2 frames, 1 tracks, 0.08 s>"
