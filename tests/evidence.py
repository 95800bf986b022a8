"""Evidence for a diagnosis made by hand: a reference, and what a fault makes of it."""

from collections.abc import Callable

import numpy as np

from gradcompare.diagnosis.evidence.data import Evidence, Leaf

PATHS, SHAPES = ("w", "v", "M", "s"), ((5,), (5,), (3, 3), ())
W, V, M, S = slice(0, 5), slice(5, 10), slice(10, 19), slice(19, 20)
D = 20

SCALE = np.array([0.3, 1.7, 2.9, 0.8, 1.3])
DATA = {"X": np.ones((11, 7)), "lam": np.array(0.37), "scale": SCALE, "rows": SCALE[:3]}

Fault = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From the reference and the parameters, both flat, to the gradient that is wrong."""


def made(
    fault: Fault, *, points: int = 3, bar: float = 1e-14, seed: int = 0, noise: bool = True, x=None
) -> Evidence:
    """Evidence with bars relative to each entry; `noise` moves the reference by half a bar."""
    rng = np.random.default_rng(seed)
    drawn = rng.uniform(0.3, 2.0, (points, D)) * rng.choice([-1.0, 1.0], (points, D))
    x = drawn if x is None else x
    reference = rng.standard_normal((points, D)) * np.exp(rng.standard_normal(D))
    analytic = np.stack([fault(r.copy(), p) for r, p in zip(reference, x, strict=True)])
    bars = bar * np.abs(reference)
    reference = reference + noise * bars * rng.uniform(-0.5, 0.5, bars.shape)
    return Evidence(
        labels=tuple(f"point {number}" for number in range(points)),
        x=x,
        analytic=analytic,
        analytic_bar=1e-15 * np.abs(analytic),
        reference=reference,
        reference_bar=bars,
        usable=np.ones(x.shape, bool),
        slight=np.zeros(x.shape, bool),
        paths=PATHS,
        shapes=SHAPES,
        data=tuple(Leaf(name, np.shape(a), values=a) for name, a in DATA.items()),
    )


def on(part: slice | int, change: Callable) -> Fault:
    """The fault that changes a part of the gradient: `change(r, θ)` of that part."""

    def fault(r, x):
        r[part] = change(r[part], x[part])
        return r

    return fault


def both(*faults: Fault) -> Fault:
    """One fault after another."""

    def fault(r, x):
        for each in faults:
            r = each(r, x)
        return r

    return fault


def matrix(change: Callable) -> Fault:
    """The fault that changes the matrix M of the gradient."""
    return on(M, lambda r, x: change(r.reshape(3, 3)).reshape(-1))
