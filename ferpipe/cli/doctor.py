"""`ferpipe doctor`: what is installed, what is missing, and what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ferpipe.check import Check

__all__ = ["command"]

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """Check what is installed and what is missing, and how to fix it.

    Ends with 1 where something without which ferpipe cannot work is missing.
    """
    from ferpipe.doctor import checks
    from ferpipe.plugins import Registry

    done = []
    for check in checks(Registry()):
        done.append(check)
        if not as_json:
            _print(check)
    if as_json:
        click.echo(json.dumps([asdict(check) for check in done], indent=2))
    else:
        click.echo(_closing(done))
    context.exit(1 if any(check.state == "fail" for check in done) else 0)


def _print(check: Check) -> None:
    state = click.style(f"{check.state:<4}", fg=_COLOURS[check.state])
    advice = f"\n      -> {check.advice}" if check.advice and check.state != "ok" else ""
    click.echo(f"{state}  {check.name}: {check.found}{advice}")


def _closing(done: list[Check]) -> str:
    warned = sum(check.state == "warn" for check in done)
    failed = sum(check.state == "fail" for check in done)
    if failed:
        return f"{failed} failed: some features of ferpipe do not work until this is fixed"
    return f"no failures, {warned} with a warning" if warned else "all is well"
