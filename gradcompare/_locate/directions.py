"""Directions drawn at random in which many coordinates move at once, and why they are such.

The entries of a direction are uᵢ = wᵢ sᵢ: wᵢ says how far coordinate i can be moved sensibly,
and sᵢ is drawn, ±r with a random sign and r uniform in [1, 2). With errors eᵢ of the gradient,
aᵢ = eᵢ wᵢ, the mismatch along u is Σ aᵢ sᵢ, and a test sees it above a threshold τ.

One error alone is seen if |aᵢ| > τ, with certainty, as |sᵢ| ≥ 1. Several can hide each other.
Let |a₁| > τ be the largest and c what the others add up to. The two intervals of c ± |a₁| r
are 2 |a₁| > 2τ apart, so [−τ, τ] meets one of them only, and covers at most 2τ of the |a₁| it
is long:

    P(missed) ≤ min(1/2, τ/|a₁|),

in r tests with directions of their own the r-th power of that. The 1/2 is what J. E. Littlewood
and A. C. Offord (1943), and P. Erdős (Bull. Am. Math. Soc. 51 (1945), pp. 898–902), start from
for signs alone. With signs alone it stays 1/2, however large the errors are: two of equal size
cancel each other in every second test. The random sizes make it fall with the size of the errors.

A coordinate at a bound can move inwards only: there sᵢ = 3 ± r, whose two intervals are as far
apart, so that the same holds.

How far is sensible: about |xᵢ| where the coordinates of one array are of different scales, and
then those that are tiny by chance are hardly moved at all; or at least as far as is typical of
their array. Which is better depends on the function, so there are directions of both kinds, and
for each coordinate the better one counts. Coordinates at zero, where kinks are, move by
themselves: along a kink every value between the one-sided derivatives passes, and with all of
them in it, a direction would show nothing about the others either.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from .._evaluation.evaluator import Evaluator
from ..methods._extrapolation.lines import NARROW, RATIO, coordinate_scale

INWARD = 3.0
"""The middle of sᵢ at a bound: with it, 1 ≤ sᵢ and the two intervals are 2 apart."""


@dataclass(frozen=True, eq=False)
class Family:
    """Coordinates that are moved together, and how far.

    Attributes:
        members: Which coordinates they are.
        reach: wᵢ for each.
        inward: 1 or −1 where a coordinate can move to that side only, else 0.
    """

    members: Int[np.ndarray, " n"]
    reach: Float[np.ndarray, " n"]
    inward: Float[np.ndarray, " n"]

    def draw(self, rng: np.random.Generator) -> Float[np.ndarray, " n"]:
        """Returns the entries of a direction for its members."""
        signs = rng.choice([-1.0, 1.0], size=self.reach.shape)
        sizes = signs * rng.uniform(1.0, 2.0, size=self.reach.shape)
        return self.reach * (INWARD * self.inward + sizes)

    def without(self, coordinates: list[int]) -> "Family":
        """Returns the family without some coordinates."""
        kept = ~np.isin(self.members, coordinates)
        return Family(self.members[kept], self.reach[kept], self.inward[kept])


def families(evaluator: Evaluator, leave_out: list[int]) -> list[Family]:
    """Returns the families of all coordinates that can be moved, but those to be left out."""
    x, (lower, upper) = evaluator.x, evaluator.problem.bounds
    own = coordinate_scale(evaluator)
    narrow, wide = np.minimum(x - lower, upper - x), np.maximum(x - lower, upper - x)
    ended = narrow < own * RATIO**-NARROW
    middle = np.zeros_like(x)
    typical = np.maximum(own, _typical(evaluator, own))
    inward = np.where(upper - x > x - lower, 1.0, -1.0)
    moving = ~ended & (x != 0)
    found = [_family(moving, np.minimum(own, narrow), middle)]
    if np.any((typical > own)[moving]):
        found.append(_family(moving, np.minimum(typical, narrow), middle))
    found.append(_family(~ended & (x == 0), np.minimum(own, narrow), middle))
    found.append(_family(ended & (wide > 0), np.minimum(own, wide), inward))
    return [one for one in (each.without(leave_out) for each in found) if one.members.size]


def _family(
    which: Bool[np.ndarray, " d"], reach: Float[np.ndarray, " d"], inward: Float[np.ndarray, " d"]
) -> Family:
    return Family(np.flatnonzero(which), reach[which], inward[which])


def _typical(evaluator: Evaluator, own: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
    """The median scale of the array that each coordinate belongs to."""
    typical = np.empty_like(own)
    for start, stop in itertools.pairwise(evaluator.problem.layout.offsets):
        typical[start:stop] = np.median(own[start:stop]) if stop > start else 1.0
    return typical
