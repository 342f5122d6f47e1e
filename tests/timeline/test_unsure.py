"""Labels that are unsure, in every format of a timeline."""

from __future__ import annotations

import jsonschema
import pytest

from ferpipe import Box, Emotion, Face, timeline
from ferpipe.packet import StreamInfo
from ferpipe.testing import make_packet
from ferpipe.timeline.record import header_of, record_of
from ferpipe.timeline.writer import Writer

CLASSES = ("happy", "sad")
SURE = Emotion(CLASSES, (0.9, 0.1), "happy")
UNSURE = Emotion(CLASSES, (0.5, 0.5), None, unsure=True)


def written(path, emotions, notes):
    header = header_of(StreamInfo("v", "v"), classes=CLASSES, notes=notes)
    writer = Writer(path, path.suffix[1:], header)
    for i, emotion in enumerate(emotions):
        face = Face(Box(0, 0, 9, 9), 0.9, track=1, emotion=emotion)
        writer.write(record_of(make_packet(time=i * 100_000, index=i, faces=(face,))))
    writer.close()
    return writer


@pytest.mark.parametrize("notes", [{"unsure": {"below": 0.4}}, {}], ids=["noted", "not noted"])
@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_every_format_says_it(tmp_path, form, notes):
    path = tmp_path / f"t.{form}"
    writer = written(path, [SURE, SURE, UNSURE, UNSURE, UNSURE, SURE], notes)
    found = timeline.load(path)
    faces = [frame["faces"][0] for frame in found.frames]
    assert [face.get("unsure", False) for face in faces] == [False, False, True, True, True, False]
    assert [face["label"] for face in faces] == ["happy", "happy", None, None, None, "happy"]
    (track,) = found.tracks
    assert track["unsure"] == pytest.approx(0.3)
    assert found.summary["unsure"] == pytest.approx(0.3)
    assert [segment.get("unsure", False) for segment in track["segments"]] == [False, True, False]
    assert writer.findings() == ["person 1 (0.0 to 0.5 s): happy 0.3 s, unsure 0.3 s"]
    table = found.to_pandas()
    assert table["unsure"].tolist() == [False, False, True, True, True, False]
    assert list(table.columns) == found.columns()
    if form == "json":
        jsonschema.validate(timeline_as_json(path), timeline.schema())


def timeline_as_json(path):
    import json

    return json.loads(path.read_text())


def test_a_timeline_without_doubt_has_no_column_for_it(tmp_path):
    written(tmp_path / "t.csv", [SURE, SURE], {})
    found = timeline.load(tmp_path / "t.csv")
    assert "unsure" not in found.columns()
    assert "unsure" not in found.to_pandas()
    assert "unsure" not in found.summary


def test_stills_count_what_is_unsure(tmp_path):
    header = header_of(StreamInfo("v", "v"), classes=CLASSES)
    writer = Writer(tmp_path / "t.json", "json", header)
    faces = tuple(Face(Box(0, 0, 9, 9), 0.9, emotion=each) for each in (SURE, UNSURE, None))
    writer.write(record_of(make_packet(faces=faces)))
    writer.close()
    assert writer.findings() == ["3 faces in 1 picture: happy 1, unsure 1, no emotion 1"]


def test_an_emotion_cannot_be_unsure_and_have_a_label():
    assert "unsure" in Emotion(CLASSES, (0.5, 0.5), "sad", unsure=True).objection()
    assert UNSURE.objection() is None
