"""The program `ferpipe`, also as `python -m ferpipe`."""

import sys

from ferpipe.cli._interrupts import ends_at_once

# Before everything else is imported, which takes most of the time of starting.
ends_at_once()

from ferpipe.cli import main  # noqa: E402

__all__ = ["start"]


def start() -> None:
    """What the installed command runs."""
    code = main()
    ends_at_once()
    sys.exit(code)


if __name__ == "__main__":
    start()
