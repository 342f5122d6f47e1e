"""Wrappers of hooks see what other plugins return, may change it, and are blamed for their own errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.plugins import good, ours, write

from ferpipe.plugins import Registry

WRAPPER = """
    from ferpipe import hookimpl

    @hookimpl({how})
    def {hook}():
        given = yield
        {body}
"""


def wrapper(path: Path, body: str, hook: str = "ferpipe_models", how: str = "wrapper=True") -> Path:
    return write(path, WRAPPER.format(body=body, hook=hook, how=how))


def models(path: Path, *folders: str) -> Path:
    text = "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_models():\n    return {}\n"
    return write(path, text.format(list(folders)))


def test_a_wrapper_sees_what_others_give_and_may_change_it(tmp_path: Path) -> None:
    one, two = models(tmp_path / "one.py", "/a", "/b"), models(tmp_path / "two.py", "/c")
    around = wrapper(tmp_path / "around.py", "return [[item + '/x' for item in one] for one in given]")
    for files in ([one, around, two], [around, one, two], [one, two, around]):
        registry = Registry(files=files, allow=[])
        assert [item for _, item in registry.each("ferpipe_models")] == ["/a/x", "/b/x", "/c/x"]
        assert [origin for origin, _ in registry.each("ferpipe_models")] == [str(one), str(one), str(two)]
        assert ours(registry) == []


def test_a_wrapper_of_the_old_style_works_too(tmp_path: Path) -> None:
    one = models(tmp_path / "one.py", "/a")
    body = "given.force_result([])"
    around = wrapper(tmp_path / "around.py", body, how="hookwrapper=True")
    assert list(Registry(files=[one, around], allow=[]).each("ferpipe_models")) == []


def test_a_wrapper_of_stages_works_for_plugins_that_came_before_it(tmp_path: Path) -> None:
    body = "return [{f'my-{name}': stage for name, stage in one.items()} for one in given]"
    around = wrapper(tmp_path / "around.py", body, "ferpipe_stages")
    registry = Registry(files=[good(tmp_path / "blur.py"), around], allow=[])
    assert registry.names() == ("my-blur",)
    assert registry.origin("my-blur") == str(tmp_path / "blur.py")


@pytest.mark.parametrize("hook", ["ferpipe_models", "ferpipe_stages"])
def test_a_wrapper_that_raises_is_the_one_to_blame(tmp_path: Path, hook: str) -> None:
    one, two = models(tmp_path / "one.py", "/a"), good(tmp_path / "blur.py")
    bad = wrapper(tmp_path / "bad.py", "raise RuntimeError('boom')", hook)
    fine = wrapper(tmp_path / "fine.py", "return given", hook)
    registry = Registry(files=[one, bad, two, fine], allow=[])
    assert [item for _, item in registry.each("ferpipe_models")] == ["/a"]
    assert registry.names() == ("blur",)
    assert ours(registry) == [f"{bad}: its wrapper of {hook} failed: RuntimeError: boom (bad.py, line 7)"]
