"""Logistic regression by Newton's method."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["cross_fitted", "fitted", "fitted_one_way"]


def fitted(seen: np.ndarray, right: np.ndarray, ridge: float = 1.0) -> np.ndarray:
    """(1 + K,) intercept and weights for (N, K) numbers and (N,) outcomes."""
    rows = np.column_stack([np.ones(len(seen)), seen])
    penalty = ridge * np.eye(rows.shape[1])
    penalty[0, 0] = 0
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chance - right) + penalty @ weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + penalty
        step = np.linalg.solve(bend, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def fitted_one_way(seen: np.ndarray, right: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """As `fitted`; a number whose weight has another sign than its (K,) `ways` does not count."""
    used = np.ones(len(ways), bool)
    while True:
        weights = np.zeros(1 + len(ways))
        weights[np.concatenate([[True], used])] = fitted(seen[:, used], right)
        wrong = used & (weights[1:] * ways < 0)
        if not wrong.any():
            return weights
        used &= ~wrong


def cross_fitted(
    seen: np.ndarray, right: np.ndarray, half: np.ndarray, fit: Callable[..., np.ndarray] = fitted
) -> np.ndarray:
    """(N,) chances, each half's by the fit on the other."""
    chances = np.zeros(len(right))
    for mine in (half == 0, half == 1):
        weights = fit(seen[~mine], right[~mine])
        chances[mine] = 1 / (1 + np.exp(-(weights[0] + seen[mine] @ weights[1:])))
    return chances
