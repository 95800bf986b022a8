"""Finds the source that is wrong: agreement within error bars, and a vote.

Two estimates of a coordinate differ if they are further apart than their error bars allow,

    |a − b| > SAFETY · (error of a + error of b).

Three sources then vote, and the odd one out is wrong. Where finite differences have no vote
(their bar is larger than the derivative), the other two decide alone. At a kink, finite
differences are the interval between the two one-sided derivatives. It bounds the entries of every
element of Clarke's generalised gradient where f is regular, as a convex f is (Clarke, Optimization
and Nonsmooth Analysis, 1983, propositions 2.1.2 and 2.3.4). Where f is not, as an order statistic
at ties, the interval is that of the slopes at points nearby. Not everything in it is an element:
`clarke` tells, along directions that move several coordinates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.layout import indices
from ..._foundation.wording import short
from ..._model.estimate import EPS, Estimate
from ..._model.verdict import EXACT, WRONG, Judgement, Verdict
from ..pairs import ratios
from .excess import excess_of, is_flushed, is_odd, own_error
from .reach import RESOLVED, reach

CHANCE = 5.0
"""Largest excess of finite differences that counts as chance if the other two sources agree.

An error bar of differences rests on corrections that can be small by chance: one coordinate in
about 10⁴ of an objective with nearby singularities was off by 3 to 4 bars. Two sources that agree
to rounding outweigh that; the distance then becomes the bar."""

WIDE = 1e-3
"""Largest error bar of autodiff beside a gradient, relative to a derivative that differences
resolve. A source that has lost more digits than that is not right because its bar says so."""

HALF = EPS**0.5
"""The same of a gradient whose bar is wider than that of autodiff: its formula has lost half of
its digits. Near a minimum both lose them, as x has no more."""

LOST = "{} has lost its digits: its error bar is up to {} of the derivative, and it is off"

BLURRED = 10.0
"""Ratio of a bar to that of another source from which it is wide, or hides differences."""

PAIRS = {"analytic": "af", "autodiff": "jf"}
"""The comparison of each exact source with finite differences."""

BOUND = "declared as an upper bound: only entries that are too small count as wrong"


def judge(
    value: float,
    estimates: Mapping[str, Estimate],
    *,
    bound: bool = False,
    narrow: bool = False,
    casts: bool = False,
) -> Judgement:
    """Lets the sources vote at one point.

    Args:
        value: The objective at the point.
        estimates: One flat estimate for each source that gave one.
        bound: Whether the analytic estimate is an upper bound of the derivative.
        narrow: Whether wide bars are those of numbers that a narrow type has rounded.
        casts: Whether the derivative under test computes in fewer digits than the value.
    """
    if len(estimates) < 2:
        return Judgement(Verdict.NOT_A_CHECK, note=f"only {', '.join(estimates) or 'nothing'} ran")
    tested = [estimates[source] for source in EXACT if source in estimates]
    broken = np.any([~np.isfinite(exact.value) for exact in tested], axis=0)
    if np.any(broken) or not np.isfinite(value):
        note = "" if np.isfinite(value) else f"the objective is {value} at the point"
        return Judgement(Verdict.NONFINITE, indices(broken), note=note)
    vote = _Vote.of(estimates, bound=bound, narrow=narrow, casts=casts)
    verdict, faulty = vote.outcome()
    analytic, autodiff = estimates.get("analytic"), estimates.get("autodiff")
    differences = vote.differences
    found = reach(value, tested[0], differences, autodiff)
    notes = [found.pop("note", "")]
    if bound:
        notes = [BOUND + ratios(analytic, differences if autodiff is None else autodiff)]
    notes += [
        LOST.format(source, short(_largest_share(estimates[source], differences, where), 2))
        for source, where in vote.lost.items()
        if where[list(faulty)].any()
    ]
    return Judgement(verdict, faulty, **found, note="; ".join(filter(None, notes)))


@dataclass(frozen=True)
class _Vote:
    """The sources at one point, and where each pair of them differs.

    Attributes:
        analytic: The hand-written derivative, with its bar as the vote reads it.
        autodiff: The same of autodiff.
        differences: The finite differences.
        kinked: Where f has a kink.
        jumping: Where f jumps.
        excess: The distance of each pair, in what its bars allow.
        lost: Where a source is off, and only its own wide bar would allow it.
    """

    analytic: Estimate | None
    autodiff: Estimate | None
    differences: Estimate | None
    kinked: Bool[np.ndarray, " k"]
    jumping: Bool[np.ndarray, " k"]
    excess: Mapping[str, Float[np.ndarray, " k"]]
    lost: Mapping[str, Bool[np.ndarray, " k"]]

    @classmethod
    def of(
        cls, estimates: Mapping[str, Estimate], *, bound: bool, narrow: bool, casts: bool
    ) -> "_Vote":
        exact = {source: estimates.get(source) for source in EXACT}
        differences = estimates.get("differences")
        entries = len(next(e for e in exact.values() if e is not None).value)
        kinked = jumping = np.zeros(entries, bool)
        if differences is not None:
            kinked = differences.kinked
            jumping = jumping if differences.jumps is None else differences.jumps
            exact = {s: _on_kinks(e, kinked) for s, e in exact.items()}
            differences = _widened(exact["analytic"], exact["autodiff"], differences)
        special = kinked | jumping | narrow
        shares = _shares(exact["analytic"], exact["autodiff"], casts=casts)
        sharp = {s: _not_wide(e, differences, special, shares[s]) for s, e in exact.items()}
        excess = {
            "aj": excess_of(sharp["analytic"], sharp["autodiff"], like=kinked, bound=bound),
            "af": excess_of(sharp["analytic"], differences, like=kinked, bound=bound),
            "jf": excess_of(sharp["autodiff"], differences, like=kinked),
        }
        flushed = is_flushed(sharp["autodiff"], sharp["analytic"])
        excess["aj"] = np.where(flushed, 0.0, excess["aj"])
        # Where a source is off by more than its share, which its own bar would allow.
        lost = {
            s: (excess_of(e, differences, like=kinked, bound=bound and s == "analytic") <= 1)
            & (excess[PAIRS[s]] > 1)
            for s, e in exact.items()
        }
        analytic, autodiff = sharp["analytic"], sharp["autodiff"]
        return cls(analytic, autodiff, differences, kinked, jumping, excess, lost)

    def outcome(self) -> tuple[Verdict, tuple[int, ...]]:
        """Returns the verdict and the entries that caused it, the worst first."""
        blame = self._blame()
        blame[Verdict.VALID_SUBGRADIENT] = self.kinked
        candidates = [verdict for verdict, where in blame.items() if where.any()]
        verdict = max(candidates, key=lambda verdict: verdict.rank, default=Verdict.AGREE)
        faulty = np.flatnonzero(blame.get(verdict, np.zeros_like(self.kinked)))
        worst = np.maximum.reduce(list(self.excess.values()))[faulty]
        return verdict, tuple(faulty[np.argsort(-worst, kind="stable")].tolist())

    def _blame(self) -> dict[Verdict, Bool[np.ndarray, " k"]]:
        """Where each verdict holds. Of a formula that has lost its digits none is wrong."""
        aj, af, jf = (self.excess[pair] > 1 for pair in ("aj", "af", "jf"))
        lost, analytic, autodiff = self.lost["analytic"], self.analytic, self.autodiff
        if analytic is None or autodiff is None:
            accused = WRONG["autodiff" if analytic is None else "analytic"]
            wrong = jf if analytic is None else af & ~lost
            return {accused: wrong, Verdict.INCONCLUSIVE: self.jumping | lost}
        # The two others decide alone.
        no_autodiff = aj | _is_blurred(autodiff, analytic, self.differences)
        no_analytic = aj | _is_blurred(analytic, autodiff, self.differences)
        no_two_agree = aj & af & jf
        odd_analytic = odd_autodiff = no_two_agree
        if self.differences is not None:
            odd_analytic = no_two_agree & is_odd(analytic, autodiff, self.differences)
            odd_autodiff = no_two_agree & is_odd(autodiff, analytic, self.differences)
        unclear = (af & jf & ~odd_analytic & ~odd_autodiff) | (aj & ~af & ~jf & ~self.kinked)
        return {
            Verdict.ANALYTIC_WRONG: ((no_autodiff & af & ~jf) | odd_analytic) & ~lost,
            Verdict.AUTODIFF_WRONG: (no_analytic & jf & ~af) | odd_autodiff,
            Verdict.INCONCLUSIVE: unclear | self.jumping | lost,
        }


def _on_kinks(exact: Estimate | None, kinked: Bool[np.ndarray, " k"]) -> Estimate | None:
    return None if exact is None else replace(exact, error=own_error(exact, kinked))


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


def _shares(
    analytic: Estimate | None, autodiff: Estimate | None, *, casts: bool
) -> dict[str, Float[np.ndarray, "..."] | float]:
    """Returns the largest bar of each exact source, relative to the derivative."""
    under_test = "autodiff" if analytic is None else "analytic"
    shares: dict[str, Float[np.ndarray, ...] | float] = dict.fromkeys(EXACT, WIDE)
    if casts:
        shares[under_test] = EPS
    elif analytic is not None and autodiff is not None:
        shares[under_test] = np.where(analytic.error > BLURRED * autodiff.error, HALF, WIDE)
    return shares


def _not_wide(
    exact: Estimate | None,
    differences: Estimate | None,
    special: Bool[np.ndarray, " k"],
    share: Float[np.ndarray, "..."] | float,
) -> Estimate | None:
    """An exact source, with bars of at most a share where differences resolve the derivative."""
    if exact is None or differences is None:
        return exact
    size = np.abs(differences.value)
    resolved = (differences.error <= RESOLVED * size) & ~special
    error = np.minimum(exact.error, np.maximum(differences.error, share * size))
    return replace(exact, error=np.where(resolved, error, exact.error))


def _is_blurred(
    exact: Estimate, other: Estimate, differences: Estimate | None
) -> Bool[np.ndarray, " k"]:
    """Where the bar of an exact source hides differences of the two others."""
    if differences is None:
        return np.zeros(len(exact.value), bool)
    return np.asarray(exact.error / BLURRED > differences.error + other.error)


def _largest_share(
    exact: Estimate, differences: Estimate | None, where: Bool[np.ndarray, " k"]
) -> float:
    """Returns the largest bar of a source, beside the derivative, at some entries."""
    size = np.abs((exact if differences is None else differences).value[where])
    with np.errstate(divide="ignore"):
        return float(np.max(exact.error[where] / size))
