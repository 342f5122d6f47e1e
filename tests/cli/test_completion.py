"""Completion in shells: the scripts, and what they ask for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click
import pytest
from support.program import ferpipe

from ferpipe.cli import main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_and_how_to_install_it(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    first, second, *script = capsys.readouterr().out.splitlines()
    assert first.startswith("# Install")
    assert f"ferpipe completion {shell} >" in second
    assert any("_FERPIPE_COMPLETE" in line for line in script)


def test_the_bash_script_is_bash() -> None:
    script = ferpipe("completion", "bash").stdout
    done = subprocess.run(["/bin/bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


COMPLETIONS = {
    "ferpipe plugi": {"plugins", "plugin"},
    "ferpipe plugins ha": {"haar"},
    "ferpipe doctor --j": {"--json"},
}


@pytest.mark.parametrize("words", COMPLETIONS)
def test_the_shell_gets_verbs_stages_and_options(words: str) -> None:
    count = str(len(words.split()) - 1)
    done = ferpipe(_FERPIPE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count)
    assert {line.split(",")[1] for line in done.stdout.splitlines()} == COMPLETIONS[words]


def test_pipelines_complete_by_name_and_as_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferpipe import resources
    from ferpipe.cli import _complete

    (tmp_path / "webcam.yaml").write_text("version: 1\n")
    (tmp_path / "demo.yaml").write_text("version: 1\n")
    monkeypatch.setattr(resources, "shipped", lambda kind: tmp_path)
    context = click.Context(click.Command("run"))
    items = _complete.pipelines(context, click.Argument(["pipeline"]), "web")
    assert [(item.value, item.type) for item in items] == [("webcam", "plain"), ("web", "file")]
