"""The command `convert`, run on a timeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ferpipe.resources import shipped
from ferpipe_report.commands import convert

SAMPLE = shipped("samples") / "demo.timeline.json"


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(convert, [str(word) for word in words], standalone_mode=False)


def made(source: Path, target: Path, *more: str | Path) -> str:
    done = run(source, "-o", target, "--overwrite", *more)
    assert done.exception is None, done.exception
    return str(done.stderr)
