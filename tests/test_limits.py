"""Limits hold for the process that asks for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")


def limited(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = "from ferpipe.limits import limit_process\n" + code
    return subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


def test_memory_files_and_core_files_are_bounded(tmp_path: Path) -> None:
    done = limited(
        "import resource\n"
        "limit_process({'memory': 2**28, 'file': 1000, 'other': 1})\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)\n"
        "try:\n    bytearray(2**29)\nexcept MemoryError:\n    print('bounded')\n"
        "open('a', 'wb', buffering=0).write(bytes(2000))\n"
        "open('a', 'ab', buffering=0).write(b'more')\n",
        tmp_path,
    )
    assert done.stdout == "bounded\n"
    assert done.returncode != 0
    assert (tmp_path / "a").stat().st_size == 1000


def test_a_limit_is_never_raised(tmp_path: Path) -> None:
    done = limited(
        "import resource\n"
        "limit_process({'cpu': 20})\nlimit_process({'cpu': 50})\n"
        "print(resource.getrlimit(resource.RLIMIT_CPU))\n",
        tmp_path,
    )
    assert done.stdout == "(20, 20)\n"
