"""The stage `veil`."""

from pathlib import Path

import numpy as np
import pytest
from ferpipe import Box, ConfigError, Face, Pipeline
from ferpipe.testing import check_stage, make_packet, run_stage

from ferpipe_veil import Veil, VeilOptions

PICTURE = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)
FACES = [Face(Box(10, 10, 30, 30), 0.9, track=1), Face(Box(60, 40, 30, 30), 0.9, track=2)]


def test_it_keeps_the_contract() -> None:
    check_stage(Veil, {"tracks": [1]}, [make_packet(PICTURE, faces=FACES)])


@pytest.mark.parametrize("chosen", [(1,), (2,), (1, 2), (3,)])
def test_only_the_chosen_are_blurred(chosen: tuple[int, ...], tmp_path: Path) -> None:
    stage = Veil(VeilOptions(tracks=chosen))
    (packet,) = run_stage(stage, [make_packet(PICTURE, faces=FACES)], folder=tmp_path)
    expected = np.zeros(PICTURE.shape[:2], bool)
    for face in FACES:
        if face.track in chosen:
            x, y, w, h = map(int, face.box)
            expected[y : y + h, x : x + w] = True
    changed = (packet.picture != PICTURE).any(axis=2)
    assert changed[expected].mean() > 0.9 if expected.any() else not changed.any()
    assert not changed[~expected].any()


def test_a_face_at_the_edge(tmp_path: Path) -> None:
    outside = [Face(Box(-40, -40, 20, 20), 0.9, track=1), Face(Box(-10, 70, 30, 30), 0.9, track=1)]
    (packet,) = run_stage(
        Veil(VeilOptions(tracks=(1,))), [make_packet(PICTURE, faces=outside)], folder=tmp_path
    )
    changed = (packet.picture != PICTURE).any(axis=2)
    assert changed[70:80, :20].mean() > 0.9
    assert not changed[:70].any()


def test_it_works_in_a_pipeline_once_installed() -> None:
    source = ("file", {"path": "ferpipe:samples/demo.mp4", "start": 2, "end": 3})
    packets = list(Pipeline.of(source, "blazeface", "track", ("veil", {"tracks": [1]})))
    veiled = [packet for packet in packets if any(face.track == 1 for face in packet.faces)]
    assert len(veiled) > 10
    assert all((packet.picture != packet.frame.image).any() for packet in veiled)
    with pytest.raises(ConfigError, match="needs tracks"):
        Pipeline.of(source, "blazeface", ("veil", {"tracks": [1]}))
