"""A real Chromium: Debian's, which `.ci/run` installs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import pytest

__all__ = ["another", "chromium", "in_sight", "until"]

FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium(*flags: str) -> Iterator[Any]:
    """A browser of Playwright's sync API, closed at the end; the test is skipped where there is none.

    Until then its event loop counts as running in this thread: a second Playwright and `asyncio.run` are
    refused.  So a fixture that opens it has at most the scope of a module.
    """
    path = _path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, headless=True, args=[*FLAGS, *flags])
        yield started
        started.close()


@contextmanager
def another(browser: Any, *flags: str) -> Iterator[Any]:
    """A browser with other flags beside one that runs: there is one Playwright in a thread."""
    started = browser.browser_type.launch(executable_path=_path(), headless=True, args=[*FLAGS, *flags])
    yield started
    started.close()


def _path() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not here: apt-get install chromium")
    return path


def until(page: Any, expression: str, argument: Any = None, *, seconds: float = 90) -> Any:
    """The value of an expression of JavaScript as soon as it is true.

    `wait_for_function` of Playwright evaluates text inside the page, which its policy forbids.
    """
    end = monotonic() + seconds
    while not (value := page.evaluate(expression, argument)):
        assert monotonic() < end, f"in {seconds} s this never held: {expression}"
        page.wait_for_timeout(100)
    return value


def in_sight(page: Any, selector: str) -> Any:
    """What `selector` finds, scrolled to: the report lays out what is seen, other text reads as none."""
    found = page.locator(selector)
    found.first.scroll_into_view_if_needed()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return found
