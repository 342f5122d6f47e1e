"""The verbs `train`, `evaluate`, `explain` and `export`.  Only click is imported before one runs."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["evaluate", "explain", "export", "train"]

_FILE = click.Path(path_type=Path)
_OUT = click.Path(path_type=Path, dir_okay=False)
_DATA = "A FER2013 csv (FER+'s fer2013new.csv beside it is used), a folder of images a class, or a cache."


@click.command(short_help="Train a network from a recipe.")
@click.argument("recipe")
@click.option("--data", metavar="PATH", help=f"{_DATA} Default: the recipe's.")
@click.option("-o", "--out", type=_FILE, help="Folder of the training. Default: out/train/NAME.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a value of the recipe, such as epochs=10.",
)
@click.option(
    "--start",
    type=_OUT,
    metavar="FILE",
    help="Start from the weights of this .keras file. If the classes differ, the outputs are new.",
)
@click.option("--resume", is_flag=True, help="Resume from the checkpoint in the folder, if there is one.")
@click.option("--strict", is_flag=True, help="Refuse data with invalid rows instead of skipping them.")
@click.option("--no-report", is_flag=True, help="Write no report at the end.")
@click.option("-q", "--quiet", is_flag=True, help="Print only the result.")
def train(
    recipe: str,
    data: str | None,
    out: Path | None,
    changes: tuple[str, ...],
    start: Path | None,
    resume: bool,  # noqa: FBT001 -- click's flags
    strict: bool,  # noqa: FBT001
    no_report: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> int:
    """Train a network by RECIPE: a YAML file, or the name of a shipped one such as base.

    A stopped or killed training goes on with --resume from the step that it had saved.
    """
    from ferpipe_train.commands.train import run_training

    more = ("data.strict=true",) if strict else ()
    return run_training(
        recipe, data, out, (*changes, *more), start=start, resume=resume, report=not no_report, quiet=quiet
    )


@click.command()
@click.argument("model")
@click.option("--data", required=True, metavar="PATH", help=_DATA)
@click.option(
    "--split", default="PublicTest", show_default=True, help="The split: Training, PublicTest or PrivateTest."
)
@click.option("--json", "json_out", type=_OUT, help="Write all figures as JSON.")
@click.option("--html", "html_out", type=_OUT, help="Write an HTML page with plots.")
@click.option("--compare", metavar="MODEL", help="Compare with a second model on the same faces.")
@click.option(
    "--classes", metavar="A,B,C", help="Classes of a model without a side file, in the order of its outputs."
)
@click.option(
    "--scale",
    type=click.Choice(["raw", "unit", "signed", "standardize"]),
    help="Range of the pixels of a model without a side file.",
)
@click.option("--flip", is_flag=True, help="Average the probabilities with those of the mirrored face.")
@click.option(
    "--no-robustness", is_flag=True, help="Skip the robustness test on small, dim, blurred and turned faces."
)
@click.option(
    "--threads",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Number of threads of a LiteRT network.",
)
@click.option("--strict", is_flag=True, help="Refuse data with invalid rows instead of skipping them.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def evaluate(
    model: str,
    data: str,
    split: str,
    json_out: Path | None,
    html_out: Path | None,
    compare: str | None,
    classes: str | None,
    scale: str | None,
    flip: bool,  # noqa: FBT001
    no_robustness: bool,  # noqa: FBT001
    threads: int,
    strict: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> int:
    """Measure MODEL on labelled faces: a shipped name, or any file.

    Takes ferpipe's models, .tflite, .keras, .h5, and model.json with its .h5.
    Figures are shares from 0 to 1.
    """
    from ferpipe_train.commands.evaluate import Request, run_evaluation

    return run_evaluation(
        Request(
            model=model,
            data=data,
            split=split,
            compare=compare,
            classes=tuple(part.strip() for part in classes.split(",")) if classes else None,
            scale=scale,
            flip=flip,
            robustness=not no_robustness,
            threads=threads,
            strict=strict,
        ),
        json_out=json_out,
        html_out=html_out,
        quiet=quiet,
    )


@click.command()
@click.argument("image", type=_FILE)
@click.option("--model", default="base", show_default=True, help="The name or file of a model.")
@click.option("-o", "--out", type=_FILE, help="Folder to write to. Default: out/explain/IMAGE.")
def explain(image: Path, model: str, out: Path | None) -> int:
    """Show why the faces of IMAGE, a still, are answered as they are.

    Writes probabilities, heat maps and what each convolution answers, as PNG and HTML.
    """
    from ferpipe_train.explain.explain import explain as run

    folder = out or Path("out") / "explain" / image.stem
    explained = run(image, model, folder)
    for number, face in enumerate(explained.faces, 1):
        best = int(face.probabilities.argmax())
        click.echo(f"face {number}: {explained.classes[best]} {100 * face.probabilities[best]:.1f} %")
    click.echo(explained.method)
    click.echo(f"wrote {explained.page}")
    return 0


@click.command(short_help="Export a Keras MODEL to LiteRT or ONNX.")
@click.argument("models", type=_FILE, nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "-o",
    "--out",
    type=_OUT,
    required=True,
    help=(
        "The file to write: NAME.tflite for LiteRT, NAME.onnx for ONNX, NAME.keras for an ensemble of "
        "several models."
    ),
)
@click.option("--float16", is_flag=True, help="Store the weights as float16, at half the size.")
@click.option("--dynamic-range", is_flag=True, help="Store the weights as int8, at a quarter of the size.")
@click.option("--int8", is_flag=True, help="Quantise weights and activations to int8; needs --data.")
@click.option("--data", metavar="PATH", help=f"{_DATA} Sets int8's ranges; measures what was written.")
@click.option(
    "--mirror",
    is_flag=True,
    help="Build the average with the mirrored face into the file, at twice the cost.",
)
@click.option(
    "--soup",
    is_flag=True,
    help="Average the weights of several models that were trained from the same start.",
)
@click.option("--head", help="Name or index of the output to keep. Default: that of the side file.")
def export(
    models: tuple[Path, ...],
    out: Path,
    float16: bool,  # noqa: FBT001 -- click's flags
    dynamic_range: bool,  # noqa: FBT001
    int8: bool,  # noqa: FBT001
    data: str | None,
    mirror: bool,  # noqa: FBT001
    soup: bool,  # noqa: FBT001
    head: str | None,
) -> int:
    """Export a Keras MODEL to LiteRT or ONNX, with a side file of its own.

    MODEL is a file that has its side file, or a name such as base.
    The export is refused where its probabilities differ from the network's; int8 weights are not.
    Several MODELs are joined into one NAME.keras that answers with their mean; export that next.
    """
    from ferpipe_train.commands.export import run_ensemble, run_export

    given = {"float16": float16, "dynamic-range": dynamic_range, "int8": int8}
    wanted = [name for name, asked in given.items() if asked]
    if len(wanted) > 1:
        raise click.UsageError(f"--{wanted[0]} and --{wanted[1]} exclude each other: give one of them")
    if len(models) > 1:
        if wanted or mirror or head is not None:
            raise click.UsageError("the ensemble is built first: give the other options when it is exported")
        return run_ensemble(models, out, data, soup=soup)
    if soup:
        raise click.UsageError("--soup averages several networks: give more than one")
    kept = int(head) if head is not None and head.isdecimal() else head
    return run_export(models[0], out, (wanted or ["float32"])[0], data, kept, mirror=mirror)
