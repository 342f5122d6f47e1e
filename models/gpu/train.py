"""Trains teachers, and students from their answers, on one GPU; README.md says how it is run."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from augment import SIDE, Augment, Light, Moves
from descent import CUDA, DEVICE, Descent
from networks import MADE, FaceResNet
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
        framing = np.zeros((count, 3, 3))
        framing[:, :2], framing[:, 2, 2] = held["framing"], 1
        known = framing[:, 0, 0] != 0
        framing[~known] = np.eye(3)
        back = np.linalg.inv(framing)[:, :2]
        self.augment = Augment(self.faces, self._on(back), torch.tensor(known, device=DEVICE))

    @staticmethod
    def _on(values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=DEVICE)


@torch.no_grad()
def report(name: str, network: nn.Module, data: Data) -> None:
    """The validation faces: accuracy, likelihood, labels that a shift changes."""
    pictures, labels = data.faces[data.validation].float().unsqueeze(1), data.labels[data.validation]

    def answers(x: torch.Tensor) -> torch.Tensor:
        with half_precision():
            return torch.cat([network(part)[0] for part in x.split(500)])

    plain, mirrored = answers(pictures), answers(pictures.flip(3))
    both = (plain.softmax(1) + mirrored.softmax(1)).argmax(1)
    said = plain.argmax(1)
    figures = {
        "accuracy": (said == labels).float().mean(),
        "mirrored": (both == labels).float().mean(),
        "nll": functional.cross_entropy(plain, labels),
        "shifted": (answers(pictures.roll(1, 3)).argmax(1) != said).float().mean(),
    }
    say(name, json.dumps({key: round(value.item(), 4) for key, value in figures.items()}))


@dataclass(frozen=True)
class Plan:
    seconds: float
    batch: int
    steps: int | None = None


def run(
    name: str,
    step: Callable[[torch.Tensor], None],
    descents: dict[str, tuple[Descent, float]],
    data: Data,
    plan: Plan,
    at: Callable[[float], None],
) -> None:
    """Steps for `plan.seconds`; the rates rise for 3 % of them and fall as half a cosine to 0."""
    rows = data.learnt[torch.randperm(len(data.learnt), device=DEVICE)[: plan.batch]].clone()
    graph = captured(step, rows, [descent for descent, _ in descents.values()]) if CUDA else None
    begun, done, order, place, shown, forgotten = time.monotonic(), 0, rows, plan.batch, 0.25, False
    while True:
        if CUDA and done % 20 == 0:
            torch.cuda.synchronize()
        part = done / plan.steps if plan.steps else (time.monotonic() - begun) / plan.seconds
        if part >= 1:
            break
        for descent, rate in descents.values():
            descent.rate.fill_(rate * min(1, part / 0.03) * 0.5 * (1 + math.cos(math.pi * part)) + 1e-5)
            if part > 0.05 and not forgotten:
                descent.forget()
        forgotten = part > 0.05
        at(part)
        if place + plan.batch > len(order):
            order, place = data.learnt[torch.randperm(len(data.learnt), device=DEVICE)], 0
        rows.copy_(order[place : place + plan.batch])
        place += plan.batch
        graph.replay() if graph else step(rows)
        done += 1
        if part > shown and part < 0.97:
            shown += 0.25
            for each, (descent, _) in descents.items():
                report(f"{name} {each} {part:.2f}", descent.averaged(), data)
    say(f"{name}: {done} steps, {done * plan.batch / len(data.learnt):.0f} epochs")


def captured(
    step: Callable[[torch.Tensor], None], rows: torch.Tensor, descents: Sequence[Descent]
) -> torch.cuda.CUDAGraph:
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(4):
            step(rows)
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    for descent in descents:
        descent.clear()
    with torch.cuda.graph(graph):
        step(rows)
    torch.cuda.synchronize()
    return graph


def blended(values: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Each with the one before it in the batch (mixup, Zhang et al. 2018)."""
    shares = shares.view(-1, *[1] * (values.ndim - 1))
    return shares * values + (1 - shares) * values.roll(1, 0)


def shares_of(n: int, often: torch.Tensor) -> torch.Tensor:
    whole = torch.ones(n, device=DEVICE)
    return torch.where(torch.rand(n, device=DEVICE) < often, 1 - 0.5 * torch.rand(n, device=DEVICE), whole)


def train_teacher(name: str, network: nn.Module, rate: float, data: Data, plan: Plan) -> nn.Module:
    """Labels and votes, mixup; at the end FER2013's labels alone, without mixup."""
    network = network.to(DEVICE, memory_format=torch.channels_last).train()
    descent = Descent(network, 5e-4)
    often, voted = torch.tensor(0.5, device=DEVICE), torch.tensor(0.3, device=DEVICE)
    moves, light = Moves(0.4, 10, 0.2, 4, 0.08), Light(erase=0.3)

    def step(rows: torch.Tensor) -> None:
        descent.clear()
        with torch.no_grad():
            seen = data.augment.seen(rows, data.augment.place(rows, moves))
            shares = shares_of(len(rows), often)
            pictures = blended(data.augment.photographed(seen, light), shares)
            pictures = pictures.contiguous(memory_format=torch.channels_last)
            target = (1 - voted) * data.own[rows] + voted * data.votes[rows]
            target, eight = blended(0.95 * target + 0.05 / 7, shares), blended(data.eight[rows], shares)
        with half_precision():
            emotion, ferplus = network(pictures)
        loss = -(target * emotion.log_softmax(1)).sum(1).mean()
        (loss - 0.4 * (eight * ferplus.log_softmax(1)).sum(1).mean()).backward()
        descent.step()

    def at(part: float) -> None:
        often.fill_(0.5 if part < 0.75 else 0.0)
        voted.fill_(0.3 if part < 0.6 else 0.0)

    run(name, step, {name: (descent, rate)}, data, plan, at)
    best = descent.averaged()
    report(name, best, data)
    return best.requires_grad_(requires_grad=False)


def train_students(
    students: dict[str, tuple[nn.Module, float, float]],
    teachers: Sequence[nn.Module],
    data: Data,
    plan: Plan,
) -> dict[str, nn.Module]:
    """The teachers' mean answer to two near views of each face, which have to get the same one."""
    descents = {}
    for name, (network, rate, decay) in students.items():
        network.to(DEVICE, memory_format=torch.channels_last).train()
        descents[name] = (Descent(network, decay, 0.999), rate)
        network.heads.ferplus.requires_grad_(requires_grad=False)
    often, moves = torch.tensor(0.5, device=DEVICE), Moves(0.5, 8, 0.15, 3, 0.06)
    usual = Light(erase=0.1)
    slight = Light(blur=0.1, small=0.05, gamma=0.5, gamma_range=0.25, contrast=0.1, jpeg=0.35, erase=0)
    augment = data.augment

    def step(rows: torch.Tensor) -> None:
        n = len(rows)
        with torch.no_grad():
            place = augment.place(rows, moves)
            shares = shares_of(n, often)
            views = (
                augment.photographed(augment.seen(rows, place), usual),
                augment.photographed(augment.seen(rows, augment.nearby(place)), slight),
            )
            pictures = torch.cat([blended(view, shares) for view in views])
            pictures = pictures.contiguous(memory_format=torch.channels_last)
            with half_precision():
                taught = sum(teacher(pictures)[0].float().softmax(1) for teacher in teachers) / len(teachers)
            own = blended(data.own[rows] * 0.97 + 0.03 / 7, shares)
            target = (0.8 * (taught[:n] + taught[n:]) / 2 + 0.2 * own).repeat(2, 1)
        for descent, _ in descents.values():
            descent.clear()
            with half_precision():
                said = descent.network(pictures)[0].log_softmax(1)
            one, two = said[:n], said[n:]
            apart = ((one.exp() - two.exp()) * (one - two)).sum(1).mean()
            (-(target * said).sum(1).mean() + 0.5 * apart).backward()
            descent.step()

    run("students", step, descents, data, plan, lambda part: often.fill_(0.5 if part < 0.8 else 0.0))
    done = {name: descent.averaged() for name, (descent, _) in descents.items()}
    for name, network in done.items():
        report(name, network, data)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that pack.py wrote")
    parser.add_argument("-o", "--output", type=Path, default=Path("trained"))
    parser.add_argument(
        "--seconds", type=float, nargs=3, default=(80, 130, 345), help="of dlib's, the residual, the students"
    )
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, help="of each training, in place of its seconds (a trial)")
    parser.add_argument("--limit", type=int, help="of faces (a trial)")
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.backends.cudnn.benchmark = True
    args.output.mkdir(parents=True, exist_ok=True)
    data = Data(args.data, args.limit)
    say(f"{len(data.learnt)} faces to learn from, {len(data.validation)} for validation, {DEVICE}")
    plans = [Plan(seconds, args.batch, args.steps) for seconds in args.seconds]
    first = MADE["teacher-dlib"]().to(DEVICE)
    sample = data.faces[data.learnt[:1024]].float().unsqueeze(1)
    begin: FaceResNet = first.begin_with(np.load(args.data / "dlib.npz"), sample)
    teachers = {"teacher-dlib": train_teacher("teacher-dlib", begin, 0.05, data, plans[0])}
    second = MADE["teacher-residual"]()
    teachers["teacher-residual"] = train_teacher("teacher-residual", second, 0.12, data, plans[1])
    base, known = MADE["base"](), teachers["teacher-dlib"].state_dict()
    taken = {key: known[key] for key, value in base.state_dict().items() if known[key].shape == value.shape}
    base.load_state_dict(base.state_dict() | taken)
    students = {"base": (base, 0.06, 3e-4), "nano": (MADE["nano"](), 0.12, 2e-4)}
    done = train_students(students, list(teachers.values()), data, plans[2])
    for name, network in (teachers | done).items():
        torch.save(network.state_dict(), args.output / f"{name}.pt")
    say("done")


if __name__ == "__main__":
    main()
