"""The kit for plugin authors: run one stage, or one source, on made or real packets.

`run_stage` drives a stage exactly as the engine does (open, process..., flush, close) and checks
its contract on the way.  `check_stage` checks all that can be checked of a stage from outside.
`fake_source` makes a source of given packets, for whole pipelines.  It works with any test runner, or
with none; where pytest is used, its fixture `ferpipe_context` is there too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferpipe.testing.context import TestContext as TestContext
    from ferpipe.testing.contract import check_stage as check_stage
    from ferpipe.testing.drive import fake_source as fake_source
    from ferpipe.testing.drive import make_packet as make_packet
    from ferpipe.testing.drive import make_packets as make_packets
    from ferpipe.testing.drive import run_source as run_source
    from ferpipe.testing.drive import run_stage as run_stage

# Loaded on first use: pytest imports this package in every environment that has ferpipe in it.
_HOME = {
    "TestContext": "context",
    "check_stage": "contract",
    "fake_source": "drive",
    "make_packet": "drive",
    "make_packets": "drive",
    "run_source": "drive",
    "run_stage": "drive",
}

__all__ = [*_HOME]  # noqa: PLE0604 -- the keys are strings


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"ferpipe.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module 'ferpipe.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
