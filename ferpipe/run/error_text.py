"""What is said of errors, frames and values in messages."""

from __future__ import annotations

import traceback

from ferpipe.errors import FerpipeError
from ferpipe.run.message import Message
from ferpipe.text import message_of

__all__ = ["explain", "frame_of", "name_of", "where"]


def explain(error: BaseException) -> str:
    """An exception as one line for the user."""
    return " ".join(str(error).split()) if isinstance(error, FerpipeError) else message_of(error)


def where(error: BaseException) -> str:
    """The lines of code that an exception went through, without its text."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


def frame_of(message: Message | None) -> int | None:
    """The number of a message's frame, where it has one."""
    return message.packet.frame.index if message is not None and message.packet is not None else None


def name_of(value: object) -> str:
    """A value by its type."""
    name = type(value).__name__
    return "nothing" if value is None else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
