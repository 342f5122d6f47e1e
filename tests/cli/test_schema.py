"""`ferpipe schema`: JSON that a validator accepts, printed or written."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from ferpipe.cli import main


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {"file.options", "blazeface.options", "timeline.options"} <= schema["$defs"].keys()


def test_the_schema_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "schema.json"
    assert main(["schema", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert json.loads(path.read_text(encoding="utf-8"))["title"] == "ferpipe pipeline"


def test_a_file_that_cannot_be_written_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "-o", str(tmp_path / "no" / "schema.json")]) == 2
    assert "schema.json cannot be written" in capsys.readouterr().err


def test_a_plugin_file_is_in_the_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "import ferpipe\n\nclass Mine(ferpipe.Stage):\n    '''Mine.'''\n\n"
        "@ferpipe.hookimpl\ndef ferpipe_stages():\n    return {'mine': Mine}\n"
    )
    assert main(["schema", "--plugin", str(plugin)]) == 0
    assert "mine.options" in json.loads(capsys.readouterr().out)["$defs"]
