"""The image is built nowhere here; its file is linted, and what it copies is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ferpipe_web.commands import serve

ROOT = Path(__file__).parents[2]


def test_the_dockerfile_has_no_lint() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_build_gets_all_that_the_package_needs() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in kept)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert {"ferpipe", "plugins", "pyproject.toml", "README.md", "LICENSE", "NOTICE"} <= kept
    included = project.partition("force-include]\n")[2].partition("\n\n")[0]
    assert {line.partition(" = ")[0].strip('"') for line in included.splitlines()} <= kept


def test_the_server_is_what_the_image_starts() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "USER 10001" in text
    assert "HEALTHCHECK" in text
    words = [word.strip(' "[]\n') for word in text.partition("ENTRYPOINT ")[2].split(",")]
    assert words[:2] == ["ferpipe", "serve"]
    serve.make_context("serve", words[2:])
