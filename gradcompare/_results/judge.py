"""Finds the source that is wrong: agreement within error bars, and a vote.

Two estimates of a coordinate differ if they are further apart than their error bars allow,

    |a − b| > SAFETY · (error of a + error of b).

Three sources then vote, and the odd one out is wrong. Where finite differences have no vote
(their bar is larger than the derivative), the other two decide alone. At a kink, finite
differences are the interval between the two one-sided derivatives. The entries of every
subgradient lie in it (Clarke, Optimization and Nonsmooth Analysis, 1983, proposition 2.1.2);
where several coordinates have kinks, not everything in it is a subgradient.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from .._foundation.layout import indices
from .._model.estimate import EPS, SAFETY, Estimate
from .._model.verdict import Judgement, Verdict

CHANCE = 5.0
"""Largest excess of finite differences that counts as chance if the other two sources agree.

An error bar of differences rests on corrections that can be small by chance: one coordinate in
about 10⁴ of an objective with nearby singularities was off by 3 to 4 bars. Two sources that agree
to rounding outweigh that. The distance then becomes the bar, and raises the detection floor.
"""

RESOLVED = 0.1
"""Largest error bar, relative to the derivative, at which finite differences verify it."""

BOUND = "declared as an upper bound: only entries that are too small count as wrong"


def judge(value: float, estimates: Mapping[str, Estimate], *, bound: bool = False) -> Judgement:
    """Lets the sources vote at one point.

    Args:
        value: The objective at the point.
        estimates: One flat estimate for each source that gave one.
        bound: Whether the analytic estimate is an upper bound of the derivative.
    """
    if len(estimates) < 2:
        return Judgement(Verdict.NOT_A_CHECK, note=f"only {', '.join(estimates) or 'nothing'} ran")
    analytic, autodiff = estimates.get("analytic"), estimates.get("autodiff")
    differences = estimates.get("differences")
    tested = [exact for exact in (analytic, autodiff) if exact is not None]
    broken = np.any([~np.isfinite(exact.value) for exact in tested], axis=0)
    if np.any(broken) or not np.isfinite(value):
        note = "" if np.isfinite(value) else f"the objective is {value} at the point"
        return Judgement(Verdict.NONFINITE, indices(broken), note=note)
    kinked = jumping = np.zeros(len(tested[0].value), bool)
    if differences is not None:
        kinked = differences.kinked
        jumping = jumping if differences.jumps is None else differences.jumps
        differences = _widened(analytic, autodiff, differences)
    excess = {
        "aj": excess_of(analytic, autodiff, like=kinked, bound=bound),
        "af": excess_of(analytic, differences, like=kinked, bound=bound),
        "jf": excess_of(autodiff, differences, like=kinked),
    }
    if analytic is not None and autodiff is not None:
        excess["aj"] = _without_chance(excess, analytic, autodiff)
    verdict, faulty = _vote(excess, analytic, autodiff, kinked, jumping)
    reach = _reach(tested[0], differences)
    if bound:
        other = differences if autodiff is None else autodiff
        reach["note"] = BOUND + _ratios(analytic, other)
    return Judgement(verdict, faulty, **reach)


def _ratios(bound: Estimate | None, other: Estimate | None) -> str:
    """Returns the range of an upper bound divided by the derivative, as the end of a sentence."""
    if bound is None or other is None:
        return ""
    clear = np.abs(other.value) > SAFETY * other.error
    if not clear.any():
        return ""
    ratios = bound.value[clear] / other.value[clear]
    low, high = (f"{ratio:.4g}" for ratio in (np.min(ratios), np.max(ratios)))
    return f"; it is {low if low == high else f'{low} to {high}'} times the derivative"


def _widened(
    analytic: Estimate | None, autodiff: Estimate | None, differences: Estimate
) -> Estimate:
    """The differences, with wider bars where the other sources agree and are just outside."""
    if analytic is None or autodiff is None:
        return differences
    like = differences.kinked
    off = np.maximum(
        excess_of(analytic, differences, like=like), excess_of(autodiff, differences, like=like)
    )
    slight = (excess_of(analytic, autodiff, like=like) <= 1) & (off > 1) & (off <= CHANCE)
    error = differences.error.copy()
    error[slight] += np.maximum(analytic.error, autodiff.error)[slight]
    error[slight] *= off[slight]
    return replace(differences, error=error)


def _without_chance(
    excess: Mapping[str, Float[np.ndarray, " k"]], analytic: Estimate, autodiff: Estimate
) -> Float[np.ndarray, " k"]:
    """The excess of the two exact sources, corrected for bars that are small by chance.

    A bar of rounding is the spread of three moves. They hardly move one coordinate in thousands
    (hidden-markov: a bar 12 times too small). Where differences agree with both sources, the
    typical bar of all coordinates counts too.
    """
    within = alike(analytic, autodiff)
    confirmed = (excess["af"] <= 1) & (excess["jf"] <= 1)
    return np.where(within & confirmed, np.minimum(excess["aj"], 1.0), excess["aj"])


def alike(a: Estimate, b: Estimate) -> Bool[np.ndarray, " k"]:
    """Where two estimates are as close as the root mean square of all their bars allows."""
    typical = np.sqrt(np.mean((a.error + b.error) ** 2))
    return np.asarray(np.abs(a.value - b.value) <= SAFETY * typical)


def _vote(
    excess: Mapping[str, Float[np.ndarray, " k"]],
    analytic: Estimate | None,
    autodiff: Estimate | None,
    kinked: Bool[np.ndarray, " k"],
    jumping: Bool[np.ndarray, " k"],
) -> tuple[Verdict, tuple[int, ...]]:
    """Returns the verdict and the entries that caused it, the worst first."""
    aj, af, jf = (excess[pair] > 1 for pair in ("aj", "af", "jf"))
    if autodiff is None:
        blame = {Verdict.ANALYTIC_WRONG: af, Verdict.INCONCLUSIVE: jumping}
    elif analytic is None:
        blame = {Verdict.AUTODIFF_WRONG: jf, Verdict.INCONCLUSIVE: jumping}
    else:
        blame = {
            Verdict.ANALYTIC_WRONG: aj & af & ~jf,
            Verdict.AUTODIFF_WRONG: aj & jf & ~af,
            Verdict.INCONCLUSIVE: (af & jf) | (aj & ~af & ~jf & ~kinked) | jumping,
        }
    blame[Verdict.VALID_SUBGRADIENT] = kinked
    candidates = [verdict for verdict, where in blame.items() if where.any()]
    verdict = max(candidates, key=lambda verdict: verdict.rank, default=Verdict.AGREE)
    faulty = np.flatnonzero(blame.get(verdict, np.zeros_like(kinked)))
    worst = np.maximum.reduce(list(excess.values()))[faulty]
    return verdict, tuple(faulty[np.argsort(-worst, kind="stable")].tolist())


def excess_of(
    a: Estimate | None, b: Estimate | None, *, like: np.ndarray, bound: bool = False
) -> Float[np.ndarray, " k"]:
    """Returns the distance of two estimates, divided by the distance that their bars allow.

    An upper bound `a` differs from `b` only where it is smaller.
    """
    if a is None or b is None:
        return np.zeros(len(like))
    low, high = np.minimum(*b.one_sided), np.maximum(*b.one_sided)
    above = np.zeros_like(a.value) if bound else a.value - high
    apart = np.maximum(0.0, np.maximum(low - a.value, above))
    # On a kink, moving the point a little says nothing about rounding.
    own = np.where(like, np.minimum(a.error, 8 * EPS * np.abs(a.value)), a.error)
    allowed = SAFETY * (own + b.error)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.where(apart > 0, apart / allowed, 0.0)
    return np.nan_to_num(excess, nan=0.0, posinf=np.inf)


def _reach(exact: Estimate, differences: Estimate | None) -> dict:
    """Returns the detection floor, the scale, and the coordinates that were not verified."""
    scale = float(np.max(np.abs(exact.value), initial=0.0))
    if differences is None:
        everything = tuple(range(len(exact.value)))
        note = "finite differences gave no information; the verdict rests on the two other sources"
        return {"unverified": everything, "scale": scale, "note": note}
    error = np.where(np.isfinite(differences.value), differences.error + exact.error, np.inf)
    constant = (differences.value == 0) & (exact.value == 0) & np.isfinite(error)
    verified = (error <= RESOLVED * np.abs(exact.value)) | constant
    smooth = verified & ~differences.kinked  # at a kink, a range of values is right
    # An error is detected once it exceeds SAFETY bars; the differences may themselves be off by
    # their bar, towards the error, which hides as much of it.
    floors = SAFETY * error[smooth] + differences.error[smooth]
    return {
        "unverified": indices(~verified & ~differences.kinked),
        "floor": float(np.max(floors)) if smooth.any() else float("nan"),
        "scale": scale,
    }
