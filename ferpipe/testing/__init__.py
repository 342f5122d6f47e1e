"""The kit for plugin authors: run one stage, or one source, on made or real packets.

`run_stage` drives a stage exactly as the engine does (open, process..., flush, close) and checks
its contract on the way.  `check_stage` checks all that can be checked of a stage from outside.
`fake_source` makes a source of given packets, for whole pipelines.  Installed as a pytest plugin,
it offers the fixture `ferpipe_context`.
"""

from ferpipe.testing.context import TestContext
from ferpipe.testing.contract import check_stage
from ferpipe.testing.drive import fake_source, make_packet, make_packets, run_source, run_stage

__all__ = [
    "TestContext",
    "check_stage",
    "fake_source",
    "make_packet",
    "make_packets",
    "run_source",
    "run_stage",
]
