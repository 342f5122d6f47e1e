"""The kit without pytest, and pytest without the kit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_PYTEST = """
import sys
sys.modules["pytest"] = None  # importing it fails, as where it is not installed
import numpy as np
from ferpipe import Options, Packet, Stage
from ferpipe.testing import TestContext, check_stage, fake_source, make_packets, run_source, run_stage

class Mean(Stage[Options]):
    "Measures the mean."
    gives = frozenset({"mean"})

    def process(self, packet: Packet) -> Packet:
        return packet.replace(mean=float(packet.frame.image.mean()))

packets = make_packets([np.full((4, 4, 3), level, np.uint8) for level in (1, 2)])
print([packet.data["mean"] for packet in run_stage(Mean(), packets, folder=".")])
check_stage(Mean)
print(len(run_source(fake_source(packets)())))
"""

NOT_USED = """
import sys

def test_nothing_of_ferpipe_is_here():
    heavy = {"numpy", "pydantic", "ferpipe.packet", "ferpipe.stages", "ferpipe.testing.context"}
    assert not heavy & sys.modules.keys()
    assert "ferpipe.testing.pytest_plugin" in sys.modules, "the plugin itself is active"
"""

USED = """
def test_the_fixture(ferpipe_context, tmp_path):
    assert ferpipe_context.output("a/b.txt") == tmp_path / "a" / "b.txt"
"""


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=100
    )


def test_it_needs_no_pytest(tmp_path: Path) -> None:
    done = run(["-c", WITHOUT_PYTEST], tmp_path)
    assert (done.returncode, done.stdout) == (0, "[1.0, 2.0]\n2\n"), done.stderr


def test_its_plugin_costs_nothing_where_no_test_uses_it(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(NOT_USED)
    (tmp_path / "test_own.py").write_text(USED)
    plugins = ["-p", "no:hypothesispytest", "-p", "no:cacheprovider"]
    for name in ("test_other.py", "test_own.py"):
        done = run(["-m", "pytest", "-q", *plugins, name], tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 passed" in done.stdout


def test_what_the_kit_does_not_have() -> None:
    import ferpipe.testing

    assert "check_stage" in dir(ferpipe.testing)
    with pytest.raises(AttributeError, match="no attribute 'check_stages'"):
        _ = ferpipe.testing.check_stages
