"""Where the command `ferpipe` starts.

Outside of the package, and with modules that Python has loaded by now: from the first line on Ctrl-C ends
the process, while importing the rest takes most of the time of starting.
"""

from _signal import SIGINT, signal  # type: ignore[import-not-found]
from os import _exit

signal(SIGINT, lambda *_: _exit(130))

from ferpipe.__main__ import start  # noqa: E402

__all__ = ["start"]
