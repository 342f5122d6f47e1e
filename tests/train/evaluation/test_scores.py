"""Figures against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ferpipe_train.evaluation.evaluate import ferplus_majority
from ferpipe_train.metrics.scores import (
    bootstrap,
    confusion_matrix,
    ece,
    macro_f1,
    negative_log_likelihood,
    per_class,
)

LABELS = np.array([0, 0, 0, 1, 1, 2])
ANSWERS = np.array([0, 0, 1, 1, 2, 1])


def test_confusion_has_labels_as_rows() -> None:
    assert confusion_matrix(LABELS, ANSWERS, 3).tolist() == [[2, 1, 0], [0, 1, 1], [0, 1, 0]]


def test_precision_recall_and_f1_by_hand() -> None:
    first, second, third = per_class(confusion_matrix(LABELS, ANSWERS, 3))
    assert (first.n, first.precision, first.recall, first.f1) == (3, 1.0, pytest.approx(2 / 3), 0.8)
    assert (second.precision, second.recall, second.f1) == (pytest.approx(1 / 3), 0.5, 0.4)
    assert (third.precision, third.recall, third.f1) == (0.0, 0.0, 0.0)


def test_macro_f1_leaves_out_what_does_not_occur() -> None:
    assert macro_f1(confusion_matrix(LABELS, ANSWERS, 3)) == pytest.approx((0.8 + 0.4 + 0.0) / 3)
    assert macro_f1(confusion_matrix(LABELS, ANSWERS, 5)) == pytest.approx((0.8 + 0.4 + 0.0) / 3)


def test_ece_by_hand() -> None:
    # Bin of 0.9: two faces, one right: |0.5 - 0.9|; bin of 0.6: two faces, both right: |1 - 0.6|.
    shares = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    labels = np.array([0, 1, 0, 1])
    assert ece(shares, labels) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_likelihood_by_hand() -> None:
    shares = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert negative_log_likelihood(shares, np.array([0, 0])) == pytest.approx((np.log(2) + np.log(4)) / 2)


def test_bootstrap_repeats_and_has_the_width_that_theory_gives() -> None:
    right = np.arange(1000) % 4 != 0

    def accuracy(rows: np.ndarray) -> float:
        return float(right[rows].mean())

    interval = bootstrap(accuracy, 1000, rounds=2000)
    assert interval == bootstrap(accuracy, 1000, rounds=2000)
    assert interval.value == 0.75
    half = 1.96 * np.sqrt(0.75 * 0.25 / 1000)
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.1)
    assert bootstrap(accuracy, 1000, rounds=2000, seed=1) != interval


def test_ferplus_majority_wants_more_than_half_of_all_votes() -> None:
    #        neu hap sur sad ang dis fea con unk NF
    votes = [
        [0, 8, 2, 0, 0, 0, 0, 0, 0, 0],
        [0, 5, 5, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 9, 1, 0],
        [6, 0, 0, 0, 0, 0, 0, 4, 0, 0],
        [0, 0, 0, 0, 6, 0, 0, 0, 0, 4],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    assert ferplus_majority(np.array(votes, np.float32)).tolist() == [3, -1, -1, 6, 0, -1]
