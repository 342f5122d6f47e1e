"""How far labels can be believed: fits the reliability of a model and the number `quality`, and shows both.

    python benchmarks/reliability.py sample --output samples.npz     # faces as cameras give them; 5 minutes
    python benchmarks/reliability.py fit samples.npz models/base.json models/nano.json --quality

`sample` disturbs faces of FER2013 (benchmarks/_disturbed.py) and keeps what the stages find of them; it
depends on no classifier.  `fit` writes `reliability` into the side files; with `--quality` also the weights
of the stage `quality`, for the first model.  Each half of the faces is judged by a fit on the other half;
what is written is fitted on all.  `--held-out SEED` takes faces of Training that a network was not trained
on (`data.hold_out` of its recipe, whose seed it is); the shipped ones know all of Training, so theirs is
fitted on PublicTest.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from _disturbed import Chain
from _faces import ROOT, fer2013
from _logistic import cross_fitted, fitted_one_way

from ferpipe.models import find_model
from ferpipe_geometry.worth import NUMBERS, numbers
from ferpipe_networks.classifier import open_classifier

KEPT = 0.92
"""Share of undisturbed faces that keep their label."""

WAYS = np.array([1.0 if name in {"sharpness", "contrast"} else -1.0 for name in NUMBERS])
"""Whether more of each number can only help or only hurt: chance must not make smaller faces better."""


def sampled(which: tuple[np.ndarray, np.ndarray, np.ndarray, int]) -> list[dict]:
    faces, labels, rows, seed = which
    rng, chain, found = np.random.default_rng(seed), Chain(), []
    for row in rows.tolist():
        for good in (True, False, False):
            one = chain.sample(faces[row], rng, good=good)
            if one is not None:
                found.append({**one, "face": row, "label": int(labels[row])})
    return found


def sample(args: argparse.Namespace) -> None:
    faces, labels = fer2013("PublicTest" if args.held_out is None else "Training")
    rows = np.arange(len(faces))
    if args.held_out is not None:
        from ferpipe_train.data.duplicates import held_out

        rows = np.flatnonzero(held_out(faces[..., None], args.faces, args.held_out))
    rows = np.random.default_rng(0).permutation(rows)[: args.faces]
    parts = np.array_split(rows, max(2, len(rows) // 100))
    with multiprocessing.Pool(args.jobs) as pool:
        jobs = [(faces, labels, part, seed) for seed, part in enumerate(parts)]
        found = [one for part in pool.imap(sampled, jobs) for one in part]
    save(found, args.output)
    print(f"{args.output}: {len(found)} of {3 * len(rows)} faces were found")


def save(found: list[dict], file: Path) -> None:
    """A column a number, NaN where it is not known, and the chips."""
    names = sorted({name for one in found for name in one} - {"chip"})
    table = {
        name: np.array([np.nan if one.get(name) is None else one[name] for one in found]) for name in names
    }
    np.savez_compressed(file, chips=np.array([one["chip"] for one in found]), **table)


def evidence(shares: np.ndarray, table: dict[str, np.ndarray]) -> np.ndarray:
    first = np.clip(shares.max(axis=1), 1e-9, 1 - 1e-9)
    turned = np.where(np.isnan(table["landmarks.turned"]), 0, table["landmarks.turned"]) / 10
    return np.column_stack([np.clip(np.log(first / (1 - first)), -6, 6), turned])


def fit(args: argparse.Namespace) -> None:
    with np.load(args.samples) as stored:
        table = {name: stored[name] for name in stored.files}
    half, good = table["face"].astype(int) % 2, table["good"] > 0
    curves = {}
    for number, side in enumerate(args.models):
        network = open_classifier(find_model(side).path)
        shares = network.probabilities(list(table["chips"]))
        right = shares.argmax(axis=1) == table["label"]
        seen = evidence(shares, table)
        one_way = partial(fitted_one_way, ways=np.array([1.0, -1.0]))
        believed = cross_fitted(seen, right, half, one_way)
        weights = one_way(seen, right)
        threshold = round(float(np.quantile(believed[good], 1 - KEPT)), 3)
        described = json.loads(side.read_text())
        described["reliability"] = {
            "intercept": round(float(weights[0]), 4),
            "weights": {"confidence": round(float(weights[1]), 4), "turned": round(float(weights[2]), 4)},
            "threshold": threshold,
            "data": args.data,
        }
        side.write_text(json.dumps(described, indent=2) + "\n")
        print(f"\n{side.stem}: {described['reliability']}")
        alone = cross_fitted(seen[:, :1], right, half)
        report(right, good, believed, alone, threshold)
        curves[side.stem] = (right, good, believed, threshold)
        if number == 0 and args.quality:
            curves["quality"] = (right, *quality(table, right, half, args.data))
    if args.plot:
        from _reliability_plot import draw

        draw(curves, args.plot)


def quality(table: dict[str, np.ndarray], right: np.ndarray, half: np.ndarray, data: str) -> tuple:
    """Fit and write the weights of the stage `quality`; gives the cross-fitted number, and the turns."""
    measured = [name for name in table if name.startswith(("quality.", "head.", "mesh."))]
    known = ({name: float(table[name][i]) for name in measured} for i in range(len(right)))
    rows = [numbers({name: value for name, value in one.items() if np.isfinite(value)}) for one in known]
    seen = np.array([[row.get(name, 0.0) for name in NUMBERS] for row in rows])
    one_way = partial(fitted_one_way, ways=WAYS)
    weights = one_way(seen, right)
    found = {name: round(float(weight), 4) for name, weight in zip(NUMBERS, weights[1:], strict=True)}
    content = {"intercept": round(float(weights[0]), 4), "weights": found, "data": data}
    (ROOT / "models" / "quality.json").write_text(json.dumps(content, indent=2) + "\n")
    print(f"\nquality: {content}")
    value = cross_fitted(seen, right, half, one_way)
    edges = np.quantile(value, np.linspace(0, 1, 11))
    print("| quality | faces | accuracy |\n|---|---|---|")
    for low, high in pairwise(edges):
        which = (value >= low) & (value <= high)
        print(f"| {low:.2f} to {high:.2f} | {which.sum()} | {100 * right[which].mean():.1f} % |")
    return value, table["head.turned"]


def report(right, good, believed, alone, threshold) -> None:
    print(f"AUC with the turn {auc(believed, right):.3f}, of the confidence alone {auc(alone, right):.3f}")
    print("| coverage | wrong, undisturbed | wrong, disturbed and turned |\n|---|---|---|")
    for share in (1.0, 0.95, 0.9, 0.8, 0.7, 0.5):
        risks = [100 * risk(believed[which], right[which], share) for which in (good, ~good)]
        print(f"| {100 * share:.0f} % | {risks[0]:.1f} % | {risks[1]:.1f} % |")
    for name, which in (("undisturbed", good), ("disturbed", ~good)):
        kept, hits = believed[which] >= threshold, right[which]
        print(
            f"threshold {threshold}, {name}: {100 * kept.mean():.1f} % keep their label, of which "
            f"{100 * hits[kept].mean():.1f} % are right; of the others {100 * hits[~kept].mean():.1f} %"
        )


def risk(believed: np.ndarray, right: np.ndarray, coverage: float) -> float:
    """Share of wrong labels among the most reliable ones."""
    count = max(1, round(coverage * len(right)))
    return float(1 - right[np.argsort(-believed, kind="stable")[:count]].mean())


def auc(believed: np.ndarray, right: np.ndarray) -> float:
    """How often a right label is believed more than a wrong one."""
    from scipy.stats import rankdata

    ranks, hits = rankdata(believed), int(right.sum())
    return float((ranks[right].sum() - hits * (hits + 1) / 2) / (hits * (len(right) - hits)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("sample")
    one.add_argument("--output", type=Path, required=True)
    one.add_argument("--faces", type=int, default=2400)
    one.add_argument("--held-out", type=int, help="the seed of the recipe that held faces of Training back")
    one.add_argument("--jobs", type=int, default=2)
    one.set_defaults(run=sample)
    two = verbs.add_parser("fit")
    two.add_argument("samples", type=Path)
    two.add_argument("models", type=Path, nargs="+", help="side files")
    two.add_argument("--quality", action="store_true")
    two.add_argument("--plot", type=Path)
    two.add_argument("--data", default="FER2013 PublicTest, half of it disturbed and turned")
    two.set_defaults(run=fit)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
