"""The program `ferpipe`, also as `python -m ferpipe`."""

from _signal import SIGINT, signal  # type: ignore[import-not-found]
from os import _exit

# Before everything else is imported, which takes most of the time of starting.
signal(SIGINT, lambda *_: _exit(130))

import sys  # noqa: E402

from ferpipe.cli import main  # noqa: E402
from ferpipe.cli._interrupts import ends_at_once  # noqa: E402

__all__ = ["start"]


def start() -> None:
    """What the installed command runs."""
    ends_at_once()
    code = main()
    ends_at_once()
    sys.exit(code)


if __name__ == "__main__":
    start()
