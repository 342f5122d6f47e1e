"""What a new classifier or detector begins with, and its tests."""

from __future__ import annotations

__all__ = ["CLASSIFIER", "CLASSIFIER_TEST", "DETECTOR", "DETECTOR_TEST"]

CLASSIFIER = '''\
"""The classifier `$name`: whether a face is in the light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ferpipe import Classifier, Options
from pydantic import Field


class ${stage}Options(Options):
    """What a pipeline may write under `with:`."""

    middle: float = Field(default=0.5, gt=0, lt=1, description="The brightness between the classes.")


class $stage(Classifier[${stage}Options]):
    """Says of each face whether it is in the light or in the shade."""

    Options = ${stage}Options
    classes = ("shade", "light")

    def probabilities(self, chips: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        """One row a face, one column a class, each row summing to 1."""
        bright = np.array([chip.mean() / 255 for chip in chips])
        light = 1 / (1 + np.exp(-10 * (bright - self.options.middle)))
        return np.stack([1 - light, light], axis=1)

    def card(self) -> Mapping[str, Any]:
        """What timelines say of the model."""
        return {"name": "$name", "middle": self.options.middle}
'''

CLASSIFIER_TEST = '''\
"""The classifier `$name`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ferpipe import Box, Chip, Face, Pipeline
from ferpipe.testing import check_stage, make_packet, run_stage

from $module.stage import $stage


def face(level: int) -> Face:
    """A face whose picture has this grey level."""
    chip = Chip(np.full((48, 48), level, np.uint8), np.eye(2, 3))
    return Face(Box(0, 0, 48, 48), score=0.9, data={"chip": chip})


def test_it_keeps_the_contract() -> None:
    check_stage($stage, packets=[make_packet(faces=[face(10), face(200)])])


def test_each_face_gets_its_label(tmp_path: Path) -> None:
    (packet,) = run_stage($stage(), [make_packet(faces=[face(10), face(240)])], folder=tmp_path)
    emotions = [found.emotion for found in packet.faces]
    assert [emotion.label for emotion in emotions if emotion] == ["shade", "light"]


def test_a_pipeline_finds_it_once_installed() -> None:
    frames = [np.zeros((48, 64, 3), np.uint8)]
    source = ("frames", {"images": frames, "rate": 25})
    pipeline = Pipeline.of(source, "blazeface", "align", "$name")
    assert [packet.faces for packet in pipeline] == [()]
'''

DETECTOR = '''\
"""The detector `$name`: the brightest thing in the picture."""

from __future__ import annotations

from ferpipe import Box, Face, Options, Packet, Stage
from pydantic import Field


class ${stage}Options(Options):
    """What a pipeline may write under `with:`."""

    threshold: int = Field(default=200, ge=1, le=255, description="How bright a pixel of it is.")


class $stage(Stage[${stage}Options]):
    """Takes everything that is bright for one face."""

    Options = ${stage}Options
    needs = frozenset({"frame"})
    gives = frozenset({"faces"})

    @classmethod
    def independent(cls, options: ${stage}Options) -> bool:
        """Each picture is looked at by itself, so that several can be looked at at once."""
        return True

    def process(self, packet: Packet) -> Packet:
        """Give the box around the bright pixels, in pixels of the frame."""
        rows, columns = (packet.frame.image.max(axis=2) >= self.options.threshold).nonzero()
        if not len(rows):
            return packet.replace(faces=())
        left, top = float(columns.min()), float(rows.min())
        box = Box(left, top, float(columns.max()) + 1 - left, float(rows.max()) + 1 - top)
        return packet.replace(faces=(Face(box, score=1.0),))
'''

DETECTOR_TEST = '''\
"""The detector `$name`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ferpipe import Box, Pipeline
from ferpipe.testing import check_stage, make_packet, run_stage

from $module.stage import $stage

PICTURE = np.zeros((48, 64, 3), np.uint8)
PICTURE[10:30, 20:36] = 255


def test_it_keeps_the_contract() -> None:
    check_stage($stage, packets=[make_packet(PICTURE)])


def test_it_finds_what_is_bright(tmp_path: Path) -> None:
    black = make_packet(time=1)
    found, nothing = run_stage($stage(), [make_packet(PICTURE), black], folder=tmp_path)
    assert [face.box for face in found.faces] == [Box(20, 10, 16, 20)]
    assert nothing.faces == ()


def test_a_pipeline_finds_it_once_installed() -> None:
    source = ("frames", {"images": [PICTURE] * 3, "rate": 25})
    pipeline = Pipeline.of(source, "$name", "track")
    assert [len(packet.faces) for packet in pipeline][-1] <= 1
'''
