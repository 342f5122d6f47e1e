"""The ready pipelines on real videos: every measure in the timeline, finite, and absent where not known."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ferpipe.cli import main

ROOT = Path(__file__).parents[2]
PREFIXES = {
    "attention": {"mesh", "head", "eye", "facing", "quality"},
    "movements": {"mesh", "head", "eye", "facing", "quality", "move", "valence", "reliability"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PREFIXES))
def test_a_ready_pipeline_writes_every_measure(name: str, media: Path, tmp_path: Path) -> None:
    clip = media / "intel_head-pose-female.mp4"
    target = tmp_path / "out.json"
    arguments = ["--set", f"file.path={clip}", "--set", f"timeline.path={target}"]
    assert main(["run", str(ROOT / "pipelines" / f"{name}.yaml"), *arguments, "--quiet"]) == 0
    document = json.loads(target.read_text())
    found: dict[str, list[float]] = {}
    for frame in document["frames"]:
        for face in frame["faces"]:
            for measure, value in face.get("measures", {}).items():
                found.setdefault(measure, []).append(value)
    assert {measure.split(".")[0] for measure in found} - {"blink"} == PREFIXES[name]
    assert all(math.isfinite(value) for values in found.values() for value in values)
    assert {measure["name"] for measure in document["measures"]} >= found.keys()
    yaws = found["head.yaw"]
    assert max(yaws) - min(yaws) > 20, "she turns her head"
