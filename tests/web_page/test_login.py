"""A server with a token, and one that goes away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.serving import Serving, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("data"), "--token", TOKEN) as started:
        yield started


def test_the_address_that_the_server_printed_opens_the_page_and_keeps_no_token(visit, server):
    assert server.address.endswith(f"#token={TOKEN}")
    page = visit(server.address)
    assert TOKEN not in page.url
    assert not page.locator("#login").is_visible()
    assert TOKEN not in page.evaluate(
        "document.cookie + JSON.stringify({...localStorage, ...sessionStorage})"
    )
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.get_by_role("button", name="Log out").click()
    page.locator("#login").wait_for()
    page.troubles.clear()


def test_a_wrong_token_is_said_and_the_right_one_goes_on(visit, server):
    page = visit(server.url, ready=False)
    page.locator("#token").fill("wrong-token")
    page.keyboard.press("Enter")
    page.locator("#login-error").get_by_text("The token is wrong").wait_for()
    assert page.locator("#live").is_hidden()
    page.keyboard.type(TOKEN)  # what was written is selected
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-ready]")
    assert page.get_by_role("tab", name="Live").is_visible()
    page.troubles.clear()  # the browser's own lines for refused requests


def test_the_page_comes_back_when_the_server_does(visit, tmp_path):
    with serving(tmp_path) as first:
        page = visit(first.url)
        port = first.port
    page.get_by_text("The server does not answer. Trying again").wait_for()
    with serving(tmp_path, port=port):
        page.get_by_text("The server does not answer. Trying again").wait_for(state="hidden")
    page.context.close()
    page.troubles.clear()  # the browser's own lines for requests without an answer
