"""Words for people: lines on standard error, and times."""

from __future__ import annotations

import click

from ferpipe import redact

__all__ = ["clock", "is_text", "many", "say"]


def say(text: str) -> None:
    """A line on standard error, without credentials and control characters."""
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in redact(text))
    click.echo(f"ferpipe: {shown}", err=True)


def clock(seconds: float) -> str:
    """A duration as people read it: 2:03 or 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def many(count: int, what: str) -> str:
    """`1 video`, `2 videos`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def is_text(name: str) -> bool:
    """Whether a name of a file is UTF-8: options of stages, timelines and tables can hold no other."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
