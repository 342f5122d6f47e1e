"""A real Chromium that looks at `ferpipe serve`, with a file as its camera."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.chromium import chromium
from support.smile import smiling, write_camera

pytest.importorskip("starlette", reason="the extra `web` is not installed")

PATIENCE = 60_000
"""Milliseconds that a page may take; a busy machine is slow."""


@pytest.fixture(scope="module")
def browser(face: Path) -> Iterator[Any]:
    """Chromium whose camera is a file, under a name of its own beside localhost."""
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={face}",
        "--host-resolver-rules=MAP faces.test 127.0.0.1",
    )
    with chromium(*flags) as started:
        yield started


@pytest.fixture(scope="session", name="smiling")
def smiling_face() -> Any:
    return smiling()


@pytest.fixture(scope="session")
def face(smiling: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_camera(tmp_path_factory.mktemp("camera") / "face.y4m", smiling)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page and wait until it is built.  It must log no error, and request nothing elsewhere."""
    troubles: list[str] = []
    asked: list[str] = []
    with ExitStack() as stack:

        def open_page(url: str, *, ready: bool = True, **options: Any) -> Any:
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.on("console", lambda message: message.type == "error" and troubles.append(message.text))
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            page.on("websocket", lambda socket: asked.append(socket.url))
            page.goto(url)
            if ready:
                page.wait_for_selector("html[data-ready]")
            page.troubles = troubles
            return page

        yield open_page
    own = re.compile(r"(?:http|ws)s?://(?:127\.0\.0\.1|localhost|faces\.test):\d+/|blob:|data:")
    assert [url for url in asked if not own.match(url)] == []
    assert troubles == []
