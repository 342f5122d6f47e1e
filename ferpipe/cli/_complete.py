"""What the shell offers for arguments: names of stages and of ready pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

__all__ = ["detectors", "pipelines", "stages"]


def stages(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of installed stages that begin so."""
    from ferpipe.plugins import Registry

    return [name for name in Registry().names() if name.startswith(incomplete)]


def detectors(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of installed face detectors that begin so."""
    from ferpipe.analysis import detectors_of
    from ferpipe.plugins import Registry

    return [name for name in detectors_of(Registry()) if name.startswith(incomplete)]


def pipelines(
    ctx: click.Context,  # noqa: ARG001 -- click's signature
    param: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[CompletionItem]:
    """Names of ready pipelines that begin so, and files."""
    from click.shell_completion import CompletionItem

    from ferpipe.plugins import Registry

    names = [name for name in Registry().pipelines() if name.startswith(incomplete)]
    return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]
