"""What is said of errors, frames and values in messages."""

from __future__ import annotations

import traceback

from ferpipe.errors import FerpipeError
from ferpipe.graph.model import ErrorPolicy
from ferpipe.run.message import Message

__all__ = ["excused", "explain", "frame_of", "name_of", "spent", "where"]


def explain(error: BaseException) -> str:
    """An exception as one line for the user."""
    text = " ".join(str(error).split())
    if isinstance(error, FerpipeError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def excused(error: FerpipeError, policy: ErrorPolicy) -> str:
    """What is said of the first error that a policy lets pass."""
    then = "the frame is left out" if policy.action == "skip" else "the frame goes on as it came"
    return f"{error}; {then} (on_error: {policy.action}), and further errors are only counted"


def spent(error: FerpipeError, policy: ErrorPolicy) -> None:
    """Add to an error that it was one more than the policy's budget, where there was one."""
    if policy.action != "fail" and policy.budget is not None:
        error.args = (f"{error} (error {policy.budget + 1}, over the on_error budget of {policy.budget})",)


def where(error: BaseException) -> str:
    """The lines of code that an exception went through, without its text."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


def frame_of(message: Message | None) -> int | None:
    """The number of a message's frame, where it has one."""
    return message.packet.frame.index if message is not None and message.packet is not None else None


def name_of(value: object) -> str:
    """A value by its type."""
    return "nothing" if value is None else f"a {type(value).__name__}"
