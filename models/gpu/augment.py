"""Disturbed views of faces on the GPU, with nothing that a CUDA graph cannot hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
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


MARGIN = 16
"""Pixels by which a face goes on beyond its crop where it is pasted into a picture."""
PHASES = 4


@dataclass(frozen=True)
class Moves:
    """How far a face is moved: degrees (a deviation), logarithms of the size, pixels."""

    views: float
    turn: float
    zoom: float
    shift: float
    stretch: float
    small: float = 0.2


@dataclass(frozen=True)
class Light:
    """The share of faces that each change is made to."""

    blur: float = 0.08
    sharpened: float = 0.15
    gamma: float = 0.3
    gamma_range: float = 0.5
    contrast: float = 0.2
    noise: float = 0.1
    jpeg: float = 0.15
    erase: float = 0.2


@dataclass(frozen=True)
class Place:
    """Where each pixel of a view comes from.

    framed: (N,) by the aligner's framing or not, and by which of those known; matrix, shift: (N, 2, 2) and
    (N, 2); pasted: (N,) into a picture, and into which; pixels: (N,) of the face in that picture, at most 48.
    """

    framed: torch.Tensor
    which: torch.Tensor
    matrix: torch.Tensor
    shift: torch.Tensor
    pasted: torch.Tensor
    behind: torch.Tensor
    pixels: torch.Tensor


def blurs() -> torch.Tensor:
    """(15, 48, 48): nothing, 12 blurs and 2 of the contrary, to be applied to rows and to columns."""
    at = np.arange(SIDE)
    matrices = [np.eye(SIDE)]
    for sigma in np.linspace(0.4, 1.6, 12):
        matrix = np.exp(-0.5 * ((at[:, None] - at[None]) / sigma) ** 2)
        matrices.append(matrix / matrix.sum(1, keepdims=True))
    matrices += [(1 + more) * matrices[0] - more * matrices[3] for more in (0.3, 0.6)]
    return torch.tensor(np.stack(matrices), dtype=torch.float32)


def resampling() -> tuple[torch.Tensor, torch.Tensor]:
    """(49 * PHASES, 48, 48) each: to a picture of so many pixels, and back.

    Row `pixels * PHASES + phase`. The picture lies in the corner of 48 pixels and its last pixel goes on.
    """
    down, up = np.zeros((2, 49, PHASES, SIDE, SIDE))
    at = np.arange(SIDE)
    down[:], up[:] = np.eye(SIDE), np.eye(SIDE)
    for pixels in range(8, SIDE):
        for phase in range(PHASES):
            part = phase / PHASES - 0.5
            step = SIDE / pixels
            centres = (np.minimum(at, pixels - 1) + 0.5 + part) * step - 0.5
            near = np.maximum(1 - np.abs(centres[:, None] - at[None]) / step, 0) + 1e-9
            down[pixels, phase] = near / near.sum(1, keepdims=True)
            wanted = np.clip((at + 0.5) / step - 0.5 - part, 0, pixels - 1)
            back = np.maximum(1 - np.abs(wanted[:, None] - at[None]), 0)
            up[pixels, phase] = back / back.sum(1, keepdims=True)
    return tuple(torch.tensor(each.reshape(-1, SIDE, SIDE), dtype=torch.float32) for each in (down, up))


def continued(faces: torch.Tensor) -> torch.Tensor:
    """(N, 80, 80) uint8: the faces with the continuation that `benchmarks/aligner.py` gives them."""
    at = torch.arange(-12.0, 13.0, device=faces.device)
    kernel = torch.exp(-0.5 * (at / 4) ** 2)
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1)
    done = []
    for part in faces.split(4096):
        whole = functional.pad(part.float().unsqueeze(1), (MARGIN,) * 4, mode="reflect")
        blurred = functional.conv2d(functional.pad(whole, (12, 12, 0, 0), mode="reflect"), kernel)
        blurred = functional.conv2d(
            functional.pad(blurred, (0, 0, 12, 12), mode="reflect"), kernel.transpose(2, 3)
        )
        blurred[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN] = part.float().unsqueeze(1)
        done.append(blurred[:, 0].round().clamp(0, 255).byte())
    return torch.cat(done)


def mask() -> torch.Tensor:
    """(1, 1, 80, 80): the share of the face where it is pasted."""
    at = np.arange(SIDE + 2 * MARGIN)
    inside = ((at >= MARGIN) & (at < SIDE + MARGIN)).astype(float)
    near = np.exp(-0.5 * ((at[:, None] - at[None]) / 4) ** 2) * (np.abs(at[:, None] - at[None]) <= 12)
    soft = (near / near[40].sum()) @ inside
    return torch.tensor(np.clip(2 * soft[:, None] * soft[None], 0, 1), dtype=torch.float32)[None, None]


def surroundings(scenes: np.ndarray, n: int = 4096) -> torch.Tensor:
    """(n, 48, 48) uint8: parts of pictures, of many sizes."""
    rng = np.random.default_rng(11)
    high, wide = scenes.shape[1:]
    parts = np.zeros((n, SIDE, SIDE), np.uint8)
    for row in range(n):
        side = int(np.exp(rng.uniform(np.log(8), np.log(72))))
        top, left = rng.integers(high - side), rng.integers(wide - side)
        part = scenes[rng.integers(len(scenes)), top : top + side, left : left + side]
        parts[row] = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return torch.tensor(parts)


class Augment:
    """Views of faces, (N, 48, 48) uint8.

    framing: (N, R, 2, 3) from the aligned face to the crop; framed: (N,) whether there is one; scenes:
    (S, H, W) uint8, what may lie around a face.
    """

    def __init__(
        self, faces: torch.Tensor, framing: torch.Tensor, framed: torch.Tensor, scenes: np.ndarray
    ) -> None:
        self.faces, self.framing, self.framed, self.device = faces, framing, framed, faces.device
        self.identity = torch.eye(2, 3, device=self.device)[None]
        self.blurs = blurs().to(self.device)
        self.down, self.up = (each.to(self.device) for each in resampling())
        self.patches, self.mask = continued(faces), mask().to(self.device)
        self.scenes = surroundings(scenes).to(self.device)
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
        pixels = torch.exp(self.uniform(n, math.log(14), math.log(44)))
        return Place(
            framed=framed,
            which=torch.randint(self.framing.shape[1], (n,), device=self.device),
            matrix=matrix.view(n, 2, 2),
            shift=shift,
            pasted=framed & self.chosen(n, 0.65),
            behind=torch.randint(len(self.scenes), (n,), device=self.device),
            pixels=torch.where(self.chosen(n, by.small), pixels, torch.full_like(pixels, 48)),
        )

    def nearby(self, place: Place, turn: float = 3.0, zoom: float = 0.03, shift: float = 1.5) -> Place:
        """The same faces, moved a little further, as in the next picture of a video."""
        n = len(place.framed)
        angle = self.uniform(n, -turn, turn) * math.pi / 180
        size = torch.exp(self.uniform(n, -zoom, zoom))
        cos, sin = angle.cos() / size, angle.sin() / size
        matrix = torch.stack([cos, sin, -sin, cos], 1).view(n, 2, 2)
        step = torch.stack([self.uniform(n, -shift, shift) for _ in range(2)], 1)
        return replace(
            place,
            matrix=place.matrix @ matrix,
            shift=place.shift + (place.matrix @ step[:, :, None])[:, :, 0],
            pixels=place.pixels * torch.where(place.pixels < SIDE, self.uniform(n, 0.93, 1.07), 1.0),
        )

    def otherwise(self, rows: torch.Tensor, place: Place, share: float) -> Place:
        """A share of the faces by another framing: the crop and the aligned face in turn."""
        changed = self.chosen(len(rows), share) & self.framed[rows]
        framed = place.framed ^ changed
        return replace(place, framed=framed, pasted=place.pasted & framed)

    def seen(self, rows: torch.Tensor, place: Place) -> torch.Tensor:
        """(N, 1, 48, 48) float32, 0 to 255."""
        n, centre = len(rows), (SIDE - 1) / 2
        across, down = self.columns.reshape(1, -1) - centre, self.rows.reshape(1, -1) - centre
        matrix, shift = place.matrix, place.shift
        x = matrix[:, 0, 0, None] * across + matrix[:, 0, 1, None] * down + shift[:, 0, None] + centre
        y = matrix[:, 1, 0, None] * across + matrix[:, 1, 1, None] * down + shift[:, 1, None] + centre
        framing = torch.where(place.framed[:, None, None], self.framing[rows, place.which], self.identity)
        column = framing[:, 0, 0, None] * x + framing[:, 0, 1, None] * y + framing[:, 0, 2, None]
        row = framing[:, 1, 0, None] * x + framing[:, 1, 1, None] * y + framing[:, 1, 2, None]
        last, pasted = SIDE - 1, place.pasted[:, None]
        outside = (column < -0.5) | (column > last + 0.5) | (row < -0.5) | (row > last + 0.5)
        column = torch.where(pasted, column, column.clamp(0, last))
        row = torch.where(pasted, row, row.clamp(0, last))
        grid = (torch.stack([column, row], 2).view(n, SIDE, SIDE, 2) + MARGIN) * (2 / (last + 2 * MARGIN)) - 1
        pictures = self.patches[rows].float().unsqueeze(1)
        drawn = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=True)
        share = functional.grid_sample(
            self.mask.expand(n, -1, -1, -1), grid, padding_mode="zeros", align_corners=True
        )
        scene = self.scenes[place.behind].float().unsqueeze(1)
        into = pasted[:, :, None, None]
        grey = self.uniform(n, 0, 255)[:, None, None, None]
        filled = outside.view(n, 1, SIDE, SIDE) & self.chosen(n, 0.4)[:, None, None, None] & ~into
        return torch.where(into, scene * (1 - share) + drawn * share, torch.where(filled, grey, drawn))

    def photographed(self, x: torch.Tensor, place: Place, by: Light) -> torch.Tensor:
        n = len(x)
        drawn = torch.rand(n, device=self.device)
        sharpened = torch.where(
            drawn > 1 - by.sharpened, self.uniform(n, 13, 14.999), torch.zeros_like(drawn)
        )
        which = torch.where(drawn < by.blur, self.uniform(n, 1, 12.999), sharpened)
        blur = self.blurs[which.long()]
        x = (blur @ x[:, 0] @ blur.transpose(1, 2)).unsqueeze(1)
        pixels = place.pixels.round().clamp(8, SIDE).long() * PHASES
        rows, columns = (pixels + torch.randint(PHASES, (n,), device=self.device) for _ in range(2))
        x = (self.down[rows] @ x[:, 0] @ self.down[columns].transpose(1, 2)).unsqueeze(1)
        x = torch.where(self.chosen(n, by.jpeg)[:, None, None, None], self._compressed(x), x)
        x = (self.up[rows] @ x[:, 0] @ self.up[columns].transpose(1, 2)).unsqueeze(1)
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
        return torch.where(self._erased(n, by.erase), self.uniform(n, 0, 255)[:, None, None, None], x)

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
