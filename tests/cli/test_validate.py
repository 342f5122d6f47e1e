"""`ferpipe validate` from the outside: what it prints, and what it ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe.cli import main

GOOD = "version: 1\nstages:\n- {use: file, with: {path: a.mp4}}\n- 'null'\n"
BAD = "version: 1\nstages:\n- {use: file, with: {pth: a.mp4}}\n- nul\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_good_pipeline_is_one_line_of_stages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "good.yaml"]) == 0
    assert capsys.readouterr().out == "good.yaml: ok: file -> null\n"


@pytest.mark.usefixtures("folder")
def test_every_mistake_of_every_pipeline_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "bad.yaml", "good.yaml", "none.yaml", "nothing"]) == 2
    out, err = capsys.readouterr()
    assert out == "good.yaml: ok: file -> null\n"
    lines = [line.removeprefix("ferpipe: ").split(" (")[0] for line in err.splitlines()]
    assert lines == [
        "bad.yaml:3:22: file: unknown option 'pth'",
        "bad.yaml:4:3: nul: unknown stage 'nul'",
        "none.yaml: there is no such file",
        "no pipeline file or ready pipeline 'nothing'",
    ]


@pytest.mark.usefixtures("folder")
def test_set_is_checked_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "good.yaml", "--set", "file.stride=0"]) == 2
    assert "--set file.stride: 'stride': expected at least 1, found 0" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_warning_is_not_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.yaml").write_text(GOOD.replace("- 'null'\n", ""))
    assert main(["validate", "odd.yaml"]) == 0
    assert "warning: odd.yaml:3:9: file: nothing uses what it gives (frame)" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_plugin_files_load_and_can_be_forbidden(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.py").write_text(
        "import ferpipe\n\nclass Mine(ferpipe.Stage):\n    '''Mine.'''\n\n"
        "@ferpipe.hookimpl\ndef ferpipe_stages():\n    return {'mine': Mine}\n"
    )
    Path("mine.yaml").write_text(GOOD + "- mine\nplugins: [./mine.py]\n")
    Path("named.yaml").write_text(GOOD + "- mine\n")
    assert main(["validate", "mine.yaml"]) == 0
    assert main(["validate", "named.yaml", "--plugin", "mine.py"]) == 0
    assert main(["validate", "mine.yaml", "--no-local-plugins"]) == 2
    assert "--no-local-plugins forbids them" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_broken_plugin_file_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.py").write_text("import nothing_of_this_name\n")
    Path("mine.yaml").write_text(GOOD + "plugins: [./mine.py]\n")
    assert main(["validate", "mine.yaml"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ferpipe: mine.yaml:5:11: plugins: ")
    assert "nothing_of_this_name" in line


@pytest.mark.usefixtures("folder")
def test_a_password_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    url = "rtsp://me:hunter2@camera/live"
    assert main(["validate", "good.yaml", url, "--set", f"file.stride={url}"]) == 2
    out, err = capsys.readouterr()
    assert "hunter2" not in out + err


@pytest.mark.parametrize(
    "name", ["demo", "annotate", "timeline", "images", "compare", "privacy", "rtsp", "stream", "webcam"]
)
def test_a_ready_pipeline_is_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", name]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{name}: ok: ")
    assert err == ""
