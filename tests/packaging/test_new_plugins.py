"""Plugins in an empty environment: new ones of every kind, and the samples."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ferpipe.plugins.scaffold import KINDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
Tool = Callable[..., str]


@pytest.fixture(scope="module")
def tool(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """Runs a program of a new environment with the wheel in it; gives what it printed."""
    home = tmp_path_factory.mktemp("plugins") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    inside = home / ("Scripts" if os.name == "nt" else "bin")
    leave = {"PYTHONPATH", "VIRTUAL_ENV", "FERPIPE_PLUGINS", "FERPIPE_MODELS"}
    environment = {name: value for name, value in os.environ.items() if name not in leave}

    def run(program: str, *arguments: str, folder: Path = home) -> str:
        done = subprocess.run(
            [str(inside / "python"), "-m", program, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program} {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    run("pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
    return run


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_is_green(kind: str, tool: Tool, tmp_path: Path) -> None:
    name = f"sun-{kind}"
    tool("ferpipe", "plugin", "new", name, "--kind", kind, "--into", str(tmp_path))
    folder = tmp_path / f"ferpipe-{name}"
    tool("pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[dev]", folder=folder)
    assert "passed" in tool("pytest", "-q", folder=folder)
    assert "no issues found" in tool("mypy", folder=folder)
    tool("ruff", "check", ".", folder=folder)
    assert tool("ferpipe", "plugins", name, folder=folder).startswith(f"{name} (ferpipe-{name} 0.1.0)")


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "samples" / "plugins").glob("ferpipe-*")), ids=lambda p: p.name
)
def test_a_sample_is_green(folder: Path, tool: Tool) -> None:
    tool("pip", "install", "--quiet", "--disable-pip-version-check", f"{folder}[dev]")
    assert "passed" in tool("pytest", "-q", "-p", "no:cacheprovider", str(folder))
    assert "no issues found" in tool("mypy", "--config-file", str(folder / "pyproject.toml"), folder=folder)
