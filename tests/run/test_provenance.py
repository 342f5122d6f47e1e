"""The header of a timeline says how it was made: the same for every file, nothing that is private."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from support.graphs import EXECUTORS

from ferpipe import Options, Packet, Pipeline, Stage
from ferpipe.resources import shipped
from ferpipe.timeline import load


class Inner(BaseModel):
    gain: float = 1.0
    secret: str = ""


class Wanted(Options):
    kind: Literal["fast", "exact"] = "fast"
    token: str = ""
    where: str = ""
    level: int = Field(3)
    inner: Inner = Inner()
    sizes: tuple[int, ...] = ()


class Tuned(Stage[Wanted]):
    Options = Wanted

    def process(self, packet: Packet) -> Packet:
        return packet


def told(folder: Path, name: str, options: dict[str, Any], executor: str = "inline") -> dict[str, Any]:
    source = folder / name / "clip.mp4"
    source.parent.mkdir()
    source.symlink_to(shipped("samples") / "demo.mp4")
    target = folder / f"{name}.json"
    faces = ("blazeface", {"every": 7})
    read = ("file", {"path": str(source), "stride": 50})
    chain = [read, Tuned(Wanted(**options)), faces, ("timeline", {"path": str(target)})]
    Pipeline.of(*chain, executor=executor).run()
    return dict(load(target).notes["pipeline"])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_stages_before_the_timeline_and_their_changed_options(tmp_path, executor):
    options = {"kind": "exact", "level": 3, "inner": {"gain": 2.0, "secret": "hush"}, "sizes": (2, 3)}
    found = told(tmp_path, "a", {**options, "token": "hush", "where": "/home/zoe/x"}, executor)
    _, tuned, faces = found["stages"]
    assert tuned["with"] == {"kind": "exact", "inner": {"gain": 2.0}, "sizes": [2, 3]}
    assert faces == {"use": "blazeface", "with": {"every": 7}}
    assert "hush" not in json.dumps(found)
    assert "zoe" not in json.dumps(found)
    text = json.dumps(found["stages"], sort_keys=True, separators=(",", ":"))
    assert found["sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_it_is_the_same_for_files_that_were_made_alike_and_another_for_others(tmp_path):
    one, two = (told(tmp_path, name, {"token": name}) for name in "ab")
    assert one == two
    assert told(tmp_path, "c", {"level": 4})["sha256"] != one["sha256"]
