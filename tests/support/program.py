"""The command `ferpipe`, as a shell starts it."""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["ferpipe"]


def ferpipe(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ferpipe", *args],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
