"""The optimiser, on whichever device there is."""

from __future__ import annotations

import copy

import torch
from torch import nn

CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")


class Descent:
    """SGD with Nesterov momentum, decay of the kernels, clipped gradients and averaged weights.

    Nothing waits for the processor, so that a whole step fits into a CUDA graph.
    """

    def __init__(self, network: nn.Module, decay: float, average: float = 0.9985) -> None:
        self.network, self.decay, self.average = network, decay, average
        self.weights = list(network.parameters())
        self.kernels = [weight for weight in self.weights if weight.ndim > 1]
        self.speed = [torch.zeros_like(weight) for weight in self.weights]
        self.rate = torch.tensor(0.0, device=DEVICE)
        self.followed = self._numbers(network)
        self.averages = [value.detach().clone() for value in self.followed]
        for weight in self.weights:
            weight.grad = torch.zeros_like(weight)

    @staticmethod
    def _numbers(network: nn.Module) -> list[torch.Tensor]:
        return [*network.parameters(), *(b for b in network.buffers() if b.dtype.is_floating_point)]

    def clear(self) -> None:
        torch._foreach_zero_([weight.grad for weight in self.weights])

    @torch.no_grad()
    def step(self) -> None:
        slopes = [weight.grad for weight in self.weights]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(slopes)))
        torch._foreach_mul_(slopes, (5.0 / (norm + 1e-6)).clamp(max=1.0))
        torch._foreach_add_([kernel.grad for kernel in self.kernels], self.kernels, alpha=self.decay)
        torch._foreach_mul_(self.speed, 0.9)
        torch._foreach_add_(self.speed, slopes)
        change = torch._foreach_mul(self.speed, 0.9)
        torch._foreach_add_(change, slopes)
        torch._foreach_mul_(change, self.rate)
        torch._foreach_sub_(self.weights, change)
        torch._foreach_lerp_(self.averages, [value.detach() for value in self.followed], 1 - self.average)

    @torch.no_grad()
    def forget(self) -> None:
        for average, value in zip(self.averages, self.followed, strict=True):
            average.copy_(value)

    @torch.no_grad()
    def averaged(self) -> nn.Module:
        network = copy.deepcopy(self.network).eval()
        for value, average in zip(self._numbers(network), self.averages, strict=True):
            value.copy_(average)
        return network
