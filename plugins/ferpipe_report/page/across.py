"""Many people together, packed for the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferpipe_report.pack import Column, integers, pack, quantised
from ferpipe_report.recording import Recording
from ferpipe_report.together import together

__all__ = ["across_data"]

_ENOUGH = 3
"""People of several recordings from whom on a mean says more than their own curves."""

_CROWD = 5
"""The same of one recording, where one person is often several tracks."""

_LEVELS = 1000


def across_data(
    recordings: Sequence[Recording], classes: Sequence[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The layout of the columns and the columns; both empty where there are too few people."""
    if sum(len(each.people) for each in recordings) < (_ENOUGH if len(recordings) > 1 else _CROWD):
        return {}, {}
    found = together(recordings, classes)
    columns: list[Column] = [integers("edge", found.edges), integers("people", found.people)]
    for i, label in enumerate(classes):
        tables = {"share": found.share, "mean": found.mean, "low": found.low, "high": found.high}
        columns += [
            quantised(f"{kind}:{label}", table[:, i], low=0, high=1, levels=_LEVELS)
            for kind, table in tables.items()
        ]
    layout, text = pack(columns)
    return {"across": {"blob": "together", "layout": layout}}, {"together": text}
