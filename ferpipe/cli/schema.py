"""`ferpipe schema`: what an editor needs to complete and check pipelines."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--plugin", "plugins", metavar="FILE", multiple=True, help="A plugin file to include.")
def command(output: Path | None, plugins: tuple[str, ...]) -> None:
    """Print the JSON Schema of pipelines with the installed stages.

    Name the file in a pipeline's first line, and editors with the YAML language server complete
    and check it:  # yaml-language-server: $schema=schema.json
    """
    import json

    from ferpipe.config import json_schema
    from ferpipe.output import Output
    from ferpipe.plugins import registry_with

    registry = registry_with(plugins, "--plugin")
    text = json.dumps(json_schema(registry), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    Output.save(output, text, overwrite=True)
    click.echo(f"wrote {output}")
