"""The right names of a fault: all that describe exactly the same numbers.

If a gradient is proportional to the parameters, too large a ridge is a factor; with two entries,
reversed is the same as swapped. The numbers at all points decide, not the names.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from gradient_faults import Fault
from jaxtyping import Float
from planting import factor_kind, vectors
from scenes import Scene

CLOSE = 1e-11
"""Largest difference of equal numbers, relative to the largest number."""


def others(
    scene: Scene,
    wrong: Float[np.ndarray, "p d"],
    planted: Sequence[tuple[Fault, np.ndarray]],
    terms: Sequence[Float[np.ndarray, "p d"]] = (),
) -> tuple[str, ...]:
    """Returns the other kinds that also name a wrong gradient correctly.

    Args:
        scene: The scene of the fault.
        wrong: The wrong gradient at every point.
        planted: The faults of the scene with their wrong gradients.
        terms: The gradient of each term of the objective.
    """
    kinds = [kind for f, values in planted if same(values, wrong) for kind in f.kinds]
    kinds += ["term"] if _spanned(wrong - scene.g, terms, wrong) else []
    return tuple(dict.fromkeys([*kinds, *_by_number(scene, wrong)]))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.all(np.abs(a - b) <= CLOSE * np.abs(b).max(initial=0.0)))


def _by_number(scene: Scene, wrong: np.ndarray) -> Iterator[str]:
    """Yields kinds if the gradient has a constant factor, or a constant times a term too much."""
    where = np.any(np.abs(wrong - scene.g) > CLOSE * np.abs(scene.g).max(), axis=0)
    c = proportion(wrong[:, where], scene.g[:, where])
    if c is not None:
        yield from factor_kind(c)
    for term in _terms(scene):
        if proportion((wrong - scene.g)[:, where], term[:, where]) is not None:
            yield "additive"
        if _combined(wrong[:, where], scene.g[:, where], term[:, where]):
            yield "factor and term"


def _terms(scene: Scene) -> Iterator[Float[np.ndarray, "p d"]]:
    """Yields the terms that a fault may add, NaN outside of their array."""
    yield from (np.ones_like(scene.x), scene.x, np.sign(scene.x))
    for _, span, values in vectors(scene):
        laid = np.full(scene.x.shape, np.nan)
        laid[:, span] = values
        yield laid


def _combined(wrong: np.ndarray, right: np.ndarray, term: np.ndarray) -> bool:
    """Returns whether wrong = c right + b term with two numbers, in at least four entries."""
    return bool(np.all(np.isfinite(term))) and _spanned(wrong, [right, term], wrong)


def _spanned(target: np.ndarray, parts: Sequence[np.ndarray], like: np.ndarray) -> bool:
    """Returns whether target is a linear combination of parts, with twice as many entries."""
    if not len(parts) or target.size < 2 * len(parts):
        return False
    columns = np.stack([part.reshape(-1) for part in parts], axis=1)
    factors = np.linalg.lstsq(columns, target.reshape(-1), rcond=None)[0]
    off = np.abs(columns @ factors - target.reshape(-1))
    return bool(np.all(off <= CLOSE * np.abs(like).max()))


def proportion(a: np.ndarray, b: np.ndarray) -> float | None:
    """Returns the number c with a = c b in at least two entries, or None."""
    if a.size < 2 or not np.all(np.isfinite(b)) or not np.any(b):
        return None
    c = float(np.vdot(a, b) / np.vdot(b, b))
    off = np.abs(a - c * b)
    if not np.all(off <= 1e2 * CLOSE * np.maximum(np.abs(a), np.abs(c * b)) + 1e-300):
        return None
    return next((known for known in (0.0, -1.0) if abs(c - known) < CLOSE), c)
