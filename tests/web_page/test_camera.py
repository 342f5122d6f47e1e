"""The browser's own camera: a file plays it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from support.chromium import another, until
from support.serving import Serving, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OVERLAYS = (
    "() => { window.overlays = []; document.addEventListener('overlay', (e) => overlays.push(e.detail)); }"
)
YELLOW = """() => {
    const c = document.querySelector('#camera .picture');
    const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
    const columns = [];
    for (let i = 0; i < data.length; i += 4) {
        if (data[i] === 0xF0 && data[i + 1] === 0xE4 && data[i + 2] === 0x42) columns.push((i / 4) % c.width);
    }
    return columns.length > 200 ? [Math.min(...columns), Math.max(...columns)] : null;
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("data"), "--allow-host", "faces.test") as started:
        yield started


@pytest.fixture
def camera(visit, server: Serving) -> Any:
    page = visit(f"{server.url}#camera")
    page.evaluate(OVERLAYS)
    page.locator("#camera").get_by_role("button", name="Start", exact=True).click()
    until(page, "window.overlays.length > 5")
    return page


def test_a_smiling_face_is_happy(camera):
    camera.locator("#camera .card").get_by_text("happy").wait_for()
    until(camera, f"({YELLOW})() !== null")
    left, right = camera.evaluate(YELLOW)
    camera.get_by_label("Mirrored").uncheck()
    seen = camera.evaluate("window.overlays.length")
    until(camera, f"window.overlays.length > {seen} + 2")
    other = camera.evaluate(YELLOW)
    # The box goes where the mirror puts it; the label beside it makes it a little wider to the right.
    assert abs((640 - other[0]) - (left + (other[1] - other[0]))) < 60
    assert right > left


def test_answers_come_one_at_a_time_in_order_and_in_time(camera):
    until(camera, "window.overlays.length > 15")
    seen = camera.evaluate("window.overlays")
    assert [each["id"] for each in seen] == list(range(1, len(seen) + 1))
    for before, after in pairwise(seen):
        assert after["captured"] > before["captured"]
        assert after["drawn"] >= after["answered"] >= after["captured"]
        assert after["answered"] > before["answered"]
    assert all(each["faces"] == 1 for each in seen)


def test_it_stops_when_the_panel_is_left_and_starts_again(camera):
    camera.get_by_role("tab", name="A file").click()
    camera.wait_for_timeout(500)
    seen = camera.evaluate("window.overlays.length")
    camera.wait_for_timeout(1000)
    assert camera.evaluate("window.overlays.length") == seen
    camera.get_by_role("tab", name="Your camera").click()
    camera.locator("#camera").get_by_role("button", name="Start", exact=True).click()
    until(camera, f"window.overlays.length > {seen} + 5")


def test_without_https_or_localhost_the_page_explains(visit, server):
    page = visit(server.url.replace("127.0.0.1", "faces.test") + "#camera")
    page.troubles.clear()  # the browser's own remark on a header that counts with https only
    said = page.locator("#insecure").inner_text()
    assert "https://" in said
    assert "--certificate" in said
    assert f"http://localhost:{server.port}/" in said
    assert "--allow-host faces.test" in said
    assert page.locator("#camera").get_by_role("button").count() == 0


def test_without_a_camera_it_says_what_to_do(browser, server):
    with another(browser, "--use-fake-ui-for-media-stream") as plain:
        page = plain.new_page()
        page.goto(f"{server.url}#camera")
        page.wait_for_selector("html[data-ready]")
        page.locator("#camera").get_by_role("button", name="Start", exact=True).click()
        page.locator("#camera").get_by_text("There is no camera. Connect one").wait_for()
