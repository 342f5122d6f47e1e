"""Native chatter is dropped, everything else is kept."""

from __future__ import annotations

import os
import subprocess
import sys

from ferpipe.quiet import without_lines

CODE = """
import os, sys
from ferpipe.quiet import without_lines
with without_lines("chatter"):
    os.write(2, b"INFO: chatter\\n")
    print("a warning", file=sys.stderr)
    os.write(2, b"an error\\n")
os.write(2, b"chatter afterwards\\n")
"""


def test_only_the_unwanted_lines_are_lost():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert sorted(done.stderr.splitlines()) == ["a warning", "an error", "chatter afterwards"]


def test_an_exception_puts_standard_error_back(capfd):
    try:
        with without_lines("x"):
            raise ValueError
    except ValueError:
        os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"
