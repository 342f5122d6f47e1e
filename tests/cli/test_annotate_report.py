"""`ferpipe annotate --report`: video, timeline and page in one go."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest

from ferpipe.cli import main
from ferpipe.resources import shipped
from ferpipe.timeline import load

SAMPLE = str(shipped("samples") / "demo.mp4")


def told(page: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


@pytest.mark.slow
@pytest.mark.parametrize("blur", [False, True])
def test_the_report_is_of_the_run_and_hidden_faces_stay_hidden(tmp_path, capsys, blur):
    words = [
        "annotate",
        SAMPLE,
        "-o",
        "out.mp4",
        "--report",
        "page.html",
        "--output-dir",
        str(tmp_path),
        "-q",
    ]
    assert main([*words, *(["--blur"] if blur else [])]) == 0
    assert capsys.readouterr().err == ""
    timeline = load(tmp_path / "demo.timeline.json")
    (recording,) = told((tmp_path / "page.html").read_text())["recordings"]
    assert recording["summary"]["seconds"] == timeline.summary["seconds"]
    assert len(recording["people"]) == len(timeline.tracks) == len(recording["portraits"])
    assert (recording["video"]["src"] == "out.mp4") == blur
    assert (tmp_path / unquote(recording["video"]["src"])).resolve().is_file()


def test_a_report_that_exists_is_refused_before_the_run(tmp_path, capsys):
    (tmp_path / "page.html").write_text("mine")
    words = ["annotate", SAMPLE, "-o", "out.mp4", "--report", "page.html", "--output-dir", str(tmp_path)]
    assert main(words) == 2
    assert "page.html exists: choose another name or add --overwrite" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "mine"
