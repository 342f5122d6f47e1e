# ruff: noqa: E501 -- templates of Markdown
"""Writes the model cards of shipped networks, and the table of all that were trained.

    python benchmarks/model_card.py --data fer2013.csv base nano     models/NAME.md, models/README.md
    python benchmarks/model_card.py --trained out/train/*/            adds trainings to the table

The first form measures everything that a card says on the data's PublicTest part (FER+'s
fer2013new.csv beside it) and keeps the figures in the side file.  The second takes what
`ferpipe train` left in each folder, and keeps it in benchmarks/trained.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from classifier import ROOT, cost
from rich.console import Console

from ferpipe.models import Model, read_side_file
from ferpipe_networks.classifier import open_classifier
from ferpipe_train.data.duplicates import SIMILAR, likeness
from ferpipe_train.data.load import faces_for
from ferpipe_train.evaluation.evaluate import evaluate

MODELS = ROOT / "models"
DATA = "FER2013 PublicTest"
CHOSEN = """Everything was chosen, and the temperature fitted, on 2,000 faces of Training that were held out, none of
which has a near-duplicate among the others; these faces decided nothing."""
CHOSEN_BY_TEST = """The temperature was fitted on the same faces; fitted on one half and measured on the other, the
error is {:.3f}. The network was chosen by this part of the data."""
CHOSEN_OF_SEVERAL = """The temperature was fitted on 2,000 faces of Training that were held out, without `base`, which has learnt from
them. Of its three networks, *g* was measured on this part of the data before, and `base` was chosen by it."""
SAY = {
    "dim": "a third of the light",
    "blurred": "blurred, sigma 1.5 px",
    "turned 10": "turned by 10°",
    "turned 20": "turned by 20°",
    "JPEG 20": "JPEG of quality 20",
}


def measure(name: str, data: str, console: Console) -> Model:
    """The side file with everything that its card says."""
    classifier = open_classifier(name)
    faces = faces_for(classifier.card, data, "PublicTest", console)
    report = evaluate(classifier, faces, split="PublicTest").report
    flipped = evaluate(open_classifier(name, flip=True), faces, robustness=False, rounds=1).report
    before = classifier.card.scores.get(DATA, {})
    keep = ("accuracy", "accuracy_interval", "macro_f1", "macro_f1_interval", "ece", "n")
    scores = {
        **before,
        **{key: report[key] for key in keep},
        "accuracy_flip": flipped["accuracy"],
        "recall": {row["name"]: round(row["recall"], 3) for row in report["classes"]},
        "confusion": report["confusion"],
        "ferplus": report["ferplus"],
        "robustness": {row["condition"]: row["accuracy"] for row in report["robustness"]},
    }
    scores |= {
        "stability": {row["change"]: row["labels_changed"] for row in report["stability"]},
        "unseen": unseen(name, data, console),
    }
    card = classifier.card
    changed = card.model_copy(
        update={"scores": {**card.scores, DATA: scores, "ms_a_face": round(float(cost(name).split()[0]), 2)}}
    ).placed(MODELS)
    changed.write(MODELS / f"{name}.json")
    return changed


def unseen(name: str, data: str, console: Console) -> dict[str, Any]:
    """The accuracy without the faces that stand in Training too, or nearly."""
    classifier = open_classifier(name)
    faces = faces_for(classifier.card, data, "PublicTest", console)
    learnt = faces_for(classifier.card, data, "Training", console)
    new = likeness(faces.images, learnt.images) <= SIMILAR
    report = evaluate(classifier, faces.take(np.flatnonzero(new)), robustness=False, rounds=1).report
    return {"n": int(new.sum()), "accuracy": report["accuracy"]}


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def confusions(classes: tuple[str, ...], counts: list[list[int]]) -> str:
    """The largest mistakes, in words."""
    found = [
        (n / max(sum(row), 1), classes[i], classes[j])
        for i, row in enumerate(counts)
        for j, n in enumerate(row)
        if i != j
    ]
    found.sort(reverse=True)
    return ", ".join(f"{was} taken for {told} ({percent(share)})" for share, was, told in found[:5])


def card_text(card: Model) -> str:
    scores: dict[str, Any] = card.scores[DATA]
    low, high = scores["accuracy_interval"]
    rows = "\n".join(f"| {name} | {percent(value)} |" for name, value in scores["recall"].items())
    harder = "\n".join(
        f"| {SAY.get(name, name)} | {percent(value)} |" for name, value in scores["robustness"].items()
    )
    plus = scores["ferplus"]
    votes = (
        f"On the {plus['n']:,} faces on which more than half of FER+'s taggers agree on one of the seven, it "
        f"agrees with them in {percent(plus['accuracy'])}.\n"
        if plus
        else ""
    )
    steady = "\n".join(f"| {name} | {percent(value)} |" for name, value in scores["stability"].items())
    held_out = "validation" in card.scores
    chosen = CHOSEN if held_out else CHOSEN_BY_TEST.format(scores.get("ece_cross_fitted", float("nan")))
    chosen = CHOSEN_OF_SEVERAL if card.name == "large" else chosen
    size = card.path.stat().st_size / 1e6
    return f"""# Model card: {card.name}

| | |
|---|---|
| File | `{card.file}` ({size:.2f} MB), described by `{card.name}.json`, which holds its checksum |
| Input | one grey face, {card.input.width}x{card.input.height}, 0 to 255, framed as FER2013 frames faces (the stage `align` does it) |
| Output | seven logits: {", ".join(card.classes)}; softmax after division by the temperature, {card.output.temperature:g} |
| Data | {card.data} |
| Recipe | {card.recipe} |
| Cost | {card.scores["ms_a_face"]:.2f} ms of one core a face, through ferpipe |
| Source | {card.source} |
| Licence | {card.licence} |

The data is FER2013 (Goodfellow et al. 2013), 28,709 faces from the web, with the votes of FER+ (Barsoum et al.
2016). What was tried on the way stands in [EXPERIMENTS.md](EXPERIMENTS.md).

## Scores

FER2013's PublicTest, its own seven labels, {scores["n"]:,} faces: accuracy **{percent(scores["accuracy"])}** (95 % interval
{percent(low)} to {percent(high)}), macro-F1 {scores["macro_f1"]:.3f}, expected calibration error {scores["ece"]:.3f} over 15
bins. {chosen} Averaged with the mirrored face (`flip: true`): {percent(scores["accuracy_flip"])}. Without the faces that
Training holds too, or nearly: {percent(scores["unseen"]["accuracy"])} of {scores["unseen"]["n"]:,}. {votes}
| expression | recall |
|---|---|
{rows}

| when the face is | accuracy |
|---|---|
{harder}

| a change that people do not see | labels that change |
|---|---|
{steady}

All of it by `python benchmarks/model_card.py --data fer2013.csv {card.name}`, or `ferpipe evaluate {card.name} --data fer2013.csv`.

## Known failures

Its commonest mistakes: {confusions(card.classes, scores["confusion"])}. Small and blurred faces cost most, see the table. Faces
in profile or half hidden are told badly. The labels of FER2013 are those of few people looking at single
pictures; people agree with them in about 65 % of cases. Who is in the data is not recorded, so errors will
differ between groups of people in ways nobody has measured.

## Meant for

Research on how expressions change over time, tests of user interfaces with people who agreed to it, art,
teaching. Always as a hint about what a face shows, never as a fact about what somebody feels.

## Not meant for

Decisions about people. Inferring emotions at work or in education, which Article 5(1)(f) of the EU's AI Act
prohibits. Lie detection, diagnosis, hiring, policing, or watching people who do not know.
"""


def trained(folder: Path) -> dict[str, Any]:
    """A row of the table: what `ferpipe train` left in `folder`."""
    about = json.loads((folder / "configuration.json").read_text(encoding="utf-8"))
    recipe = about["recipe"]
    (split, scores), *_ = read_side_file(folder / f"{recipe['name']}.json").scores.items()
    return {
        "recipe": recipe["name"],
        "about": recipe["about"],
        "weights": about["weights"],
        "epochs": len(about["history"]),
        "best_epoch": about["best"]["epoch"],
        "start": (about.get("start") or {}).get("file"),
        "minutes": round(about["seconds"] / 60, 1),
        "split": split,
        **scores,
    }


def readme(rows: list[dict[str, Any]], shipped: list[Model]) -> str:
    ships = "\n".join(
        f"| [{card.name}]({card.name}.md) | {percent(card.scores[DATA]['accuracy'])} | "
        f"{card.scores[DATA]['macro_f1']:.3f} | {card.scores[DATA]['ece']:.3f} | "
        f"{percent(card.scores[DATA]['ferplus']['accuracy'])} | {card.scores['ms_a_face']:.2f} ms | "
        f"{card.path.stat().st_size / 1e6:.2f} MB |"
        for card in shipped
    )
    runs = "\n".join(
        f"| [{row['recipe']}](recipes/{row['recipe']}.yaml) | {row['about']} | {row['weights']:,} | {row['epochs']}"
        f" (best: {row['best_epoch']}){', begun with earlier weights' if row['start'] else ''} | {percent(row['accuracy'])} | {row['macro_f1']:.3f} | {row['ece']:.3f} |"
        for row in sorted(rows, key=lambda row: -row["accuracy"])
    )
    return f"""# Models

Written by `python benchmarks/model_card.py`. Everything is measured on FER2013's PublicTest with its seven
labels; each card says by what its network was chosen and its temperature fitted.

## What ships

| network | accuracy | macro-F1 | ECE | FER+ majority | a face | size |
|---|---|---|---|---|---|---|
{ships}

`{DATA}`, {shipped[0].scores[DATA]["n"]:,} faces. The cost is of one core, through ferpipe. Each has a card; how they
were trained, and what failed, stands in [EXPERIMENTS.md](EXPERIMENTS.md). The weights of BlazeFace and of the face mesh
are Google's: [blazeface/](blazeface/), [face_mesh/](face_mesh/).

## Trained by their recipes

`ferpipe train RECIPE --data fer2013.csv`, on the Training part, the best epoch kept. Two shared CPU cores had no
time for the number of epochs that the authors of the classic networks used: what was run is said.

| recipe | what it is | weights | epochs run | accuracy | macro-F1 | ECE |
|---|---|---|---|---|---|---|
{runs}
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*")
    parser.add_argument("--data", default="fer2013.csv")
    parser.add_argument("--trained", nargs="*", type=Path, default=[], metavar="FOLDER")
    arguments = parser.parse_args()
    for name in arguments.models:
        (MODELS / f"{name}.md").write_text(
            card_text(measure(name, arguments.data, Console())), encoding="utf-8"
        )
    kept = ROOT / "benchmarks" / "trained.json"
    rows = {row["recipe"]: row for row in json.loads(kept.read_text())} if kept.exists() else {}
    rows |= {row["recipe"]: row for row in map(trained, arguments.trained)}
    kept.write_text(json.dumps(list(rows.values()), indent=2) + "\n", encoding="utf-8")
    shipped = [
        read_side_file(path) for path in sorted(MODELS.glob("*.json")) if path.with_suffix(".md").exists()
    ]
    (MODELS / "README.md").write_text(readme(list(rows.values()), shipped), encoding="utf-8")


if __name__ == "__main__":
    main()
