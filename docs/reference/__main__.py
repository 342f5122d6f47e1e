"""Write the pages of docs/ that are made from the code, and the scores in the README.

`make docs` runs it; with `--check` it writes nothing and ends with 1 where a page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from docs.reference.api import api_page
from docs.reference.commands import cli_page
from docs.reference.hooks import hooks_page
from docs.reference.pipelines import pipelines_page
from docs.reference.scores import readme
from docs.reference.stages import stages_page

__all__ = ["PAGES", "main"]

HERE = Path(__file__).resolve().parents[1]


PAGES: dict[str, Callable[[], str]] = {
    "../README.md": readme,
    "cli.md": cli_page,
    "pipelines.md": pipelines_page,
    "stages.md": stages_page,
    "hooks.md": hooks_page,
    "api.md": api_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only look; gives the exit code."""
    stale = [name for name, page in PAGES.items() if _read(HERE / name) != page()]
    for name in stale:
        if "--check" not in arguments:
            (HERE / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"docs/{name} {'is out of date' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
