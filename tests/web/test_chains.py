from __future__ import annotations

import pytest

from ferpipe import Pipeline
from ferpipe_web.chains import last_of, live_chain, session_chain, still_chain, with_outputs

FINDING = ["blazeface", "track", "align", "litert", "smooth"]
ENDS = [{"use": "timeline", "with": {"path": "a.json"}}, {"use": "video", "with": {"path": "a.mp4"}}]


def uses(pipeline: Pipeline) -> list[str]:
    return [node.use for node in pipeline.graph.nodes]


def made(*stages: object) -> Pipeline:
    first = {"use": "file", "with": {"path": "a.mp4", "start": 1.5}}
    return Pipeline.from_dict({"version": 1, "stages": [first, *stages]})


@pytest.mark.parametrize(
    "name", ["demo", "annotate", "timeline", "webcam", "rtsp", "attention", "movements", "compare"]
)
def test_a_ready_pipeline_is_drawn_and_writes_nothing(name: str) -> None:
    chain = live_chain(Pipeline.from_yaml(name))
    assert not {"video", "timeline", "window", "convert"} & set(uses(chain))
    last = chain.graph[last_of(chain)]
    assert "canvas" in last.gives | chain.graph.arrivals[last.name].givers.keys()


def test_outputs_in_the_middle_are_omitted_and_options_are_kept() -> None:
    chain = live_chain(made(*FINDING[:2], *ENDS, *FINDING[2:]))
    assert uses(chain) == ["file", *FINDING, "overlay"]
    assert chain.graph["file"].options.model_dump(exclude_unset=True) == {"path": "a.mp4", "start": 1.5}


def test_branches_stay_branches() -> None:
    chain = live_chain(
        made(*FINDING, "overlay", {"use": "timeline", "from": "smooth", "with": {"path": "a.json"}})
    )
    assert uses(chain) == ["file", *FINDING, "overlay"]
    assert last_of(chain) == "overlay"


def test_another_source_takes_the_place() -> None:
    chain = live_chain(made(*FINDING), ("rtsp", {"url": "rtsp://camera/1"}))
    assert uses(chain)[0] == "rtsp"
    assert chain.graph.components[0][0] == "rtsp", "messages name the stage by what it is"


def test_without_faces_the_picture_is_shown_as_it_is() -> None:
    chain = live_chain(made("null"))
    assert uses(chain) == ["file"]
    assert last_of(chain) == "file"


def test_a_browser_draws_by_itself() -> None:
    assert uses(session_chain(Pipeline.from_yaml("demo"))) == ["file", *FINDING]


def test_a_single_picture_is_neither_followed_nor_smoothed() -> None:
    assert uses(still_chain(Pipeline.from_yaml("demo"))) == ["file", "blazeface", "align", "litert"]


def test_a_job_writes_a_timeline_and_where_wanted_a_video() -> None:
    demo = Pipeline.from_yaml("demo")
    source = ("file", {"path": "b.mp4"})
    assert uses(with_outputs(demo, source, "t.json", None)) == ["file", *FINDING, "timeline"]
    full = with_outputs(demo, source, "t.json", "v.mp4")
    assert uses(full) == ["file", *FINDING, "overlay", "timeline", "video"]
