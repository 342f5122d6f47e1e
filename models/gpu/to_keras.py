"""From a network of `train.py` to the same one in Keras, proven to give the same logits."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import torch
from networks import DEVIATION, GREY, MADE, MEAN, SPREAD
from torch import nn

from ferpipe.models import Input, Model, Output, digest
from ferpipe_train.data import FER_CLASSES
from ferpipe_train.training.net.build import build_network
from ferpipe_train.training.recipe import Recipe

ALIKE = 1e-4
NETWORKS: dict[str, dict[str, object]] = {
    **{
        name: {"use": "face_resnet", "blocks": 13, "antialias": True} for name in ("first", "second", "third")
    },
    **{name: {"use": "face_resnet", "blocks": 10, "antialias": name != "g"} for name in ("base", "g", "h")},
    "residual": {
        "use": "residual",
        "widths": (64, 128, 256, 384),
        "depths": (2, 2, 2, 1),
        "stem_kernel": 5,
        "antialias": True,
    },
    "nano": {
        "use": "residual",
        "widths": (16, 32, 64, 128),
        "depths": (1, 2, 2, 1),
        "stem_kernel": 3,
        "antialias": True,
    },
}


def in_order(layers: list[keras.Layer], kind: type) -> list[keras.Layer]:
    """Those of a kind, as they were made: Keras sorts a network's layers by their depth."""
    chosen = [layer for layer in layers if isinstance(layer, kind)]
    return sorted(chosen, key=lambda layer: int((re.findall(r"_(\d+)$", layer.name) or ["0"])[0]))


def converted(name: str, network: nn.Module) -> keras.Model:
    recipe = Recipe.model_validate(
        {
            "version": 1,
            "name": name,
            "network": NETWORKS[name],
            "optimizer": {"use": "sgd", "rate": 0.1},
            "schedule": {"use": "cosine"},
            "epochs": 1,
        }
    )
    model = build_network(recipe, 7)
    kernels = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    for layer, given in zip(in_order(model.layers, keras.layers.Conv2D), kernels, strict=True):
        kernel = given.weight.numpy().transpose(2, 3, 1, 0)
        layer.set_weights([kernel] if given.bias is None else [kernel, given.bias.numpy()])
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer, given in zip(in_order(model.layers, keras.layers.BatchNormalization), norms, strict=True):
        variance = given.running_var.numpy()
        scale = given.weight.numpy() * np.sqrt((variance + layer.epsilon) / (variance + given.eps))
        layer.set_weights([scale, given.bias.numpy(), given.running_mean.numpy(), variance])
    head = network.heads.emotion
    model.get_layer("emotion").set_weights([head.weight.numpy().T, head.bias.numpy()])
    if NETWORKS[name]["use"] == "face_resnet":
        _take_in_the_scale(model)
    return model


def _take_in_the_scale(model: keras.Model) -> None:
    """DEVIATION, MEAN, GREY and SPREAD go into the first convolution and the mean behind it."""
    stem = in_order(model.layers, keras.layers.Conv2D)[0]
    norm = in_order(model.layers, keras.layers.BatchNormalization)[0]
    (kernel,) = stem.get_weights()
    scale, shift, mean, variance = norm.get_weights()
    stem.set_weights([kernel * DEVIATION / SPREAD])
    norm.set_weights([scale, shift, mean - (MEAN - GREY) / SPREAD * kernel.sum((0, 1, 2)), variance])


def read(weights: Path) -> dict[str, torch.Tensor]:
    """What `train.py` wrote, or the numbers of an `.npz`."""
    if weights.suffix != ".npz":
        return torch.load(weights, map_location="cpu")
    with np.load(weights) as kept:
        return {key: torch.tensor(kept[key].astype(np.float32)) for key in kept.files}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="NAME.pt, as train.py wrote it, or g.npz, h.npz")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--temperature", type=float, default=1.0, help="what the logits are divided by")
    args = parser.parse_args()
    name = args.weights.stem
    if name not in NETWORKS:
        sys.exit(f"'{args.weights}' must be one of {', '.join(NETWORKS)}")
    network = MADE[name]().eval()
    network.load_state_dict(read(args.weights))
    network.requires_grad_(requires_grad=False)
    model = converted(name, network)
    faces = np.random.default_rng(0).integers(0, 256, (64, 48, 48, 1)).astype(np.float32)
    expected = network(torch.tensor(faces.transpose(0, 3, 1, 2)))[0].numpy()
    difference = float(np.abs(np.asarray(model(faces, training=False)) - expected).max())
    if not difference < ALIKE:
        sys.exit(f"the logits differ by {difference:.2g}, not {ALIKE}")
    model.save(args.output)
    card = Model(
        name=args.output.stem,
        file=args.output.name,
        format="keras",
        sha256=digest(args.output),
        classes=FER_CLASSES,
        input=Input(height=48, width=48),
        output=Output(kind="logits", temperature=args.temperature),
        recipe=f"{name} (models/EXPERIMENTS.md, 12 to 14)",
        licence="Apache-2.0",
        source="trained by the ferpipe developers",
    )
    card.placed(args.output.parent).write(args.output.with_suffix(".ferpipe.json"))
    print(f"{args.output}: {model.count_params():,} weights, logits differ by {difference:.1e} at the most")


if __name__ == "__main__":
    main()
