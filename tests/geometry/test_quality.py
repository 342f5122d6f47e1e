"""Quality: one number that falls as a face is shown worse, and what it is read from."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from ferpipe import Face, UsageError
from ferpipe.testing import check_stage, make_packet, run_stage
from ferpipe_geometry import worth
from ferpipe_geometry._doctor import checks
from ferpipe_geometry.quality import Quality
from ferpipe_geometry.worth import NUMBERS, Worth, numbers, shipped_worth


def rated(picture: np.ndarray, face: Face) -> float:
    (packet,) = run_stage(Quality(), [make_packet(picture, faces=[face])])
    return packet.faces[0].measures["quality"]


def test_the_stage_keeps_the_contract(astronaut: np.ndarray, collins: Face) -> None:
    check_stage(Quality, {}, [make_packet(astronaut, faces=[collins])])


def test_a_face_that_is_shown_worse_is_rated_lower(astronaut: np.ndarray, collins: Face) -> None:
    good = rated(astronaut, collins.with_measures({"head.turned": 3.0, "mesh.presence": 1.0}))
    assert 0.6 < good < 1
    blurred = cv2.GaussianBlur(astronaut, (0, 0), 8)
    assert rated(blurred, collins.with_measures({"head.turned": 3.0, "mesh.presence": 1.0})) < good
    assert rated(astronaut, collins.with_measures({"head.turned": 60.0, "mesh.presence": 1.0})) < good - 0.1
    assert rated(astronaut, collins.with_measures({"head.turned": 3.0, "mesh.presence": 0.2})) < good - 0.1


def test_what_is_not_known_does_not_count() -> None:
    assert Worth(0.0, {"turned": -9.0}).of({}) == 0.5
    assert numbers({"head.turned": 30.0}) == {"turned": 3.0}
    everything = {f"quality.{name}": 0.0 for name in ("size", "sharpness", "light", "contrast", "outside")}
    known = numbers({**everything, "head.turned": 0.0, "mesh.presence": 0.0})
    assert tuple(known) == NUMBERS
    assert np.isfinite(list(known.values())).all()


def test_more_of_a_fault_never_helps() -> None:
    weights = shipped_worth().weights
    helps = {"sharpness", "contrast"}
    assert all(weight >= 0 if name in helps else weight <= 0 for name, weight in weights.items())


def test_a_missing_or_damaged_fit_is_one_line(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worth, "shipped", lambda _: tmp_path)
    for content in (None, "{", json.dumps({"intercept": 1.0, "weights": {"turned": "x"}})):
        if content is not None:
            (tmp_path / "quality.json").write_text(content)
        with pytest.raises(UsageError, match=r"quality\.json cannot be read"):
            shipped_worth()
    assert [check.state for check in checks()] == ["fail"]


def test_doctor_opens_what_the_geometry_needs() -> None:
    (check,) = checks()
    assert check.state == "ok", check
    assert "468" in check.found
