"""The faces that `pack.py` wrote, and what a network makes of those kept for validation."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from augment import SIDE, Augment
from descent import CUDA, DEVICE
from torch import nn
from torch.nn import functional

VOTED = (4, 5, 6, 1, 3, 2, 0)
"""Columns of FER+ in the order of FER2013's classes."""
NOT_A_FACE, ENOUGH = 5, 3
BEGUN = time.monotonic()


def say(*words: object) -> None:
    print(f"[{time.monotonic() - BEGUN:6.1f}]", *words, flush=True)


def half_precision() -> torch.autocast:
    return torch.autocast(DEVICE.type, dtype=torch.bfloat16, enabled=CUDA, cache_enabled=False)


class Data:
    """What `pack.py` wrote, on the device."""

    def __init__(self, folder: Path, limit: int | None) -> None:
        held = np.load(folder / "labels.npz")
        labels, votes = held["labels"].astype(np.int64), held["votes"].astype(np.float32)
        mosaic = cv2.imread(str(folder / "faces.png"), cv2.IMREAD_GRAYSCALE)
        count, across = len(labels), mosaic.shape[1] // SIDE
        cells = mosaic.reshape(-1, SIDE, across, SIDE).transpose(0, 2, 1, 3).reshape(-1, SIDE, SIDE)
        self.faces = torch.tensor(np.ascontiguousarray(cells[:count]), device=DEVICE)
        validation = np.zeros(count, bool)
        validation[held["validation"]] = True
        learnt = np.flatnonzero(~validation & (votes[:, 9] < NOT_A_FACE))[:limit]
        own = np.eye(7, dtype=np.float32)[labels]
        seven = votes[:, VOTED]
        shares = np.where(
            seven.sum(1, keepdims=True) >= ENOUGH, seven / np.maximum(seven.sum(1, keepdims=True), 1), own
        )
        eight, total = votes[:, :8], votes[:, :8].sum(1, keepdims=True)
        instead = np.eye(8, dtype=np.float32)[np.array(VOTED)[labels]]
        self.own, self.votes = self._on(own), self._on(shares)
        self.eight = self._on(np.where(total > 0, eight / np.maximum(total, 1), instead)) * 0.97 + 0.03 / 8
        self.labels = torch.tensor(labels, device=DEVICE)
        self.learnt = torch.tensor(learnt, device=DEVICE)
        self.validation = torch.tensor(np.flatnonzero(validation)[:limit], device=DEVICE)
        known = held["size"] > 0
        framing = np.zeros((*known.shape, 3, 3))
        framing[:, :, :2], framing[:, :, 2, 2] = held["framing"], 1
        framing[~known] = np.eye(3)
        back = np.linalg.inv(framing)[:, :, :2]
        for turn in range(known.shape[1]):  # one that is not known is replaced by one that is
            back[~known[:, turn], turn] = back[~known[:, turn], known[~known[:, turn]].argmax(1)]
        any_known = torch.tensor(known.any(1), device=DEVICE)
        self.augment = Augment(self.faces, self._on(back), any_known, held["backgrounds"])
        found = known[held["validation"], 0]
        self.aligned = self._on(held["aligned"][found]).unsqueeze(1)
        self.found = torch.tensor(held["validation"][found].astype(np.int64), device=DEVICE)

    @staticmethod
    def _on(values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=DEVICE)


def moved(x: torch.Tensor, degrees: float = 0.0, size: float = 1.0) -> torch.Tensor:
    cos, sin = math.cos(math.radians(degrees)) / size, math.sin(math.radians(degrees)) / size
    matrix = torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0]], device=x.device).expand(len(x), -1, -1)
    grid = functional.affine_grid(matrix, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


@torch.no_grad()
def report(name: str, networks: Sequence[nn.Module], data: Data) -> None:
    """The validation faces, by the mean of the networks: accuracy, likelihood, labels that slight changes
    change, and the accuracy through detector and aligner beside that of the same faces' crops."""
    pictures, labels = data.faces[data.validation].float().unsqueeze(1), data.labels[data.validation]

    def answers(x: torch.Tensor) -> torch.Tensor:
        with half_precision():
            parts = [sum(each(part)[0].float().softmax(1) for each in networks) for part in x.split(500)]
        return torch.cat(parts) / len(networks)

    plain = answers(pictures)
    said, right = plain.argmax(1), labels == plain.argmax(1)
    crops, aligned = answers(data.faces[data.found].float().unsqueeze(1)), answers(data.aligned)
    changed = {
        "across": torch.cat([pictures[..., :1], pictures[..., :-1]], 3),
        "down": torch.cat([pictures[..., :1, :], pictures[..., :-1, :]], 2),
        "turn": moved(pictures, degrees=2),
        "zoom": moved(pictures, size=1.03),
    }
    figures = {
        "accuracy": right.float().mean(),
        "mirrored": ((plain + answers(pictures.flip(3))).argmax(1) == labels).float().mean(),
        "nll": -plain.gather(1, labels[:, None]).clamp(min=1e-9).log().mean(),
        "crops": (crops.argmax(1) == data.labels[data.found]).float().mean(),
        "aligned": (aligned.argmax(1) == data.labels[data.found]).float().mean(),
        **{key: (answers(x).argmax(1) != said).float().mean() for key, x in changed.items()},
    }
    recall = [right[labels == emotion].float().mean().item() for emotion in range(7)]
    say(name, json.dumps({key: round(value.item(), 4) for key, value in figures.items()}))
    say(name, "recall", " ".join(f"{value:.2f}" for value in recall))
