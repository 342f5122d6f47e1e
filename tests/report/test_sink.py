"""The formats of other tools as outputs of a run: what `ferpipe convert` writes, safe from a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import webvtt
from support.graphs import EXECUTORS

from ferpipe import Pipeline, UsageError
from ferpipe.cli import main
from ferpipe.resources import shipped
from ferpipe.timeline import load
from ferpipe_report.convert.run import FORMATS, convert

DEMO = shipped("samples") / "demo.mp4"
CHAIN = [("file", {"path": str(DEMO), "stride": 15}), "blazeface", "track", "align", "litert"]


@pytest.mark.slow
def test_each_format_is_what_convert_makes_of_the_timeline(tmp_path):
    alone, later = tmp_path / "alone", tmp_path / "later"
    later.mkdir()
    sinks = [("convert", {"path": str(alone / f"t.{form}"), "format": form}) for form in FORMATS]
    Pipeline.of(*CHAIN, ("timeline", {"path": str(tmp_path / "t.json")})).run()
    for sink in sinks:
        Pipeline.of(*CHAIN, sink).run()
    for form in FORMATS:
        convert([tmp_path / "t.json"], later / f"t.{form}", form, [DEMO], overwrite=True)
    made = {path.name: path.read_bytes() for path in alone.iterdir()}
    assert made == {path.name: path.read_bytes() for path in later.iterdir()}
    assert len(made) == len(FORMATS) + 3  # beside the .eaf, and beside events.tsv


@pytest.mark.slow
@pytest.mark.parametrize("executor", EXECUTORS)
def test_both_executors_write_the_same_bytes(tmp_path, executor):
    Pipeline.of(*CHAIN, ("convert", {"path": str(tmp_path / "t.fex.csv")}), executor="inline").run()
    Pipeline.of(*CHAIN, ("convert", {"path": str(tmp_path / "u.fex.csv")}), executor=executor).run()
    assert (tmp_path / "t.fex.csv").read_bytes() == (tmp_path / "u.fex.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "enough"), [("eaf", b'"index":30,'), ("csv", b"\ndemo.mp4,40,"), ("vtt", b"<v Person 2>")]
)
def test_a_killed_run_leaves_what_it_has_found(tmp_path, form, enough):
    chain = [("file", {"path": str(DEMO)}), *CHAIN[1:]]
    code = f"from ferpipe import Pipeline\nPipeline.of(*{chain!r}, ('convert', {{'path': 't.{form}'}})).run()"
    run = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    part = tmp_path / f"t.{form}.part"
    until = time.monotonic() + 120
    while time.monotonic() < until and not (part.exists() and enough in part.read_bytes()):
        time.sleep(0.02)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert enough in part.read_bytes()
    assert not (tmp_path / f"t.{form}").exists()
    if form == "vtt":
        cues = webvtt.from_string(part.read_text())
        assert {cue.voice for cue in cues} == {"Person 1", "Person 2"}
        return
    timeline = load(part)
    assert len(timeline.frames) >= 10
    convert([part], tmp_path / "saved.vtt", None, [], overwrite=False)
    assert (tmp_path / "saved.vtt").read_text().startswith("WEBVTT")


def test_a_file_beside_that_exists_is_refused_before_the_first_frame(tmp_path):
    (tmp_path / "t.curves.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"t\.curves\.csv exists"):
        Pipeline.of(*CHAIN, ("convert", {"path": str(tmp_path / "t.eaf")})).run()
    assert [path.name for path in tmp_path.iterdir()] == ["t.curves.csv"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["-o", "x.eaf"], "x.eaf"),
        (["-o", "x.openface.csv"], "x.openface.csv"),
        (["-o", "out/", "--format", "vtt"], "out/clip.timeline.vtt"),
        (["-o", "x.csv"], "x.csv"),
    ],
)
def test_the_verb_writes_them(tmp_path, monkeypatch, words, name):
    monkeypatch.chdir(tmp_path)
    Path("clip.mp4").symlink_to(DEMO)
    assert main(["timeline", "clip.mp4", "--every", "25", "--quiet", *words]) == 0
    head = (tmp_path / name).read_text()[:200]
    starts = {"x.eaf": "<?xml", "x.openface.csv": "frame,face_id", "x.csv": "index,time,duration"}
    assert head.startswith(starts.get(name, "WEBVTT"))
    if name == "x.eaf":
        media = ET.parse(name).getroot().find("HEADER/MEDIA_DESCRIPTOR")  # noqa: S314 -- our own
        assert media is not None
        assert media.get("RELATIVE_MEDIA_URL") == "./clip.mp4"


def test_a_format_that_is_none_is_one_line(tmp_path, capsys):
    assert main(["timeline", str(DEMO), "-o", str(tmp_path / "o"), "--format", "docx"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "there is no format 'docx': use one of json, jsonl, csv, parquet, openface.csv" in said
