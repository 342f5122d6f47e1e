"""Error messages as a client may see them: one line, without folders and credentials."""

from __future__ import annotations

import re

from ferpipe import redact

__all__ = ["public"]

_PART = r"[^/\\\s'\"<>|:,]+(?: [^/\\\s'\"<>|:,]+)*"
_FOLDERS = re.compile(rf"(?<![\w:/\\])(?:[A-Za-z]:)?[/\\](?:{_PART}[/\\])+")
_MOST = 500


def public(text: str) -> str:
    """`text` on one line, folders and credentials removed: of `/home/ann/clip.mp4`, `clip.mp4` is left."""
    line = " ".join(part.strip() for part in redact(text).splitlines() if part.strip())
    return _FOLDERS.sub("", line)[:_MOST] or "it failed"
