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
from .pairs import ratios

CHANCE = 5.0
"""Largest excess of finite differences that counts as chance if the other two sources agree.

An error bar of differences rests on corrections that can be small by chance: one coordinate in
about 10⁴ of an objective with nearby singularities was off by 3 to 4 bars. Two sources that agree
to rounding outweigh that; the distance then becomes the bar."""

WIDE = 1e-3
"""Largest error bar of an exact source, relative to a derivative that differences resolve.

A source that has lost more digits than that is not right because its bar says so."""

RESOLVED = 0.1
"""Largest error bar, relative to the derivative, at which finite differences verify it."""

BLURRED = 10.0
"""Ratio of a bar to those of the two other sources from which it hides their differences."""

LARGE = 1e300
"""Size of a derivative from which sums of its errors may overflow."""

LOST = (
    "{} has lost its digits: its own rounding error is more than 0.1 % of the derivative, and "
    "finite differences show that it is off"
)

PAIRS = {"analytic": "af", "autodiff": "jf"}
"""The comparison of each exact source with finite differences."""

BOUND = "declared as an upper bound: only entries that are too small count as wrong"


def judge(
    value: float, estimates: Mapping[str, Estimate], *, bound: bool = False, narrow: bool = False
) -> Judgement:
    """Lets the sources vote at one point.

    Args:
        value: The objective at the point.
        estimates: One flat estimate for each source that gave one.
        bound: Whether the analytic estimate is an upper bound of the derivative.
        narrow: Whether wide bars are those of numbers that a narrow type has rounded.
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
        analytic, autodiff = (_on_kinks(exact, kinked) for exact in (analytic, autodiff))
        differences = _widened(analytic, autodiff, differences)
    sharp_a, sharp_j = (
        _not_wide(exact, differences, kinked | jumping | narrow) for exact in (analytic, autodiff)
    )
    excess = {
        "aj": excess_of(sharp_a, sharp_j, like=kinked, bound=bound),
        "af": excess_of(sharp_a, differences, like=kinked, bound=bound),
        "jf": excess_of(sharp_j, differences, like=kinked),
    }
    # Where a source is off by more than `WIDE`, which its own bar would allow.
    allowed = {
        "analytic": excess_of(analytic, differences, like=kinked, bound=bound) <= 1,
        "autodiff": excess_of(autodiff, differences, like=kinked) <= 1,
    }
    own = {name: where & (excess[PAIRS[name]] > 1) for name, where in allowed.items()}
    votes = sharp_a, sharp_j, differences
    verdict, faulty = _vote(excess, *votes, kinked, jumping, own["analytic"])
    reach = _reach(value, tested[0], differences)
    if bound:
        other = differences if autodiff is None else autodiff
        reach["note"] = BOUND + ratios(analytic, other)
    lost = [LOST.format(source) for source, where in own.items() if where[list(faulty)].any()]
    reach["note"] = "; ".join(filter(None, [reach.get("note", ""), *lost]))
    return Judgement(verdict, faulty, **reach)


def _on_kinks(exact: Estimate | None, kinked: Bool[np.ndarray, " k"]) -> Estimate | None:
    return None if exact is None else replace(exact, error=_own_error(exact, kinked))


def _own_error(exact: Estimate, kinked: Bool[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """The error bars of an exact source, where f has a kink that of its last operation.

    Moving the point a little says nothing about rounding there: it takes the other branch.
    """
    last = np.minimum(exact.error, 8 * EPS * np.abs(exact.value))
    return np.where(kinked, last, exact.error)


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


def _not_wide(
    exact: Estimate | None, differences: Estimate | None, special: Bool[np.ndarray, " k"]
) -> Estimate | None:
    """An exact source, with bars of at most `WIDE` where differences resolve the derivative."""
    if exact is None or differences is None:
        return exact
    size = np.abs(differences.value)
    resolved = (differences.error <= RESOLVED * size) & ~special
    error = np.minimum(exact.error, np.maximum(differences.error, WIDE * size))
    return replace(exact, error=np.where(resolved, error, exact.error))


def _vote(
    excess: Mapping[str, Float[np.ndarray, " k"]],
    analytic: Estimate | None,
    autodiff: Estimate | None,
    differences: Estimate | None,
    kinked: Bool[np.ndarray, " k"],
    jumping: Bool[np.ndarray, " k"],
    lost: Bool[np.ndarray, " k"],
) -> tuple[Verdict, tuple[int, ...]]:
    """Returns the verdict and the entries that caused it, the worst first.

    Where the hand-written derivative has `lost` its digits, its formula may be right.
    """
    aj, af, jf = (excess[pair] > 1 for pair in ("aj", "af", "jf"))
    if autodiff is None:
        blame = {Verdict.ANALYTIC_WRONG: af & ~lost, Verdict.INCONCLUSIVE: jumping | lost}
    elif analytic is None:
        blame = {Verdict.AUTODIFF_WRONG: jf, Verdict.INCONCLUSIVE: jumping}
    else:
        # The two others decide alone.
        no_autodiff = aj | _is_blurred(autodiff, analytic, differences)
        no_analytic = aj | _is_blurred(analytic, autodiff, differences)
        blame = {
            Verdict.ANALYTIC_WRONG: no_autodiff & af & ~jf & ~lost,
            Verdict.AUTODIFF_WRONG: no_analytic & jf & ~af,
            Verdict.INCONCLUSIVE: (af & jf) | (aj & ~af & ~jf & ~kinked) | jumping | lost,
        }
    blame[Verdict.VALID_SUBGRADIENT] = kinked
    candidates = [verdict for verdict, where in blame.items() if where.any()]
    verdict = max(candidates, key=lambda verdict: verdict.rank, default=Verdict.AGREE)
    faulty = np.flatnonzero(blame.get(verdict, np.zeros_like(kinked)))
    worst = np.maximum.reduce(list(excess.values()))[faulty]
    return verdict, tuple(faulty[np.argsort(-worst, kind="stable")].tolist())


def _is_blurred(
    exact: Estimate, other: Estimate, differences: Estimate | None
) -> Bool[np.ndarray, " k"]:
    """Where the bar of an exact source hides differences of the two others."""
    if differences is None:
        return np.zeros(len(exact.value), bool)
    return np.asarray(exact.error / BLURRED > differences.error + other.error)


def excess_of(
    a: Estimate | None, b: Estimate | None, *, like: np.ndarray, bound: bool = False
) -> Float[np.ndarray, " k"]:
    """Returns the distance of two estimates, divided by the distance that their bars allow.

    An upper bound `a` differs from `b` only where it is smaller.
    """
    if a is None or b is None:
        return np.zeros(len(like))
    # Sums of numbers near the largest one would overflow.
    unit = 2.0**-8 if np.max(np.abs(a.value), initial=0.0) > LARGE else 1.0
    low, high = unit * np.minimum(*b.one_sided), unit * np.maximum(*b.one_sided)
    value = unit * a.value
    above = np.zeros_like(value) if bound else value - high
    apart = np.maximum(0.0, np.maximum(low - value, above))
    allowed = SAFETY * (unit * _own_error(a, like) + unit * b.error)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.where(apart > 0, apart / allowed, 0.0)
    return np.nan_to_num(excess, nan=0.0, posinf=np.inf)


def _reach(value: float, exact: Estimate, differences: Estimate | None) -> dict:
    """Returns the detection floor, the scale, and the coordinates that were not verified."""
    scale = float(np.max(np.abs(exact.value), initial=0.0))
    if differences is None:
        everything = tuple(range(len(exact.value)))
        note = "finite differences gave no information; the verdict rests on the two other sources"
        return {"unverified": everything, "scale": scale, "note": note}
    error = np.where(np.isfinite(differences.value), differences.error + exact.error, np.inf)
    constant = (differences.value == 0) & (exact.value == 0)
    constant &= _is_small(error, scale, value, differences.step)
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


def _is_small(
    error: Float[np.ndarray, " k"], scale: float, value: float, step: np.ndarray | None
) -> Bool[np.ndarray, " k"]:
    """Whether the error bars of a derivative of 0 are small beside the others.

    Where all are 0: whether f changes by a small part of itself over a step.
    """
    if scale > 0 or step is None:
        return np.asarray(error <= RESOLVED * scale)
    with np.errstate(over="ignore", invalid="ignore"):
        return (error == 0) | (error * step <= RESOLVED * abs(value))
