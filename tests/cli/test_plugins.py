"""`ferpipe plugins` and `ferpipe plugin new`."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from ferpipe.cli import main

PLUGIN = '''
from typing import Literal

from ferpipe import Options, Stage, hookimpl
from pydantic import Field


class SharpenOptions(Options):
    strength: float = Field(0.5, gt=0, le=2, description="How much.")
    mode: Literal["fine", "coarse"] | None = Field("fine", description="Which [kernel] is used.")
    places: tuple[int, ...] = Field(description="Where.")


class Sharpen(Stage[SharpenOptions]):
    """Sharpens
    every picture.

    With care.
    """

    Options = SharpenOptions
    needs = frozenset({"faces"})
    gives = frozenset({"canvas"})


@hookimpl
def ferpipe_stages():
    return {"sharpen": Sharpen, "lost": "no_such_module_xyz:Lost"}
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERPIPE_PLUGINS", "")
    path = tmp_path / "sharpen.py"
    path.write_text(PLUGIN)
    return path


def test_the_list_names_stage_contract_options_and_origin(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugins", "--plugin", str(plugin)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(plugin)
    words = " ".join(lines[1].split())
    assert words == 'sharpen faces -> canvas Sharpens every picture. strength=0.5, mode="fine", places'


def test_a_broken_stage_and_a_broken_file_are_lines(
    plugin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import no_such_library_xyz\n")
    assert main(["plugins", "--plugin", str(plugin), "--plugin", str(bad)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(f"broken: {plugin}: stage 'lost': ModuleNotFoundError") for line in lines)
    assert any(line.startswith(f"broken: {bad}: ModuleNotFoundError") for line in lines)
    assert any(line.startswith("not allowed by FERPIPE_PLUGINS: faces (ferpipe") for line in lines)


def test_one_stage_is_described_in_full(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "sharpen", "--plugin", str(plugin)]) == 0
    out = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert out == [
        f"sharpen ({plugin})",
        "Sharpens every picture.",
        "needs -> gives: faces -> canvas",
        "strength float, > 0, <= 2 0.5 How much.",
        'mode fine | coarse | none "fine" Which [kernel] is used.',
        "places tuple of int required Where.",
    ]


def test_json_holds_everything(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--json", "--plugin", str(plugin)]) == 0
    document = json.loads(capsys.readouterr().out)
    sharpen, lost = document["stages"]
    assert sharpen["needs"] == ["faces"]
    assert sharpen["source"] is False
    assert sharpen["options"][0] == {
        "name": "strength",
        "type": "float, > 0, <= 2",
        "required": False,
        "default": 0.5,
        "description": "How much.",
    }
    assert sharpen["options"][2]["required"] is True
    assert "no_such_module_xyz" in lost["error"]
    assert any(line.startswith("faces ") for line in document["left_out"])


def test_an_unknown_stage_is_answered_with_the_nearest(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugins", "sharpn", "--plugin", str(plugin)]) == 2
    assert capsys.readouterr().err == "ferpipe: there is no stage 'sharpn': did you mean 'sharpen'?\n"


def test_a_stage_that_cannot_be_loaded_says_why(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "lost", "--plugin", str(plugin)]) == 2
    assert "No module named 'no_such_module_xyz'" in capsys.readouterr().err


def test_a_terminal_gets_a_table(plugin: Path) -> None:
    leader, follower = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "ferpipe", "plugins", "sharpen", "--plugin", str(plugin)],
        stdout=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        check=True,
    )
    os.close(follower)
    shown = os.read(leader, 1 << 16).decode()
    os.close(leader)
    assert "what it does" in shown
    assert "\x1b[" in shown
    assert "Which [kernel] is used." in shown


def test_every_first_party_stage_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    stages = [stage for stage in document["stages"] if stage["origin"].startswith("ferpipe ")]
    names = {stage["name"] for stage in stages}
    assert {"file", "blazeface", "track", "litert", "smooth", "overlay"} <= names
    for stage in stages:
        assert stage["error"] is None
        assert stage["summary"], stage["name"]
        assert all(option["description"] for option in stage["options"]), stage["name"]


BAD_NAMES = ["Blur", "1blur", "blur_it", "blur-", "-blur", "bl ur", "../blur", "ferpipe-", "", "naïve"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_cannot_be_a_package_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "new", "--into", str(tmp_path), "--", name]) == 2
    assert "cannot be a plugin's name" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [("track", "already given by ferpipe"), ("sources", "installed already"), ("face", "a kind")],
)
def test_a_name_that_is_taken_is_refused(
    name: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "new", name, "--into", str(tmp_path)]) == 2
    assert why in capsys.readouterr().err


def test_a_kind_of_ferpipes_own_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "new", "canvas", "--into", str(tmp_path)]) == 2
    assert "'canvas' is the name of a kind" in capsys.readouterr().err


def test_an_existing_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ferpipe-glow").mkdir()
    (tmp_path / "ferpipe-glow" / "mine.txt").write_text("mine")
    assert main(["plugin", "new", "glow", "--into", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "ferpipe-glow").iterdir()] == ["mine.txt"]


def test_a_file_in_the_way_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["plugin", "new", "glow", "--into", str(tmp_path / "file" / "deep")]) == 2
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["stage", "source", "sink", "classifier", "detector"])
def test_a_new_package_of_every_kind_has_what_a_good_one_has(kind: str, tmp_path: Path) -> None:
    assert main(["plugin", "new", f"sun-{kind}", "--kind", kind, "--into", str(tmp_path)]) == 0
    folder = tmp_path / f"ferpipe-sun-{kind}"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    module = f"ferpipe_sun_{kind}"
    assert files == {
        ".github/workflows/test.yml",
        ".gitignore",
        "LICENSE",
        "README.md",
        f"{module}/__init__.py",
        f"{module}/py.typed",
        f"{module}/stage.py",
        "pyproject.toml",
        "tests/__init__.py",
        "tests/test_stage.py",
    }
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in files}
    assert not [name for name, text in texts.items() if re.search(r"\$[a-z{](?!\{)", text)]
    project = tomllib.loads(texts["pyproject.toml"])["project"]
    assert project["license"] == "MIT"
    assert {re.split("[>=]", each)[0] for each in project["dependencies"]} == {"ferpipe", "numpy", "pydantic"}
    compile(texts[f"{module}/stage.py"], "stage.py", "exec")
    assert re.search(r"^```yaml\nversion: 1\n", texts["README.md"], re.MULTILINE)


@pytest.mark.slow
def test_the_new_package_installs_and_its_tests_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "new", "ferpipe-sun-glow", "--into", str(tmp_path)]) == 0
    folder = tmp_path / "ferpipe-sun-glow"
    assert f"wrote {folder}" in capsys.readouterr().out
    site = tmp_path / "site"
    pip = ["-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, *pip, "--target", str(site), str(folder)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "5 passed" in tests.stdout
    shown = subprocess.run(
        [sys.executable, "-m", "ferpipe", "plugins", "sun-glow"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith("sun-glow (ferpipe-sun-glow 0.1.0)")


def test_the_next_step_can_be_pasted_into_a_shell(tmp_path, capsys):
    folder = tmp_path / "my plugins"
    assert main(["plugin", "new", "glow", "--into", str(folder)]) == 0
    assert f"cd '{folder / 'ferpipe-glow'}' && pip" in capsys.readouterr().out
