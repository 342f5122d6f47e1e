"""The parts of the tracker by themselves: motion, smoothing of points, assignment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from ferpipe import Box
from ferpipe_faces.assignment import assign
from ferpipe_faces.kalman import Motion
from ferpipe_faces.one_euro import OneEuro


def test_the_filter_means_the_same_at_any_frame_rate() -> None:
    places = []
    for steps in (10, 50):
        motion = Motion(Box(0, 0, 40, 40))
        for i in range(1, steps + 1):
            motion.advance(1 / steps, seen=True)
            motion.correct(Box(60 * i / steps, 0, 40, 40))
        motion.advance(0.2, seen=True)
        places.append(motion.box.x)
    assert places[0] == pytest.approx(places[1], abs=2)
    assert places[0] == pytest.approx(72, abs=3)


def test_one_euro_starts_afresh_with_other_points() -> None:
    calm = OneEuro(1, 0)
    assert calm(np.zeros(2), 0, 1) == pytest.approx([0, 0])
    assert calm(np.ones(2), 0.02, 1).max() < 0.2
    assert calm(np.ones(3), 0.02, 1) == pytest.approx([1, 1, 1])


@settings(deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 6), st.integers(1, 6)),
        elements=st.one_of(st.floats(-50, 50), st.just(np.inf)),
    )
)
def test_assignments_are_the_cheapest(cost: np.ndarray) -> None:
    pairs = assign(cost)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    big = 1e5
    filled = np.where(np.isfinite(cost), cost, big)
    rows, columns = linear_sum_assignment(filled)
    best = [(i, j) for i, j in zip(rows, columns, strict=True) if np.isfinite(cost[i, j])]
    assert len(pairs) == len(best)
    assert sum(cost[pair] for pair in pairs) == pytest.approx(sum(cost[pair] for pair in best), abs=1e-4)
