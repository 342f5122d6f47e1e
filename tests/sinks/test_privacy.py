"""Faces that are to be hidden are hidden: whole, at the edge, and before the tracker is sure."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from sinks_material import face

from ferpipe import Box, Face, Pipeline
from ferpipe.cli import main
from ferpipe.resources import shipped
from ferpipe.testing import make_packet, run_stage
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_sinks.overlay import OverlayOptions, OverlayStage


def drawn(image: np.ndarray, *faces: Face, **options: object) -> np.ndarray:
    stage = OverlayStage(OverlayOptions.model_validate(options))
    (packet,) = run_stage(stage, [make_packet(image, faces=faces)])
    return packet.picture


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.any(before != after, axis=2)


def checks(width: int = 640, height: int = 480) -> np.ndarray:
    """Black and white pixels in turn, of which any blur changes every one."""
    rows, columns = np.indices((height, width))
    return np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def head(box: Box, width: int = 640, height: int = 480) -> np.ndarray:
    """The pixels whose centres lie in the rounded rectangle around a head: more above the box than below."""
    rows, columns = np.indices((height, width)) + 0.5
    x = (columns - box.x - box.w / 2) / (0.9 * box.w)
    y = (rows - box.y - 0.375 * box.h) / (0.975 * box.h)
    inside: np.ndarray = x**4 + y**4 <= 1
    return inside


@pytest.mark.parametrize("how", ["soft", "pixels"])
@pytest.mark.parametrize(
    "box",
    [
        Box(200, 100, 80, 100),
        Box(-40, 200, 80, 100),
        Box(-76, 200, 80, 100),
        Box(200, -50, 80, 100),
        Box(-40, -60, 80, 100),
        Box(600, 420, 80, 100),
        Box(-400, -400, 1600, 1600),
    ],
)
def test_all_of_the_head_that_is_in_the_picture_is_hidden(how: str, box: Box) -> None:
    seen = changed(checks(), drawn(checks(), Face(box, 0.9), blur=how, show=[]))
    assert np.array_equal(seen, head(box))


def test_a_face_that_is_mostly_outside_keeps_no_more_detail_than_a_whole_one() -> None:
    image = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    seen = drawn(image, Face(Box(-76, 200, 80, 100), 0.9), blur="pixels", show=[])
    middle = seen[250, :20][changed(image, seen)[250, :20]]
    assert len(np.unique(middle, axis=0)) <= 2


@pytest.mark.parametrize("blur", [True, False])
@pytest.mark.parametrize("detector", ["blazeface", "yunet"])
def test_annotate_looks_for_more_faces_where_it_hides_them(
    monkeypatch: pytest.MonkeyPatch, detector: str, *, blur: bool
) -> None:
    kept: list[Pipeline] = []
    monkeypatch.setattr("ferpipe.cli._running.execute", lambda what, _: kept.append(what) or 0)
    video = str(shipped("samples") / "demo.mp4")
    flags = ["--blur"] if blur else []
    assert main(["annotate", video, "--detector", detector, "--every", "2", *flags]) == 0
    told = {node.name: node.options.model_dump(exclude_unset=True) for node in kept[0].graph.nodes}
    more = blur and detector == "blazeface"
    looked = {"threshold": 0.3, "max_faces": 1000, "follow": False} if more else {}
    assert told[detector] == {"every": 2, **looked}
    assert told["track"] == ({"carry": 0.5} if more else {})


@pytest.mark.parametrize("how", ["soft", "pixels"])
def test_faces_that_the_tracker_does_not_show_yet_are_hidden_too(how: str) -> None:
    shown, doubtful = (face(60, 60, 80, 100), face(400, 60, 80, 100)), (Face(Box(200, 300, 80, 100), 0.4),)
    packet = make_packet(checks(), faces=shown, unconfirmed=doubtful)
    options = OverlayOptions.model_validate({"blur": how, "show": []})
    (given_on,) = run_stage(OverlayStage(options), [packet])
    hidden = changed(checks(), given_on.picture)
    for one in (*shown, *doubtful):
        assert hidden[head(one.box)].all()
    assert np.array_equal(hidden, np.any([head(one.box) for one in (*shown, *doubtful)], axis=0))


@pytest.mark.parametrize("turn", [-35, 0, 35])
def test_the_whole_of_a_tilted_face_is_hidden_also_beyond_max_faces(turn: int) -> None:
    """Forehead, chin, cheeks and ears of a real face, which the detector's box does not all hold."""
    portrait = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    middle = (226, 118)
    matrix = cv2.getRotationMatrix2D(middle, turn, 1)
    turned = cv2.warpAffine(portrait, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    image = np.hstack([turned, portrait])
    face = cv2.ellipse(np.zeros((512, 512), np.uint8), middle, (50, 72), -turn, 0, 360, 1, -1) > 0
    upright = cv2.ellipse(np.zeros((512, 512), np.uint8), middle, (50, 72), 0, 0, 360, 1, -1) > 0
    found = run_stage(BlazeFace(BlazeFaceOptions(max_faces=1)), [make_packet(image)])
    (given_on,) = run_stage(
        OverlayStage(OverlayOptions.model_validate({"blur": "pixels", "show": []})), found
    )
    hidden = changed(image, given_on.picture)
    assert len(found[0].faces) == len(found[0].data["unconfirmed"]) == 1
    # A pixel that happens to have its cell's colour does not count as seen.
    assert hidden[np.hstack([face, upright])].mean() > 0.98
