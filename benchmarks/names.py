"""By which names a fault may go: those that describe the very same numbers are all right.

Where a gradient is proportional to the parameters, too much of a ridge is a factor; in two
entries, reversed is swapped. It is decided by the numbers at all points, not by the names.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from gradient_faults import Fault
from jaxtyping import Float
from planting import factor_kind, vectors
from scenes import Scene

CLOSE = 1e-11
"""Numbers closer than that, relative to the largest, are the same."""


def others(
    scene: Scene,
    wrong: Float[np.ndarray, "p d"],
    planted: Sequence[tuple[Fault, np.ndarray]],
    terms: Sequence[Float[np.ndarray, "p d"]] = (),
) -> tuple[str, ...]:
    """The kinds that name a wrong gradient as well as that of its own fault.

    Args:
        scene: Where it was planted.
        wrong: The wrong gradient at every point.
        planted: The faults of the scene with what they make of the gradient.
        terms: The gradient of each term of the objective.
    """
    found = [kind for f, values in planted if same(values, wrong) for kind in f.kinds]
    found += ["term"] if _spanned(wrong - scene.g, terms, wrong) else []
    return tuple(dict.fromkeys([*found, *_by_number(scene, wrong)]))


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.all(np.abs(a - b) <= CLOSE * np.abs(b).max(initial=0.0)))


def _by_number(scene: Scene, wrong: np.ndarray) -> Iterator[str]:
    """Whether it is a constant times the right one, or a constant times something too much."""
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
    """What may be added, NaN where it does not apply."""
    yield from (np.ones_like(scene.x), scene.x, np.sign(scene.x))
    for _, span, values in vectors(scene):
        laid = np.full(scene.x.shape, np.nan)
        laid[:, span] = values
        yield laid


def _combined(wrong: np.ndarray, right: np.ndarray, term: np.ndarray) -> bool:
    """Whether wrong = c right + b term with two numbers, in at least four entries."""
    return bool(np.all(np.isfinite(term))) and _spanned(wrong, [right, term], wrong)


def _spanned(target: np.ndarray, parts: Sequence[np.ndarray], like: np.ndarray) -> bool:
    """Whether target is a sum of multiples of the parts, in at least twice as many entries."""
    if not len(parts) or target.size < 2 * len(parts):
        return False
    columns = np.stack([part.reshape(-1) for part in parts], axis=1)
    found = np.linalg.lstsq(columns, target.reshape(-1), rcond=None)[0]
    off = np.abs(columns @ found - target.reshape(-1))
    return bool(np.all(off <= CLOSE * np.abs(like).max()))


def proportion(a: np.ndarray, b: np.ndarray) -> float | None:
    """The number c with a = c b in at least two entries, if there is one."""
    if a.size < 2 or not np.all(np.isfinite(b)) or not np.any(b):
        return None
    c = float(np.vdot(a, b) / np.vdot(b, b))
    off = np.abs(a - c * b)
    if not np.all(off <= 1e2 * CLOSE * np.maximum(np.abs(a), np.abs(c * b)) + 1e-300):
        return None
    return next((known for known in (0.0, -1.0) if abs(c - known) < CLOSE), c)
