"""Who is who: the cheapest one-to-one matching of two small sets."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["assign"]


def assign(cost: npt.NDArray[np.floating]) -> list[tuple[int, int]]:
    """Pairs (row, column) of the matching with the most pairs and, among those, the least cost.

    cost: (N, M); `inf` forbids a pair.  Sorted by row.  The Hungarian method with potentials, O(n^3),
    by shortest augmenting paths (R. Jonker and A. Volgenant 1987): ample for the faces of a frame.
    """
    rows, columns = cost.shape
    if not rows or not columns:
        return []
    allowed = np.isfinite(cost)
    if not allowed.any():
        return []
    # A forbidden pair costs more than all allowed ones together, so that it is taken only when no
    # allowed pair is left for either; it is then removed.
    low = float(cost[allowed].min())
    forbidden = (float(cost[allowed].max()) - low + 1) * (min(rows, columns) + 1)
    filled = np.where(allowed, cost - low, forbidden)
    matrix = filled.T.tolist() if rows > columns else filled.tolist()
    pairs = _shortest_paths(matrix)
    if rows > columns:
        pairs = [(row, column) for column, row in pairs]
    return sorted(pair for pair in pairs if allowed[pair])


def _shortest_paths(cost: list[list[float]]) -> list[tuple[int, int]]:
    """The cheapest matching of every row; there are at least as many columns as rows."""
    n, m = len(cost), len(cost[0])
    row_potential, column_potential = [0.0] * n, [0.0] * (m + 1)
    # The last entry stands for a column that does not exist, where each path begins.
    owner = [-1] * (m + 1)
    for row in range(n):
        owner[m] = row
        distance, origin, visited = [math.inf] * m, [m] * m, [False] * (m + 1)
        column = m
        while owner[column] >= 0:
            visited[column] = True
            current = owner[column]
            nearest, step = -1, math.inf
            for j in range(m):
                if visited[j]:
                    continue
                reduced = cost[current][j] - row_potential[current] - column_potential[j]
                if reduced < distance[j]:
                    distance[j], origin[j] = reduced, column
                if distance[j] < step:
                    nearest, step = j, distance[j]
            for j in range(m + 1):
                if visited[j]:
                    row_potential[owner[j]] += step
                    column_potential[j] -= step
                elif j < m:
                    distance[j] -= step
            column = nearest
        while column != m:
            owner[column] = owner[origin[column]]
            column = origin[column]
        owner[m] = -1
    return [(owner[j], j) for j in range(m) if owner[j] >= 0]
