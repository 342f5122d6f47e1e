"""`ferpipe graph`: a tree for the terminal, Mermaid for documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe.cli import main

TEXT = "version: 1\nstages:\n- {use: file, name: clip, with: {path: a.mp4}}\n- 'null'\n"


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    path = tmp_path / "p.yaml"
    path.write_text(TEXT)
    return str(path)


def test_the_tree(pipeline: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", pipeline]) == 0
    assert capsys.readouterr().out == "clip (file) → frame\nnull\n"


def test_mermaid(pipeline: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", pipeline, "--mermaid"]) == 0
    assert capsys.readouterr().out.startswith('flowchart LR\n    n0(["clip<br>file"])\n')


def test_a_wrong_pipeline_has_no_picture(pipeline: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", pipeline, "--set", "clip.pth=x"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "unknown option 'pth' (did you mean 'path'?)" in err
