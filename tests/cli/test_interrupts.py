"""Ctrl-C while ferpipe starts: 130 in one line or none, wherever it comes."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

STAGE = """
from ferpipe import Options, Stage, hookimpl
import os, signal, time
from pydantic import field_validator

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)

class Own(Options):
    at: str = "none"

    @field_validator("at")
    @classmethod
    def _checked(cls, value):
        if value == "options":
            interrupt()
        return value

class Mine(Stage):
    '''Is interrupted.'''

    Options = Own

    def __init__(self, options=None):
        super().__init__(options)
        if options.at == "init":
            interrupt()

    def open(self, context):
        super().open(context)
        context.create("out.txt")
        if self.options.at == "open":
            os.kill(os.getpid(), signal.SIGINT)

    @classmethod
    def contract(cls, options):
        if options.at == "contract":
            interrupt()
        return super().contract(options)

    def process(self, packet):
        return packet

@hookimpl
def ferpipe_stages():
    if os.environ.get("AT") == "hook":
        interrupt()
    return {"mine": Mine}

if os.environ.get("AT") == "import":
    interrupt()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kit.py").write_text(STAGE)
    source = "{use: images, with: {path: none.png}}"
    stage = '{use: mine, with: {at: "${AT}"}}'
    (tmp_path / "p.yaml").write_text(f"version: 1\nplugins: [./kit.py]\nstages: [{source}, {stage}]\n")
    (tmp_path / "none.png").write_bytes(
        bytes.fromhex(
            "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
            "53de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
        )
    )
    return tmp_path


@pytest.mark.parametrize(
    "at",
    [
        "import",
        "open",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("hook", "options", "contract", "init")),
    ],
)
def test_at_every_step_of_starting_it_is_130_and_at_most_a_line(folder: Path, at: str) -> None:
    """Code of plugins runs in the midst of it, where an exception would be taken for the plugin's own."""
    done = subprocess.run(
        [sys.executable, "-m", "ferpipe", "run", "p.yaml"],
        cwd=folder,
        env={**os.environ, "AT": at},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr in {"", "ferpipe: ended by SIGINT; the outputs were finalised\n"}
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == [
        "kit.py",
        "none.png",
        "p.yaml",
    ]


def test_a_command_that_has_something_to_clear_away_does_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        mirror = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "ferpipe", "models", "pull", "yunet", "--from", mirror],
            env={**os.environ, "FERPIPE_MODELS": str(tmp_path), "no_proxy": "127.0.0.1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        with server.accept()[0] as caller:
            caller.recv(1000)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=30)[1] == "ferpipe: interrupted\n"
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_at_forty_random_moments(folder: Path) -> None:
    """From when Python itself has started; before that, no code of ferpipe's runs."""
    for seed in range(40):
        process = subprocess.Popen(
            [sys.executable, "-m", "ferpipe", "run", "p.yaml"],
            cwd=folder,
            env={**os.environ, "AT": "none"},
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(random.Random(seed).uniform(0.3, 1.5))  # noqa: S311
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        if process.returncode in {0, -signal.SIGINT} and "Traceback" not in said:
            continue  # it had ended, or was ending
        assert (process.returncode, said.count("\n") <= 1) == (130, True), said
