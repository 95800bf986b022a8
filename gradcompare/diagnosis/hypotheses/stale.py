"""A gradient at another point than its argument, or in single precision."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..._foundation.layout import indices
from ..._foundation.wording import short
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..terms.parts import Traced
from ._base import AbstractHypothesis

NEWTON_STEPS = 8
"""Number of steps of Newton's method; from 1e-3 away, five reach the last digit."""

MOST_MOVED = 128
"""Largest number of parameters for which a displacement of each is sought."""

NEARBY = 0.1
"""Largest distance of a nearby point, relative to x."""

NEWTON_BUDGET = 1e9
"""Number of operations for Newton's method before its last step: about a second of one core."""

FLAT_DIRECTION = 1e-7
"""Relative change of the gradient below which a direction is not moved along."""

TELLING = 3
"""Least number of entries that show single precision."""


class SinglePrecision(AbstractHypothesis):
    """a is r rounded to float32: every entry has 24 bits, and r has more."""

    rank: ClassVar = 12

    def explain(self, evidence: Evidence) -> Finding | None:
        where = evidence.usable & evidence.open
        a, r = evidence.analytic[where], evidence.reference[where]
        near = np.abs(a - r) <= 1e-3 * np.linalg.norm(r)
        longer = np.sum(a != r.astype(np.float32))
        if len(a) < TELLING or not np.all(near) or not np.array_equal(a, a.astype(np.float32)):
            return None
        if np.all(a == np.round(a, 3)) and longer:  # short numbers in any precision
            return None
        return Finding(
            "float32",
            "every entry of your gradient is a single-precision number",
            correction="compute in float64, or compare in float32 with dtype='float32'",
            coordinates=indices(evidence.open),
        )


class Stale(AbstractHypothesis):
    """a(x) = ∇f(x + δ), with δ from one rule at every point."""

    rank: ClassVar = 64

    def explain(self, evidence: Evidence) -> Finding | None:
        if len(evidence.x) < 2:
            return None
        for text, moved, adapted in _candidates(evidence):
            if moved is not None and _holds(evidence, moved, adapted):
                return Finding(
                    "stale",
                    f"your gradient is the gradient at another point: {text}",
                    correction="look for parameters kept from an earlier call, or changed",
                    coordinates=indices(evidence.open),
                )
        return None


def _candidates(
    evidence: Evidence,
) -> Iterator[tuple[str, Float[np.ndarray, "p d"] | None, int | None]]:
    """Yields candidates for the point in words, with the gradients there or None.

    The last is the point to which it was adapted, if it was.
    """
    for k, label in enumerate(evidence.labels):
        # A captured argument: the same gradient at every point, and the right one at its own.
        if np.any(evidence.wrong[k] & evidence.open):
            continue
        rows = np.broadcast_to(evidence.reference[k], evidence.reference.shape)
        yield f"{label}, whatever the argument", rows, k
    traced, x = evidence.traced, evidence.x
    if traced is None:
        return
    rounded = x.astype(np.float32).astype(np.float64)
    yield "x in single precision", _at(traced, rounded), None
    if not evidence.wrong[0].any():  # nothing there shows a displacement
        return
    # One number for all points: it is fitted at the first, and the others confirm it.
    for text, line in (("{} × x", x), ("x + {} in every entry", np.ones_like(x))):
        amounts = _fitted(evidence, traced, line[0][:, None])
        if amounts is not None:
            tau = float(amounts[0])
            amount = short(1 + tau, 6) if line is x else short(tau, 6)
            yield text.format(amount), _at(traced, x + tau * line), 0
    if evidence.d <= MOST_MOVED:
        delta = _fitted(evidence, traced, np.eye(evidence.d))
        if delta is not None:
            size = short(float(np.linalg.norm(delta)))
            yield f"x + δ, with the same δ at every point, ‖δ‖ = {size}", _at(traced, x + delta), 0


def _holds(evidence: Evidence, gradients: Float[np.ndarray, "p d"], adapted: int | None) -> bool:
    """Whether these equal the gradients under test at every point and in every entry."""
    same = evidence.same(gradients)
    # The point to which the displacement was adapted proves nothing.
    others = same & (np.arange(len(same)) != (-1 if adapted is None else adapted))[:, None]
    return bool(np.all(same | ~evidence.usable)) and evidence.convinces(
        others, 3 * evidence.reference_bar, len(same) + 4
    )


def _at(traced: Traced, x: Float[np.ndarray, "p d"]) -> Float[np.ndarray, "p d"]:
    return np.stack([traced.at(k, row) for k, row in enumerate(x)])


def _fitted(
    evidence: Evidence, traced: Traced, lines: Float[np.ndarray, "d k"]
) -> Float[np.ndarray, " k"] | None:
    """Returns t with ∇f(x + U t) ≈ a (least squares) at the first point, if that is nearby."""
    x, a = evidence.x[0], evidence.analytic[0]
    k = lines.shape[1]
    # A step takes 1 + 2k gradients: at t and on both sides along each line.
    steps = min(NEWTON_STEPS, 1 + int(NEWTON_BUDGET / (traced.cost * (1 + 2 * k))))
    t = _newton(lambda t: traced.at(0, x + lines @ t) - a, np.zeros(k), 1e-6, steps)
    if t is None or not np.linalg.norm(lines @ t) <= NEARBY * np.linalg.norm(x):
        return None
    return t


def _newton(
    residual: Callable[[np.ndarray], np.ndarray], start: np.ndarray, step: float, steps: int
) -> np.ndarray | None:
    """Returns the last iterate of the Gauss–Newton method, or None if it diverges.

    The Jacobian is that of central differences.
    """
    t = start
    for _ in range(steps):
        here = residual(t)
        with np.errstate(all="ignore"):
            sides = [(residual(t + h), residual(t - h)) for h in step * np.eye(len(t))]
            jacobian = np.stack([(up - down) / (2 * step) for up, down in sides], axis=1)
        if not (np.all(np.isfinite(jacobian)) and np.all(np.isfinite(here))):
            return None
        change = np.linalg.lstsq(jacobian, -here, rcond=FLAT_DIRECTION)[0]
        t = t + change
        if np.linalg.norm(change) <= 1e-13 * np.linalg.norm(t):
            break
    return t


HYPOTHESES = (SinglePrecision(), Stale())
