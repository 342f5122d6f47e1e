"""What is not of the shape of a timeline is refused with its place; what is accepted can be used."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.timelines import planned

from ferpipe import UsageError
from ferpipe.timeline import load

Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("sound") / "a.json"
    planned(path, [0.0, 0.1, 0.2, 0.3], lambda t: "happy" if t < 0.2 else "sad", lambda _: "fear")
    return json.loads(path.read_text())


def face(change: Change) -> Change:
    return lambda document: change(document["frames"][1]["faces"][0])


def segment(change: Change) -> Change:
    return lambda document: change(document["tracks"][0]["segments"][0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(frames=None), "frames: not a list"),
        (lambda d: d["frames"].insert(1, 5), "frames[1]: input should be a valid dictionary"),
        (lambda d: d["frames"][1].update(time="1"), "frames[1].time: input should be a valid number"),
        (lambda d: d["frames"][1].update(time=math.nan), "frames[1].time: input should be a finite number"),
        (lambda d: d["frames"][1].update(time=0.0), "frames[1].time: not later than"),
        (lambda d: d["frames"][3].update(time=1e15), "frames[3].time: 1000000000000000.0 s is larger"),
        (lambda d: d["frames"][1].pop("faces"), "frames[1].faces: field required"),
        (face(lambda f: f.pop("box")), "frames[1].faces[0].box: field required"),
        (face(lambda f: f.update(box=[1, 2])), "frames[1].faces[0].box: not x, y, w and h"),
        (face(lambda f: f.update(track=2**70)), "frames[1].faces[0].track: larger than"),
        (face(lambda f: f.update(label="bored")), "frames[1].faces[0].label: not one of the classes"),
        (face(lambda f: f["probabilities"].update(sad="x")), "faces[0].probabilities.sad: input should be"),
        (face(lambda f: f.update(measures={"q": math.inf})), "faces[0].measures.q: input should be a finite"),
        (lambda d: d.update(tracks=None), "tracks: input should be a valid list"),
        (lambda d: d["tracks"].append(copy.deepcopy(d["tracks"][0])), "tracks: the id 1 is there twice"),
        (lambda d: d["tracks"][0].update(id=-(2**70)), "tracks[0].id: larger than"),
        (segment(lambda s: s.update(end=-1)), "tracks[0].segments[0].end: earlier than its start"),
        (segment(lambda s: s.update(label="bored")), "segments[0].label: not one of the classes"),
        (lambda d: d["summary"].pop("duration"), "summary.duration: field required"),
        (lambda d: d.update(classes=[1]), "classes[0]: input should be a valid string"),
        (lambda d: d.update(source="a.mp4"), "source: input should be a valid dictionary"),
        (lambda d: d["source"].update(name="\udcff"), "source: 'utf-8' codec can't encode"),
        (lambda d: d.update(notes={"a": [math.nan]}), "notes: Out of range float values"),
        (lambda d: d.update(measures=None), "measures: input should be a valid list"),
        (lambda d: d.update(complete="no"), "complete: input should be a valid boolean"),
        (lambda d: d.pop("model"), "model: field required"),
    ],
)
def test_each_damage_is_named_with_its_place(tmp_path: Path, sound: Any, change: Change, said: str) -> None:
    document = copy.deepcopy(sound)
    change(document)
    for name, text in (("a.json", json.dumps(document)), ("a.jsonl", lines(document))):
        (tmp_path / name).write_text(text)
        if name == "a.jsonl" and not isinstance(document["frames"], list):
            continue
        if name == "a.jsonl" and not all(isinstance(each, dict) for each in document["frames"]):
            continue
        with pytest.raises(UsageError) as error:
            load(tmp_path / name)
        assert f"'{tmp_path / name}' is damaged: " in str(error.value)
        assert said in str(error.value)
        assert "\n" not in str(error.value)


def lines(document: Any) -> str:
    """The document as lines: a header, the frames, the findings."""
    closing = {key: document[key] for key in ("tracks", "summary", "complete")}
    rest = {key: value for key, value in document.items() if key not in {*closing, "frames"}}
    frames = document["frames"] if isinstance(document["frames"], list) else []
    return "".join(f"{json.dumps(each)}\n" for each in (rest, *frames, closing))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every list and dictionary in a document, with each of its keys."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([]), st.just({})
)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_at_any_place_is_read_or_refused(tmp_path: Path, sound: Any, data: Any) -> None:
    document = copy.deepcopy(sound)
    holder, key = data.draw(st.sampled_from(list(places(document))))
    holder[key] = data.draw(ANYTHING)
    (tmp_path / "a.json").write_text(json.dumps(document))
    try:
        found = load(tmp_path / "a.json")
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017 -- both ways are sound
    else:
        assert len(list(found.rows())) == sum(len(record["faces"]) for record in found.frames)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv"])
def test_a_byte_order_mark_is_no_part_of_a_timeline(tmp_path: Path, name: str) -> None:
    made = planned(tmp_path / name, [0.0, 0.1], lambda _: "happy")
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    assert load(tmp_path / name).frames == made.frames


def test_brackets_without_end_are_no_timeline(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a":' * 100_000)
    with pytest.raises(UsageError, match="is not a timeline"):
        load(tmp_path / "a.json")


@pytest.mark.parametrize("cell", ["inf", "nan", "1e400", "x", "", "9" * 200_000])
def test_a_table_with_no_number_where_one_should_be_is_damaged(tmp_path: Path, cell: str) -> None:
    for column in ("time", "duration", "x"):
        planned(tmp_path / "a.csv", [0.0, 0.1], lambda _: "happy")
        head, first, *rest = (tmp_path / "a.csv").read_text().splitlines()
        cells = first.split(",")
        cells[head.split(",").index(column)] = cell
        (tmp_path / "a.csv").write_text("\n".join([head, ",".join(cells), *rest, ""]))
        with pytest.raises(UsageError, match="is damaged: "):
            load(tmp_path / "a.csv")
