"""Faults of evaluation: the right formula at other numbers, or a fault in part of the space."""

import jax
import numpy as np
from planting import Made, batch_rows
from scenes import Change, Scene

STALE = 1e-3
"""Relative distance of the wrong point at which a stale gradient is evaluated."""


def samples(scene: Scene) -> Made:
    """Yields gradients of a part of the batch, if the objective is a sum or a mean over it."""
    rows = batch_rows(scene)
    if rows < 3:
        return

    def batch(part):
        def cut(leaf):
            array = np.asarray(leaf)
            return array[part] if array.ndim and array.shape[0] == rows else leaf

        return lambda row: scene.gradient(row.x, jax.tree.map(cut, row.data))

    if not _adds_up(batch, scene.spots[0][0], rows):
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


def _adds_up(batch, row, rows: int) -> bool:
    """Returns whether the objective is a sum or a mean over the rows, plus terms without rows."""
    return all(_three_add_up(batch, row, start) for start in (0, rows - 3))


def _three_add_up(batch, row, start: int) -> bool:
    """Returns whether three rows and the middle one add up to the two pairs of neighbours."""
    spans = ((0, 3), (1, 2), (0, 2), (1, 3))
    try:
        parts = np.stack([batch(slice(start + a, start + b))(row) for a, b in spans])
    except Exception:
        return False
    allowed = 1e-9 * np.abs(parts).max()
    weighted = [np.array([1, 1, -1, -1]), np.array([3, 1, -2, -2])]
    return bool(allowed > 0) and any(np.abs(w @ parts).max() <= allowed for w in weighted)


def works(scene: Scene, change: Change) -> bool:
    """Returns whether the changed gradient can be evaluated."""
    row = scene.spots[0][0]
    try:
        gradient = change(row)
    except Exception:
        return False
    return gradient.shape == row.g.shape and bool(np.all(np.isfinite(gradient)))


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
    """Yields factors in a part of the space; a finding that says where may call them factors."""
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
