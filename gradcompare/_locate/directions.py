"""Random directions in which many coordinates move at once, with the probability of a miss.

The entries of a direction are uᵢ = wᵢ sᵢ. The reach wᵢ is a sensible distance for coordinate i;
sᵢ = ±r has a random sign, and r is uniform in [1, 2). With errors eᵢ of the gradient and
aᵢ = eᵢ wᵢ, the mismatch along u is Σ aᵢ sᵢ, and a test detects it above a threshold τ.

A single error with |aᵢ| > τ is always detected, because |sᵢ| ≥ 1. Several errors can hide each
other. Let |a₁| > τ be the largest and c the sum of the others. The values c ± |a₁| r lie in two
intervals of length |a₁| that are 2 |a₁| > 2τ apart. So [−τ, τ] meets only one of them, and
covers at most 2τ of its length:

    P(missed) ≤ min(1/2, τ/|a₁|),

and the r-th power of that in r tests with independent directions. The 1/2 is the starting point
of J. E. Littlewood and A. C. Offord (1943), and of P. Erdős (Bull. Am. Math. Soc. 51 (1945),
pp. 898–902), for random signs alone. With signs alone it stays 1/2, however large the errors
are: two errors of equal size cancel in every second test. The random sizes make the probability
fall with the size of the errors.

A coordinate at a bound can only move inwards. There sᵢ = 3 ± r: its two intervals are equally
far apart, so the same bound holds.

A sensible reach is about |xᵢ| where the coordinates of one array have different scales; but then
a coordinate that is tiny by chance hardly moves. The alternative is at least the typical size in
its array. Which is better depends on the function, so there are directions of both kinds, and
the better one counts for each coordinate. Coordinates at zero, where kinks are, form a family of
their own: along a kink every value between the one-sided derivatives passes, so a direction that
contains them would show nothing about the others either.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from .._evaluation.evaluator import Evaluator
from ..methods._extrapolation.lines import NARROW, RATIO, coordinate_scale

INWARD = 3.0
"""Centre of sᵢ at a bound: then sᵢ ≥ 1, and the gap between its two intervals is 2."""


@dataclass(frozen=True, eq=False)
class Family:
    """Coordinates that move together, and how far.

    Attributes:
        members: The numbers of the coordinates.
        reach: wᵢ for each of them.
        inward: 1 or −1 where a coordinate can move to that side only, else 0.
    """

    members: Int[np.ndarray, " n"]
    reach: Float[np.ndarray, " n"]
    inward: Float[np.ndarray, " n"]

    def draw(self, rng: np.random.Generator) -> Float[np.ndarray, " n"]:
        """Draws the entries of a direction for the members."""
        signs = rng.choice([-1.0, 1.0], size=self.reach.shape)
        sizes = signs * rng.uniform(1.0, 2.0, size=self.reach.shape)
        return self.reach * (INWARD * self.inward + sizes)

    def without(self, coordinates: list[int]) -> "Family":
        """Returns the family without some coordinates."""
        kept = ~np.isin(self.members, coordinates)
        return Family(self.members[kept], self.reach[kept], self.inward[kept])


def families(evaluator: Evaluator, leave_out: list[int]) -> list[Family]:
    """Returns the families of all coordinates that can move, except those to leave out."""
    x, (lower, upper) = evaluator.x, evaluator.problem.bounds
    own = coordinate_scale(evaluator)
    # The ladder needs room on both sides; with less, a coordinate counts as at its bound.
    narrow, wide = np.minimum(x - lower, upper - x), np.maximum(x - lower, upper - x)
    ended = narrow < own * RATIO**-NARROW
    middle = np.zeros_like(x)
    typical = np.maximum(own, _typical(evaluator, own))
    inward = np.where(upper - x > x - lower, 1.0, -1.0)
    moving = ~ended & (x != 0)
    candidates = [_family(moving, np.minimum(own, narrow), middle)]
    if np.any((typical > own)[moving]):
        candidates.append(_family(moving, np.minimum(typical, narrow), middle))
    candidates.append(_family(~ended & (x == 0), np.minimum(own, narrow), middle))
    candidates.append(_family(ended & (wide > 0), np.minimum(own, wide), inward))
    remaining = [family.without(leave_out) for family in candidates]
    return [family for family in remaining if family.members.size]


def _family(
    which: Bool[np.ndarray, " d"], reach: Float[np.ndarray, " d"], inward: Float[np.ndarray, " d"]
) -> Family:
    return Family(np.flatnonzero(which), reach[which], inward[which])


def _typical(evaluator: Evaluator, own: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
    """Returns, for each coordinate, the median scale in its array."""
    typical = np.empty_like(own)
    for start, stop in itertools.pairwise(evaluator.problem.layout.offsets):
        typical[start:stop] = np.median(own[start:stop]) if stop > start else 1.0
    return typical
