"""Small pieces of sentences that messages about pipelines are made of."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "listing", "message_of", "quoted", "shown"]


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


def message_of(error: BaseException) -> str:
    """An exception as one line, its type first, also where its own text cannot be had."""
    try:
        text = " ".join(str(error).split())
    except Exception as further:  # noqa: BLE001 -- a plugin's __str__ may raise anything
        text = f"its text raises {type(further).__name__}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shown(value: object) -> str:
    """`repr(value)`, cut short, also where it raises."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 -- a plugin's __repr__ may raise anything
        return f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= 200 else text[:197] + "..."
