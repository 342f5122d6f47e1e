"""The networks in PyTorch, as `ferpipe_train.training.net` builds them in Keras."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

CHANNELS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
GREY, SPREAD = 114.0, 256.0
"""What dlib subtracts and divides by."""
MEAN, DEVIATION = 125.0, 48.0
"""Every face is given these first, so that dim light changes nothing."""


class ConvNorm(nn.Module):
    def __init__(
        self, before: int, channels: int, kernel: int, stride: int = 1, padding: int | None = None
    ) -> None:
        super().__init__()
        padding = kernel // 2 if padding is None else padding
        self.conv = nn.Conv2d(before, channels, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(channels, momentum=0.05)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x))


def halved(x: torch.Tensor) -> torch.Tensor:
    """Every second pixel of the average by (1, 2, 2, 1) / 6, down and across."""
    return functional.avg_pool2d(functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False), 2, 2)


class Heads(nn.Module):
    """The seven classes, and FER+'s eight, from the mean of each channel."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.emotion, self.ferplus = nn.Linear(channels, 7), nn.Linear(channels, 8)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.dropout(x.mean((2, 3)).float())
        return self.emotion(features).float(), self.ferplus(features).float()


def standardised(x: torch.Tensor) -> torch.Tensor:
    """Each picture of mean 0 and deviation 1."""
    x = x / 255
    spread = torch.sqrt(x.var((1, 2, 3), keepdim=True, unbiased=False) + 1e-4)
    return (x - x.mean((1, 2, 3), keepdim=True)) / spread


class Block(nn.Module):
    def __init__(self, before: int, channels: int, *, halve: bool) -> None:
        super().__init__()
        self.halve = halve
        self.first, self.second = ConvNorm(before, channels, 3), ConvNorm(channels, channels, 3)
        squeezed = max(8, channels // 8)
        self.squeeze, self.excite = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.shortcut = ConvNorm(before, channels, 1) if before != channels else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = halved(x) if self.halve else x
        y = self.second(functional.relu(self.first(x)))
        gate = torch.sigmoid(self.excite(functional.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        return functional.relu(y * gate + self.shortcut(x))


class Residual(nn.Module):
    """A recipe's `residual` with `antialias`."""

    def __init__(
        self, stem: int, widths: tuple[int, ...], depths: tuple[int, ...], kernel: int, dropout: float
    ) -> None:
        super().__init__()
        self.stem = ConvNorm(1, stem, kernel)
        before, blocks = stem, []
        for width, depth in zip(widths, depths, strict=True):
            for number in range(depth):
                blocks.append(Block(before, width, halve=number == 0))
                before = width
        self.blocks, self.heads = nn.Sequential(*blocks), Heads(before, dropout)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.heads(self.blocks(functional.relu(self.stem(standardised(x)))))


class FaceResNet(nn.Module):
    """A recipe's `face_resnet`."""

    def __init__(self, blocks: int, dropout: float, *, antialias: bool = True) -> None:
        super().__init__()
        self.antialias = antialias
        self.stem, before, made = ConvNorm(1, 32, 7, 2, 0), 32, []
        for channels in CHANNELS[:blocks]:
            halve = before != channels and channels < 256
            first = ConvNorm(before, channels, 3, 2, 0) if halve else ConvNorm(before, channels, 3)
            made.append(nn.ModuleList([first, ConvNorm(channels, channels, 3)]))
            before = channels
        self.blocks, self.heads = nn.ModuleList(made), Heads(before, dropout)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        x = (standardised(x) * DEVIATION + MEAN - GREY) / SPREAD
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = functional.relu(self.stem(x))
        x = halved(functional.max_pool2d(x, 2, 1)) if self.antialias else functional.max_pool2d(x, 3, 2)
        for first, second in self.blocks:
            halve = first.conv.stride[0] > 1
            y = functional.avg_pool2d(x, 2, 1) if halve and self.antialias else x
            y = second(functional.relu(first(y)))
            x = functional.avg_pool2d(x, 2, 2) if halve else x
            side, more = max(x.shape[2], y.shape[2]), y.shape[1] - x.shape[1]
            x = functional.pad(x, (0, side - x.shape[3], 0, side - x.shape[2], 0, more))
            x = functional.relu(x + functional.pad(y, (0, side - y.shape[3], 0, side - y.shape[2])))
        return x

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.heads(self.features(x))

    @torch.no_grad()
    def begin_with(self, weights: np.lib.npyio.NpzFile, faces: torch.Tensor) -> FaceResNet:
        """dlib's weights; each norm is set from what `faces` give there, so that the answers are dlib's."""
        self.eval()

        def of(key: str) -> torch.Tensor:
            return torch.tensor(weights[key].astype(np.float32), device=faces.device)

        layers = [("stem", self.stem)]
        layers += [(f"{i}.{j}", layer) for i, pair in enumerate(self.blocks) for j, layer in enumerate(pair)]
        for name, layer in layers:
            kernel, bias = of(f"{name}.w"), of(f"{name}.b")
            if name == "stem":
                means = torch.tensor([122.782, 117.001, 104.298], device=faces.device).view(1, 3, 1, 1)
                bias = bias + (kernel * ((GREY - means) / SPREAD)).sum((1, 2, 3))
                kernel = kernel.sum(1, keepdim=True)
            layer.conv.weight.copy_(kernel)
            given: list[torch.Tensor] = []
            hook = layer.conv.register_forward_hook(lambda _, __, out, given=given: given.append(out.float()))
            self.features(faces)
            hook.remove()
            mean, variance = given[0].mean((0, 2, 3)), given[0].var((0, 2, 3), unbiased=False)
            layer.norm.running_mean.copy_(mean)
            layer.norm.running_var.copy_(variance)
            layer.norm.weight.copy_(of(f"{name}.s") * torch.sqrt(variance + layer.norm.eps))
            layer.norm.bias.copy_((mean + bias) * of(f"{name}.s") + of(f"{name}.t"))
        return self.train()


MADE = {
    "first": lambda: FaceResNet(13, 0.35),
    "second": lambda: FaceResNet(13, 0.35),
    "residual": lambda: Residual(64, (64, 128, 256, 384), (2, 2, 2, 1), 5, 0.35),
    "third": lambda: FaceResNet(13, 0.2),
    "base": lambda: FaceResNet(10, 0.1),
    "g": lambda: FaceResNet(10, 0.1, antialias=False),
    "h": lambda: FaceResNet(10, 0.1),
    "nano": lambda: Residual(16, (16, 32, 64, 128), (1, 2, 2, 1), 3, 0.0),
}
"""Three teachers; a student as large as they are, two smaller ones; and those whose weights are kept here."""
