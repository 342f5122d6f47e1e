"""Disturbed views of faces on the GPU, with nothing that a CUDA graph cannot hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

SIDE = 48
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""Quantisation of luminance at quality 50, ITU-T T.81, table K.1."""


@dataclass(frozen=True)
class Moves:
    """How far a face is moved: degrees (a deviation), logarithms of the size, pixels."""

    views: float
    turn: float
    zoom: float
    shift: float
    stretch: float


@dataclass(frozen=True)
class Light:
    """The share of faces that each change is made to."""

    blur: float = 0.08
    small: float = 0.12
    gamma: float = 0.3
    gamma_range: float = 0.5
    contrast: float = 0.2
    noise: float = 0.1
    jpeg: float = 0.15
    erase: float = 0.2


@dataclass(frozen=True)
class Place:
    """Where each pixel of a view comes from: (N,) by the aligner's framing or not, (N, 2, 2) and (N, 2)."""

    framed: torch.Tensor
    matrix: torch.Tensor
    shift: torch.Tensor


def resampling() -> torch.Tensor:
    """(33, 48, 48): nothing, 12 blurs, 20 losses of resolution, to be applied to rows and to columns."""
    at = np.arange(SIDE)
    matrices = [np.eye(SIDE)]
    for sigma in np.linspace(0.4, 1.6, 12):
        matrix = np.exp(-0.5 * ((at[:, None] - at[None]) / sigma) ** 2)
        matrices.append(matrix / matrix.sum(1, keepdims=True))
    for pixels in np.linspace(16, 44, 20).astype(int).tolist():
        every, few = torch.eye(SIDE)[None, :, :, None], torch.eye(pixels)[None, :, :, None]
        down = functional.interpolate(
            every, (pixels, 1), mode="bilinear", align_corners=False, antialias=True
        )
        up = functional.interpolate(few, (SIDE, 1), mode="bilinear", align_corners=False)
        matrices.append((up[0, :, :, 0].T @ down[0, :, :, 0].T).numpy())
    return torch.tensor(np.stack(matrices), dtype=torch.float32)


class Augment:
    """faces: (N, 48, 48) uint8; framing: (N, 2, 3) from the aligned face to the crop; framed: (N,) known."""

    def __init__(self, faces: torch.Tensor, framing: torch.Tensor, framed: torch.Tensor) -> None:
        self.faces, self.framing, self.framed, self.device = faces, framing, framed, faces.device
        self.identity = torch.eye(2, 3, device=self.device)[None]
        self.matrices = resampling().to(self.device)
        grid = torch.arange(float(SIDE), device=self.device)
        self.rows, self.columns = torch.meshgrid(grid, grid, indexing="ij")
        k = torch.arange(8.0)
        cosines = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) * 0.5
        cosines[0] *= math.sqrt(0.5)
        self.cosines = cosines.to(self.device)
        self.luminance = torch.tensor(LUMINANCE, dtype=torch.float32, device=self.device)

    def uniform(self, n: int, low: float, high: float) -> torch.Tensor:
        return torch.rand(n, device=self.device) * (high - low) + low

    def chosen(self, n: int, share: float) -> torch.Tensor:
        return torch.rand(n, device=self.device) < share

    def place(self, rows: torch.Tensor, by: Moves) -> Place:
        n = len(rows)
        framed = self.chosen(n, by.views) & self.framed[rows]
        part = torch.where(framed, 0.5, 1.0)  # the framing moves them already
        turn = (torch.randn(n, device=self.device) * by.turn).clamp(-25, 25) * part * math.pi / 180
        zoom = torch.exp(self.uniform(n, -by.zoom, by.zoom) * part)
        stretch = torch.exp(self.uniform(n, -by.stretch, by.stretch))
        mirror = torch.where(self.chosen(n, 0.5), -1.0, 1.0)
        cos, sin = turn.cos() / zoom, turn.sin() / zoom
        matrix = torch.stack(
            [mirror * cos / stretch, mirror * sin / stretch, -sin * stretch, cos * stretch], 1
        )
        shift = torch.stack([self.uniform(n, -by.shift, by.shift) * part for _ in range(2)], 1)
        return Place(framed, matrix.view(n, 2, 2), shift)

    def nearby(self, place: Place, turn: float = 3.0, zoom: float = 0.03, shift: float = 1.5) -> Place:
        """The same faces, moved a little further."""
        n = len(place.framed)
        angle = self.uniform(n, -turn, turn) * math.pi / 180
        size = torch.exp(self.uniform(n, -zoom, zoom))
        cos, sin = angle.cos() / size, angle.sin() / size
        matrix = torch.stack([cos, sin, -sin, cos], 1).view(n, 2, 2)
        step = torch.stack([self.uniform(n, -shift, shift) for _ in range(2)], 1)
        return Place(
            place.framed,
            place.matrix @ matrix,
            place.shift + (place.matrix @ step[:, :, None])[:, :, 0],
        )

    def seen(self, rows: torch.Tensor, place: Place) -> torch.Tensor:
        """(N, 1, 48, 48) float32, 0 to 255."""
        n, centre = len(rows), (SIDE - 1) / 2
        across, down = self.columns.reshape(1, -1) - centre, self.rows.reshape(1, -1) - centre
        matrix, shift = place.matrix, place.shift
        x = matrix[:, 0, 0, None] * across + matrix[:, 0, 1, None] * down + shift[:, 0, None] + centre
        y = matrix[:, 1, 0, None] * across + matrix[:, 1, 1, None] * down + shift[:, 1, None] + centre
        framing = torch.where(place.framed[:, None, None], self.framing[rows], self.identity)
        column = framing[:, 0, 0, None] * x + framing[:, 0, 1, None] * y + framing[:, 0, 2, None]
        row = framing[:, 1, 0, None] * x + framing[:, 1, 1, None] * y + framing[:, 1, 2, None]
        grid = torch.stack([column, row], 2).view(n, SIDE, SIDE, 2) * (2 / (SIDE - 1)) - 1
        pictures = self.faces[rows].float().unsqueeze(1)
        drawn = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=True)
        last = SIDE - 0.5
        outside = (column < -0.5) | (column > last) | (row < -0.5) | (row > last)
        grey = self.uniform(n, 0, 255)[:, None, None, None]
        filled = outside.view(n, 1, SIDE, SIDE) & self.chosen(n, 0.4)[:, None, None, None]
        return torch.where(filled, grey, drawn)

    def photographed(self, x: torch.Tensor, by: Light) -> torch.Tensor:
        n = len(x)
        x = self._resampled(x, by)
        flat = torch.ones(n, device=self.device)
        gamma = torch.exp(self.uniform(n, -by.gamma_range, by.gamma_range))
        exponent = torch.where(self.chosen(n, by.gamma), gamma, flat)[:, None, None, None]
        x = 255 * (x / 255).clamp(1e-4, 1).pow(exponent)
        contrast = torch.where(self.chosen(n, by.contrast), torch.exp(self.uniform(n, -0.4, 0.2)), flat)
        brighter = torch.where(self.chosen(n, by.contrast), self.uniform(n, -30, 30), 0 * flat)
        mean = x.mean((1, 2, 3), keepdim=True)
        x = mean + contrast[:, None, None, None] * (x - mean) + brighter[:, None, None, None]
        sigma = torch.where(self.chosen(n, by.noise), self.uniform(n, 2, 12), 0 * flat)
        x = (x + sigma[:, None, None, None] * torch.randn_like(x)).clamp(0, 255)
        x = torch.where(self.chosen(n, by.jpeg)[:, None, None, None], self._compressed(x), x)
        return torch.where(self._erased(n, by.erase), self.uniform(n, 0, 255)[:, None, None, None], x)

    def _resampled(self, x: torch.Tensor, by: Light) -> torch.Tensor:
        n = len(x)
        drawn = torch.rand(n, device=self.device)
        small = torch.where(drawn < by.blur + by.small, self.uniform(n, 13, 32.999), 0 * drawn)
        which = torch.where(drawn < by.blur, self.uniform(n, 1, 12.999), small).long()
        matrix = self.matrices[which]
        return (matrix @ x[:, 0] @ matrix.transpose(1, 2)).unsqueeze(1)

    def _compressed(self, x: torch.Tensor) -> torch.Tensor:
        """As JPEG of quality 15 to 80 leaves it."""
        n, cosines = len(x), self.cosines
        quality = self.uniform(n, 15, 80)
        scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)[:, None, None, None, None]
        steps = (self.luminance * scale).clamp(1, 255)
        blocks = x.view(n, 6, 8, 6, 8).permute(0, 1, 3, 2, 4) - 128
        kept = torch.round((cosines @ blocks @ cosines.T) / steps) * steps
        back = (cosines.T @ kept @ cosines + 128).permute(0, 1, 3, 2, 4)
        return back.reshape(n, 1, SIDE, SIDE).clamp(0, 255)

    def _erased(self, n: int, share: float) -> torch.Tensor:
        height, width = self.uniform(n, 6, 18)[:, None, None], self.uniform(n, 6, 18)[:, None, None]
        top = self.uniform(n, 0, 1)[:, None, None] * (SIDE - height)
        left = self.uniform(n, 0, 1)[:, None, None] * (SIDE - width)
        inside = (self.rows >= top) & (self.rows < top + height)
        inside = inside & (self.columns >= left) & (self.columns < left + width)
        return (inside & self.chosen(n, share)[:, None, None])[:, None]
