"""Faults of evaluation: the right formula with other numbers, or only in a part of the space."""

import jax
import numpy as np
from planting import Made, batch_rows
from scenes import Change, Scene

STALE = 1e-3
"""How far off a point is at which the gradient was taken instead."""


def samples(scene: Scene) -> Made:
    """The gradient over a part of the batch, where two arrays of the data share their rows."""
    rows = batch_rows(scene)
    shared = [a for a in scene.data.values() if a.ndim and a.shape[0] == rows]
    if len(shared) < 2 or rows < 3:
        return

    def batch(part):
        def cut(leaf):
            array = np.asarray(leaf)
            return array[part] if array.ndim and array.shape[0] == rows else leaf

        return lambda row: scene.gradient(row.x, jax.tree.map(cut, row.data))

    if not _adds_up(batch, scene.spots[0][0]):
        return
    chosen = {
        "only the first sample": [0],
        "only the last sample": [-1],
        "the first sample for all": [0] * rows,
    }
    for name, part in chosen.items():
        change = batch(part)
        if works(scene, change):
            yield name, ("sample",), change


def _adds_up(batch, row) -> bool:
    """Whether the objective is a sum or a mean over the rows, but for what has none."""
    try:
        parts = [batch(slice(a, b))(row) for a, b in ((0, 3), (1, 2), (0, 2), (1, 3))]
    except Exception:
        return False
    scale = max(np.abs(part).max() for part in parts)
    weighted = [np.array([1, 1, -1, -1]), np.array([3, 1, -2, -2])]
    return any(np.abs(w @ np.stack(parts)).max() <= 1e-9 * scale for w in weighted)


def works(scene: Scene, change: Change) -> bool:
    """Whether the objective can be evaluated so."""
    row = scene.spots[0][0]
    try:
        found = change(row)
    except Exception:
        return False
    return found.shape == row.g.shape and bool(np.all(np.isfinite(found)))


def rounded(scene: Scene) -> Made:
    def narrow(row):
        return scene.gradient(row.x, row.data, np.dtype(np.float32))

    if works(scene, narrow):
        yield "evaluated in float32", ("float32",), narrow
    yield (
        "rounded to float32",
        ("float32",),
        lambda row: row.g.astype(np.float32).astype(np.float64),
    )


def stale(scene: Scene) -> Made:
    typical = np.median(np.abs(scene.x))
    drawn = np.random.default_rng(scene.d).standard_normal(scene.d)
    lower, upper = scene.problems[0].bounds
    moves = {
        "at theta + a constant": lambda x: x + STALE * typical,
        "at theta x (1+1e-3)": lambda x: x * (1 + STALE),
        "at a point nearby": lambda x: x + STALE * typical * drawn,
        "at theta in float32": lambda x: x.astype(np.float32).astype(np.float64),
        "at the first point always": lambda x: scene.x[0],
    }
    for name, move in moves.items():

        def change(row, move=move):
            return scene.gradient(np.clip(move(row.x), lower, upper), row.data)

        yield name, ("stale",), change


def regime(scene: Scene) -> Made:
    """What holds there is a factor: a finding that says where it holds may be called so."""
    size = np.median(np.abs(scene.x))
    i, _ = scene.pair
    middle = np.sort(scene.x[:, i])[len(scene.x) // 2]
    yield (
        "doubled where |theta| is large",
        ("regime", "factor"),
        lambda row: np.where(np.abs(row.x) > size, 2 * row.g, row.g),
    )
    yield (
        "wrong sign where theta is negative",
        ("regime", "sign", "chain factor"),  # the factor is sign(theta)
        lambda row: np.where(row.x < 0, -row.g, row.g),
    )
    yield (
        "doubled where one parameter is large",
        ("regime", "factor"),
        lambda row: (1 + (row.x[i] >= middle)) * row.g,
    )


ELSEWHERE = {"sample": samples, "float32": rounded, "stale": stale, "regime": regime}
