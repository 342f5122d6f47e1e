"""The frame of the command line: help without imports, errors in one line, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest

from ferpipe import ConfigError, RunError, UsageError, __version__, plugins
from ferpipe.cli import _group, main
from ferpipe.cli._errors import guarded
from ferpipe.cli._group import VERBS
from ferpipe.errors import Problem
from ferpipe.resources import shipped

HEAVY = {"pydantic", "rich", "numpy", "yaml", "cv2", "av", "tensorflow"}
"""pluggy is not among them: a plugin's verb brings it, and it costs 6 ms."""


@pytest.mark.parametrize("verb", VERBS)
def test_the_table_says_what_the_commands_say(verb: str) -> None:
    command = import_module(f"ferpipe.cli.{verb}").command
    assert isinstance(command, click.Command)
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == VERBS[verb]


@pytest.mark.parametrize("verb", VERBS)
def test_every_parameter_is_documented(verb: str) -> None:
    def walk(command: click.Command) -> list[click.Command]:
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        return [command, *(leaf for child in inner for leaf in walk(child))]

    for command in walk(import_module(f"ferpipe.cli.{verb}").command):
        assert command.help
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for verb, text in VERBS.items():
        assert f"{verb} {text}" in out


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_imports_nothing_heavy(flag: str) -> None:
    code = (
        "import sys\nfrom ferpipe.cli import main\n"
        f"assert main([{flag!r}]) == 0\n"
        f"heavy = {HEAVY!r} & set(sys.modules)\n"
        "sys.exit(str(sorted(heavy)) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_plain_run_imports_what_it_needs_and_no_more(tmp_path: Path) -> None:
    overrides = [
        "file.end=0.1",
        f"timeline.path={tmp_path / 't.json'}",
        f"file.path={shipped('samples') / 'demo.mp4'}",
    ]
    more = {
        "tensorflow",
        "keras",
        "torch",
        "onnxruntime",
        "matplotlib",
        "pandas",
        "pyarrow",
        "starlette",
        "ssl",
    }
    code = (
        "import sys\nfrom ferpipe.cli import main\n"
        f"assert main(['run', 'timeline', '--quiet', *sum((['--set', o] for o in {overrides!r}), [])]) == 0\n"
        f"found = {more!r} & set(sys.modules)\n"
        "sys.exit(str(sorted(found)) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ferpipe {__version__}\n"


def test_a_misspelt_verb_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugns"]) == 2
    assert "there is no command 'plugns': did you mean 'plugins'?" in capsys.readouterr().err


def test_a_wrong_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--jsn"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ferpipe: No such option")
    assert "see 'ferpipe doctor --help'" in line


def raising(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


AGAIN = "run again with FERPIPE_DEBUG=1 for the traceback"
PROBLEMS = ConfigError([Problem("one", file="a.yaml", line=1), Problem("two", file="a.yaml", line=2)])
ENDS = [
    (UsageError("no such file"), 2, ["ferpipe: no such file"]),
    (RunError("it broke"), 1, ["ferpipe: it broke"]),
    (
        OSError(28, "No space left on device", "out/a.json"),
        1,
        ["ferpipe: cannot use 'out/a.json': No space left on device"],
    ),
    (OSError("odd thing"), 1, ["ferpipe: internal error: OSError: odd thing; " + AGAIN]),
    (PROBLEMS, 2, ["ferpipe: a.yaml:1: one", "ferpipe: a.yaml:2: two"]),
    (click.BadParameter("too small"), 2, ["ferpipe: Invalid value: too small (see 'ferpipe --help')"]),
    (KeyboardInterrupt(), 130, ["ferpipe: interrupted"]),
    (click.Abort(), 1, ["ferpipe: nothing was done"]),
    (
        ValueError("odd\nthing at rtsp://me:secret@cam/1"),
        1,
        ["ferpipe: internal error: ValueError: odd thing at rtsp://***@cam/1; " + AGAIN],
    ),
]


@pytest.mark.parametrize(("error", "code", "lines"), ENDS)
def test_every_error_ends_in_lines_and_its_code(
    error: BaseException,
    code: int,
    lines: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FERPIPE_DEBUG", raising=False)
    assert guarded(raising(error), []) == code
    assert [line for line in capsys.readouterr().err.splitlines() if line] == lines


def test_a_verb_may_end_with_a_code_of_its_own() -> None:
    assert guarded(raising(click.exceptions.Exit(143)), []) == 143


def test_the_traceback_is_there_on_request_without_passwords(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERPIPE_DEBUG", "1")
    assert guarded(raising(ValueError("rtsp://me:secret@cam/1")), []) == 1
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "secret" not in told


PRINTS = """
import sys, click
from ferpipe.cli._errors import guarded
@click.command()
def command():
    print("buffered until the end")
sys.exit(guarded(command, []))
"""


@pytest.mark.parametrize("args", [["-m", "ferpipe", "--help"], ["-c", PRINTS]])
def test_a_reader_that_goes_away_is_no_error(args: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, *args],
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 1


@pytest.fixture
def plugin_verbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    text = "import click\n@click.command()\ndef command():\n    'Say hello.'\n    click.echo('hello')\n"
    (tmp_path / "verbs_for_test.py").write_text(f"{text}word = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("hello", "verbs_for_test:command", "ferpipe.commands"),
        EntryPoint("gone", "no_such_module_xyz:command", "ferpipe.commands"),
        EntryPoint("word", "verbs_for_test:word", "ferpipe.commands"),
        EntryPoint("run", "verbs_for_test:command", "ferpipe.commands"),
    ]
    monkeypatch.setattr(plugins, "points_of", lambda group: (points, []))
    _group._plugin_verbs.cache_clear()
    yield
    _group._plugin_verbs.cache_clear()


@pytest.mark.usefixtures("plugin_verbs")
def test_a_plugins_verb_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hello"]) == 0
    assert capsys.readouterr().out == "hello\n"


@pytest.mark.usefixtures("plugin_verbs")
def test_a_broken_verb_is_a_line_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "hello Say hello" in out
    assert "gone broken: the command 'gone'" in out
    assert out.count("Say hello") == 1, "a plugin must not take the place of 'run'"


@pytest.mark.usefixtures("plugin_verbs")
@pytest.mark.parametrize(("verb", "why"), [("gone", "ModuleNotFoundError"), ("word", "not a click command")])
def test_a_broken_verb_that_is_called_says_why(
    verb: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line


@pytest.mark.usefixtures("plugin_verbs")
def test_the_allow_list_holds_for_verbs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERPIPE_PLUGINS", "sources, word")
    assert main(["hello"]) == 2
    assert "there is no command 'hello'" in capsys.readouterr().err
    assert set(_group._plugin_verbs()) == {"word"}


def test_a_verb_is_allowed_with_its_distribution_or_a_plugin_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "ferpipe_glow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ferpipe-glow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ferpipe]\nglow = x\n[ferpipe.commands]\nshine = x:y\n")
    monkeypatch.syspath_prepend(tmp_path)
    for allowed, expected in {
        "glow": True,
        "ferpipe-glow": True,
        "shine": True,
        "": False,
        "sun": False,
    }.items():
        monkeypatch.setenv("FERPIPE_PLUGINS", allowed)
        _group._plugin_verbs.cache_clear()
        assert ("shine" in _group._plugin_verbs()) is expected, allowed
    _group._plugin_verbs.cache_clear()


@pytest.mark.parametrize("args", [[], ["plugin"]])
def test_without_a_verb_the_help_is_shown_as_it_is(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == 2
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith(f"Usage: ferpipe {' '.join(args)}".rstrip())
    assert not any(line.startswith("ferpipe: ") or "see 'ferpipe" in line for line in rest)


def test_no_verb_is_described_in_half_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    verbs = capsys.readouterr().out.split("Commands:")[1]
    assert "..." not in verbs
