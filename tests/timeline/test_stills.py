"""A timeline of stills tells of each frame which picture it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from ferpipe import Box, Face, Packet, StreamInfo
from ferpipe.testing import make_packet
from ferpipe.timeline import FORMATS, Format, Timeline, Writer, header_of, load, record_of, schema

NAMES = ['a/1, "x".png', "é.png", "b.png"]


def write(target: Path, form: Format, *, named: bool) -> Timeline:
    writer_of(target, form, named=named)
    return load(target)


def writer_of(target: Path, form: Format, *, named: bool) -> Writer:
    writer = Writer(target, form, header_of(StreamInfo("stills", "stills")))
    for second, name in enumerate(NAMES):
        packet = make_packet(time=second * 1_000_000, index=second, faces=(Face(Box(1, 2, 3, 4), 0.9),))
        if named:
            packet = Packet(dataclasses.replace(packet.frame, picture=name), packet.data)
        writer.write(record_of(packet))
    writer.close()
    return writer


@pytest.mark.parametrize("form", FORMATS)
def test_stills_are_reported_by_name(tmp_path: Path, form: Format) -> None:
    pytest.importorskip("pandas")
    found = write(tmp_path / f"stills.{form}", form, named=True)
    assert [frame["picture"] for frame in found.frames] == NAMES
    assert list(found.to_pandas()["picture"]) == NAMES
    plain = write(tmp_path / f"video.{form}", form, named=False)
    assert all("picture" not in frame for frame in plain.frames)
    assert "picture" not in plain.to_pandas()


def test_the_faces_of_stills_are_counted_in_the_closing_words(tmp_path: Path) -> None:
    written = writer_of(tmp_path / "stills.json", "json", named=True)
    assert written.findings() == ["3 faces in 3 pictures: no emotion 3"]
    nothing = Writer(tmp_path / "none.json", "json", header_of(StreamInfo("stills", "stills")))
    nothing.close()
    assert nothing.findings() == ["no face was found"]


def test_the_schema_and_the_table_know_the_name(tmp_path: Path) -> None:
    write(tmp_path / "stills.json", "json", named=True)
    jsonschema.validate(json.loads((tmp_path / "stills.json").read_text()), schema())
    write(tmp_path / "stills.csv", "csv", named=True)
    head = (tmp_path / "stills.csv").read_text().splitlines()[0].split(",")
    assert head[head.index("label") + 1] == "picture"
    write(tmp_path / "video.csv", "csv", named=False)
    assert "picture" not in (tmp_path / "video.csv").read_text()
