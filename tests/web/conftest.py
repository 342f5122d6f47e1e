"""A server in the test's process, and one as a user starts it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.web import Program, make_settings, part_of_sample, start

from ferpipe_web.app import make_app
from ferpipe_web.server import Server
from ferpipe_web.settings import Settings


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A client of a server that runs nothing yet."""
    with client_of(make_settings(tmp_path)) as made:
        yield made


def client_of(settings: Settings) -> TestClient:
    return TestClient(make_app(Server(settings)), base_url="http://127.0.0.1:8765")


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of the sample, fifty frames."""
    return part_of_sample(tmp_path_factory.mktemp("film"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start `ferpipe serve` with arguments; its folder of data is `tmp_path / "data"`."""
    started: list[Program] = []

    def begin(*arguments: str) -> Program:
        started.append(start(tmp_path / "data", *arguments))
        return started[-1]

    yield begin
    for program in started:
        program.process.kill()
        with_end = program.process
        try:
            with_end.wait(10)
        except subprocess.TimeoutExpired:
            pytest.fail("the server did not end")
        for stream in (with_end.stdout, with_end.stderr):
            if stream is not None:
                stream.close()
