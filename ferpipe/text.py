"""Small pieces of sentences that messages about pipelines are made of."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "listing", "quoted"]


def quoted(words: Iterable[str]) -> list[str]:
    """Each word in single quotes."""
    return [f"'{word}'" for word in words]


def listing(words: Iterable[str], joint: str = "or") -> str:
    """The words as a sentence lists them: `a, b or c`."""
    *front, last = list(words) or [""]
    return f"{', '.join(front)} {joint} {last}" if front else last


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the closest of `known`, empty where nothing is close."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower()[:80], by_lower, n=1, cutoff=0.6)
    return f"did you mean '{by_lower[close[0]]}'?" if close else ""
