"""Trains teachers, and students from their answers, on one GPU; README.md says how it is run."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from augment import Light, Moves
from descent import CUDA, DEVICE, Descent
from faces import Data, half_precision, report, say
from networks import MADE
from torch import nn


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
                report(f"{name} {each} {part:.2f}", [descent.averaged()], data)
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
    """Labels and votes; mixup but at the end."""
    network = network.to(DEVICE, memory_format=torch.channels_last).train()
    descent = Descent(network, 5e-4)
    often, voted = torch.tensor(0.5, device=DEVICE), torch.tensor(0.3, device=DEVICE)
    moves, light = Moves(0.5, 10, 0.2, 4, 0.08), Light(erase=0.3)

    def step(rows: torch.Tensor) -> None:
        descent.clear()
        with torch.no_grad():
            place = data.augment.place(rows, moves)
            shares = shares_of(len(rows), often)
            seen = data.augment.photographed(data.augment.seen(rows, place), place, light)
            pictures = blended(seen, shares).contiguous(memory_format=torch.channels_last)
            target = (1 - voted) * data.own[rows] + voted * data.votes[rows]
            target, eight = blended(0.95 * target + 0.05 / 7, shares), blended(data.eight[rows], shares)
        with half_precision():
            emotion, ferplus = network(pictures)
        loss = -(target * emotion.log_softmax(1)).sum(1).mean()
        (loss - 0.4 * (eight * ferplus.log_softmax(1)).sum(1).mean()).backward()
        descent.step()

    def at(part: float) -> None:
        often.fill_(0.5 if part < 0.85 else 0.0)
        voted.fill_(0.3 if part < 0.85 else 0.15)

    run(name, step, {name: (descent, rate)}, data, plan, at)
    best = descent.averaged()
    report(name, [best], data)
    return best.requires_grad_(requires_grad=False)


@dataclass(frozen=True)
class Lesson:
    """How students are taught."""

    moves: Moves
    light: Light
    mixup: float
    apart: float
    """The weight of the term that makes two views of a face get the same answer."""


HARD = Lesson(Moves(0.5, 8, 0.15, 3, 0.06, small=0.25), Light(erase=0.1), 0.5, 0.3)
MILD = Lesson(
    Moves(0.5, 6, 0.12, 2.5, 0.05, small=0.15), Light(blur=0.05, noise=0.05, jpeg=0.1, erase=0.05), 0.3, 0.3
)
SLIGHT = Light(blur=0.05, gamma=0.5, gamma_range=0.25, contrast=0.1, noise=0.05, jpeg=0.35, erase=0)


def train_students(
    title: str,
    students: dict[str, tuple[nn.Module, float, float]],
    teachers: Sequence[nn.Module],
    data: Data,
    plan: Plan,
    lesson: Lesson,
) -> dict[str, nn.Module]:
    """The teachers' mean answer to a view of each face, for it and for a near view."""
    descents = {}
    for name, (network, rate, decay) in students.items():
        network.to(DEVICE, memory_format=torch.channels_last).train()
        descents[name] = (Descent(network, decay, 0.999), rate)
        network.heads.ferplus.requires_grad_(requires_grad=False)
    often, augment = torch.tensor(lesson.mixup, device=DEVICE), data.augment

    def step(rows: torch.Tensor) -> None:
        n = len(rows)
        with torch.no_grad():
            place = augment.place(rows, lesson.moves)
            near = augment.otherwise(rows, augment.nearby(place), 0.25)
            shares = shares_of(n, often)
            views = (
                augment.photographed(augment.seen(rows, place), place, lesson.light),
                augment.photographed(augment.seen(rows, near), near, SLIGHT),
            )
            pictures = torch.cat([blended(view, shares) for view in views])
            pictures = pictures.contiguous(memory_format=torch.channels_last)
            with half_precision():
                taught = sum(teacher(pictures[n:])[0].float().softmax(1) for teacher in teachers)
            own = 0.7 * data.own[rows] + 0.3 * data.votes[rows]
            own = blended(own * 0.97 + 0.03 / 7, shares)
            target = (0.8 * taught / len(teachers) + 0.2 * own).repeat(2, 1)
        for descent, _ in descents.values():
            descent.clear()
            with half_precision():
                said = descent.network(pictures)[0].log_softmax(1)
            one, two = said[:n], said[n:]
            apart = ((one.exp() - two.exp()) * (one - two)).sum(1).mean()
            (-(target * said).sum(1).mean() + lesson.apart * apart).backward()
            descent.step()

    run(title, step, descents, data, plan, lambda part: often.fill_(lesson.mixup if part < 0.8 else 0.0))
    done = {name: descent.averaged() for name, (descent, _) in descents.items()}
    for name, network in done.items():
        report(name, [network], data)
    return {name: network.requires_grad_(requires_grad=False) for name, network in done.items()}


def begun_with(network: nn.Module, teacher: nn.Module) -> nn.Module:
    """With the teacher's weights where it has them."""
    known = teacher.state_dict()
    taken = {
        key: known[key] for key, value in network.state_dict().items() if known[key].shape == value.shape
    }
    network.load_state_dict(network.state_dict() | taken)
    return network


def resumed(network: nn.Module, path: Path) -> nn.Module:
    """With the weights of a file such as h.npz, which has the names of `networks.py`."""
    own, kept = network.state_dict(), np.load(path)
    network.load_state_dict(own | {key: torch.tensor(kept[key].astype(np.float32)) for key in kept.files})
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that pack.py wrote")
    parser.add_argument("-o", "--output", type=Path, default=Path("trained"))
    parser.add_argument(
        "--seconds",
        type=float,
        nargs=5,
        default=(90, 90, 115, 285, 120),
        help="of the first, the second and the residual teacher, of the students, of nano",
    )
    parser.add_argument("--base", type=Path, help="weights that base goes on from, such as h.npz")
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
    first, second, third, students, nano = (Plan(each, args.batch, args.steps) for each in args.seconds)

    def kept(name: str, network: nn.Module) -> nn.Module:
        numbers = {key: value.half() for key, value in network.state_dict().items()}
        torch.save(numbers, args.output / f"{name}.part")
        (args.output / f"{name}.part").replace(args.output / f"{name}.pt")
        return network

    weights, sample = np.load(args.data / "dlib.npz"), data.faces[data.learnt[:1024]].float().unsqueeze(1)
    teachers = []
    for name, plan in (("first", first), ("second", second)):
        network = MADE[name]().to(DEVICE).begin_with(weights, sample)
        teachers.append(kept(name, train_teacher(name, network, 0.05, data, plan)))
    teachers.append(kept("residual", train_teacher("residual", MADE["residual"](), 0.12, data, third)))
    report("teachers", teachers, data)
    base = MADE["base"]()
    begun = resumed(base, args.base) if args.base else begun_with(base, teachers[1])
    learning = {
        "third": (begun_with(MADE["third"](), teachers[0]), 0.05, 4e-4),
        "base": (begun, 0.06, 3e-4),
    }
    taught = train_students("students", learning, teachers, data, students, HARD)
    for name, network in taught.items():
        kept(name, network)
    report("third, base, first", [*taught.values(), teachers[0]], data)
    report("third, first, second", [taught["third"], *teachers[:2]], data)
    together = [*taught.values()]
    report("third, base", together, data)
    small = {"nano": (MADE["nano"](), 0.1, 1e-4)}
    kept("nano", train_students("nano", small, together, data, nano, MILD)["nano"])
    say("done")


if __name__ == "__main__":
    main()
