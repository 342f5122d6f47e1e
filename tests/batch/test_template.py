"""One pipeline for every video: names of outputs, and what they depend on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe import UsageError
from ferpipe_batch.fingerprint import changes, fingerprint
from ferpipe_batch.template import Recipe, Template


@pytest.mark.parametrize(
    ("pipeline", "sets", "outputs"),
    [
        ("timeline", (), ["a/x.timeline.json"]),
        ("timeline", ("timeline.path=t.csv",), ["a/x.timeline.csv"]),
        ("annotate", (), ["a/x.annotated.mp4", "a/x.timeline.json"]),
        ("annotate", ("timeline.path={name}.json",), ["a/x.annotated.mp4", "a/x.json"]),
    ],
)
def test_outputs_are_named_by_what_they_are(pipeline: str, sets: tuple[str, ...], outputs: list[str]) -> None:
    assert Template(Recipe(pipeline, sets)).outputs("a/x") == outputs


@pytest.mark.parametrize("pipeline", ["webcam", "rtsp"])
def test_a_pipeline_that_reads_no_file_is_refused(pipeline: str) -> None:
    with pytest.raises(UsageError, match="no path"):
        Template(Recipe(pipeline))


@pytest.mark.parametrize("sets", [(), ("timeline.digits=3", "timeline.path='{name}.json'")])
def test_the_pipeline_of_a_video_is_what_the_file_with_its_names_is(sets: tuple[str, ...]) -> None:
    template = Template(Recipe("annotate", sets))
    source, out = "/in/a 'b' \"c\" #1: x.mp4", Path("/out")
    quick = template.load(source, out, "a/x #1: y")
    plain = Recipe("annotate", tuple(text for text in sets if "{name}" not in text))
    slow = plain.load(template.overrides(source, out, "a/x #1: y"))
    assert [(node.name, node.options) for node in quick.graph.nodes] == [
        (node.name, node.options) for node in slow.graph.nodes
    ]
    assert quick.graph[template.source.partition(".")[0]].options.path == source  # type: ignore[attr-defined]
    assert quick.settings.overwrite
    assert quick.settings.output_dir == "/out"


def test_a_changed_option_changes_the_pipeline_and_a_name_does_not() -> None:
    def now(*sets: str) -> dict[str, object]:
        return fingerprint(Template(Recipe("timeline", sets))).to_dict()

    before = now()
    assert before["models"]
    assert changes(before, now("file.path=other.mp4")) is None
    assert changes(before, now("smooth.measures=[]")) is None
    assert changes(before, now("blazeface.every=2")) == "the pipeline has changed"
    assert changes(before, now("litert.model=nano")) == "the pipeline has changed"
