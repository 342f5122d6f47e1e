"""Make probabilities honest: temperature scaling and its measure.

Source: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ferpipe_networks.classifier import softmax

__all__ = ["expected_calibration_error", "fit_temperature"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

_GOLDEN = (math.sqrt(5) - 1) / 2


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """The temperature, from 0.1 to 10, of the least mean negative log-likelihood.

    logits: (N, K); labels: (N,) class numbers.  The likelihood has a single minimum in the
    temperature, so a golden-section search over its logarithm finds it.
    """
    low, high = math.log(0.1), math.log(10)
    while high - low > 1e-4:
        inner = (high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        if _loss(logits, labels, inner[0]) < _loss(logits, labels, inner[1]):
            high = inner[1]
        else:
            low = inner[0]
    return math.exp((low + high) / 2)


def _loss(logits: Floats, labels: Labels, log_temperature: float) -> float:
    shares = softmax(logits, math.exp(log_temperature))
    chosen = shares[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def expected_calibration_error(probabilities: Floats, labels: Labels, bins: int = 15) -> float:
    """How far confidence and accuracy lie apart, from 0 to 1, over `bins` equal bins."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(float(right[bin_of == b].mean() - confidence[bin_of == b].mean())) * float((bin_of == b).mean())
        for b in range(bins)
        if (bin_of == b).any()
    ]
    return float(sum(gaps))
