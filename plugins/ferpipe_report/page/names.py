"""Names of files and events as a page may show them."""

from __future__ import annotations

import unicodedata

__all__ = ["shown"]

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows: they make a name look like another one."""

_BREAKS = frozenset({"Cc", "Zl", "Zp", "Cs"})
"""Categories of characters that are no part of a line of text."""


def shown(name: str) -> str:
    """The name on one line, without characters that control the terminal or the direction of text."""
    kept = (" " if unicodedata.category(c) in _BREAKS else c for c in name if c not in _TURNS)
    return " ".join("".join(kept).split()) or "?"
