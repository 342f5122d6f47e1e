"""By keyboard, by screen reader, on a phone, light and dark; with nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.serving import Serving, serving

from ferpipe.resources import shipped

pytestmark = pytest.mark.timeout(300)
PAGE = Path(__file__).parents[2] / "plugins" / "ferpipe_web" / "page"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

LOW = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
NAMELESS = """() => [...document.querySelectorAll('button, select, input, a, [role=tab], [role=img]')]
    .filter((e) => e.checkVisibility())
    .filter((e) => !(e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent).trim())
    .map((e) => e.outerHTML)"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        yield started


def test_the_page_can_be_used_by_keyboard_and_everything_has_a_name(visit, server):
    """The quick one of the browser's tests."""
    page = visit(server.url)
    assert page.locator("h1").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.get_by_role("tab", name="Live").focus()
    for name, panel in (("Your camera", "camera"), ("A file", "files"), ("Live", "live")):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.textContent") == name
        assert page.locator(f"#{panel}").is_visible()
        assert page.evaluate(NAMELESS) == []
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"


@pytest.mark.slow
def test_an_address_with_the_name_of_a_panel_opens_it(visit, server):
    page = visit(f"{server.url}#files")
    assert page.locator("#files").is_visible()
    for name in ("camera", "live"):
        page.goto(f"{server.url}#{name}")  # the same page: nothing is loaded
        page.locator(f"#{name}").wait_for()
    page.evaluate("location.hash = 'nothing'")
    assert page.locator("#live").is_visible()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(visit, server, scheme):
    page = visit(server.url, color_scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 200) == (scheme == "dark")
    for name in ("Live", "Your camera", "A file"):
        page.get_by_role("tab", name=name).click()
        assert page.evaluate(LOW) == []
    page.get_by_role("button", name="Light / dark").click()
    assert page.evaluate(LOW) == []


@pytest.mark.slow
def test_a_phone_shows_each_panel_without_scrolling_sideways(visit, server):
    page = visit(server.url, **PHONE)
    for name in ("Live", "Your camera", "A file"):
        page.get_by_role("tab", name=name).click()
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_modules_are_small_and_need_nothing_from_elsewhere():
    files = [each for each in PAGE.rglob("*") if each.suffix in {".js", ".css", ".html"}]
    assert len(files) > 20
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 300
        assert re.findall(r"(?:src|href|from|url\()\s*=?\s*[\"'](?:https?:)?//", text) == []
        for used in re.findall(r'^import .* from "([^"]+)";$', text, re.MULTILINE):
            name = used.rpartition("/")[2]
            own = path.parent / name
            assert own.is_file() if used.startswith("./") else (shipped("assets") / "js" / name).is_file()
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script>", html) == []


def test_the_shared_palette_is_whole():
    palette: dict[str, Any] = json.loads((shipped("assets") / "palette.json").read_text(encoding="utf-8"))
    for colour in [palette["none"], *palette["labels"].values(), *palette["others"]]:
        assert re.fullmatch(r"#[0-9A-Fa-f]{6}", colour)
