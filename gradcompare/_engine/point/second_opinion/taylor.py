"""The Taylor remainder test: a second opinion on a gradient that needs no choice of a step.

Along a direction u, a correct gradient g leaves the remainder

    R(h) = |f(x + h u) − f(x) − h gᵀu| = O(h²),

so that R falls by 4 when h is halved; with a wrong gradient it falls by 2, and R(h)/h tends to
the error of gᵀu. Large h show higher orders, small ones the noise of f, so the slope of log R
over log h is taken where it is steady. The expansion is in every textbook, as in Nocedal &
Wright, Numerical Optimization (2nd ed. 2006), theorem 2.1; the test is folklore of adjoint codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ...._evaluation.evaluator import Evaluator
from ...._foundation.wording import short
from ...._model.estimate import Estimate
from ...._model.verdict import ACCUSED, Judgement, Verdict
from ...._results.judgement.fairness import FOLLOWED

HALVINGS = 32
"""Number of steps, from a quarter of the scale of the parameters down to 10⁻¹⁰ of it."""

STEADY = 0.12
"""Largest distance from 2, or from 1, of a slope that counts as such."""

FEWEST = 4
"""Least number of steps that make a slope."""

CONTRADICTION = 10.0
"""Ratio of an error that differences claim to the smallest one that the remainder would show, from
which both contradict each other."""


@dataclass(frozen=True)
class TaylorRemainder:
    """The order of the remainder.

    Attributes:
        order: The power of the step: 2 with a correct gradient, 1 with a wrong one; 0 if unclear.
        sentence: The same for the reader; empty if unclear.
        direction: The direction of the steps.
        shown: The smallest error of the derivative along the direction that would show.
    """

    order: int = 0
    sentence: str = ""
    direction: Float[np.ndarray, " d"] | None = None
    shown: float = np.inf


def taylor_remainder(evaluator: Evaluator, gradient: Float[np.ndarray, " d"]) -> TaylorRemainder:
    """Returns the order of the remainder with `gradient`."""
    u = sized_direction(evaluator)
    steps = 0.25 * 2.0 ** -np.arange(HALVINGS)
    layout = evaluator.problem.layout
    with np.errstate(all="ignore"):  # values that are not finite are part of the work
        values = evaluator.along(steps, layout.unflatten(u))
        slope_along = float(gradient @ u)
        remainder = np.abs(values - evaluator.value() - steps * slope_along)
        slopes = np.log2(remainder[:-1] / remainder[1:])
    for order in (2, 1):
        first, last = _longest(np.abs(slopes - order) < STEADY)
        if last - first < FEWEST - 1:
            continue
        slope = float(np.mean(slopes[first:last]))
        reach = f"{_power(steps[first])} to {_power(steps[last])}"
        fall = f"the Taylor remainder falls like h^{slope:.2f} (h from {reach} of |x|)"
        if order == 2:
            # A wrong gradient leaves error · h, which would stand out from the last remainder.
            with np.errstate(divide="ignore"):
                error = float(remainder[last] / steps[last])
                shown = error / np.abs(slope_along)
            limit = f": an error above {short(shown, 2)} along it would show"
            sentence = f"{fall}, as with a correct gradient{limit if np.isfinite(shown) else ''}"
            return TaylorRemainder(2, sentence, u, error)
        # R(h)/h tends to the error of gᵀu.
        deficit = float(np.median(remainder[first : last + 1] / steps[first : last + 1]))
        return TaylorRemainder(
            1,
            f"{fall}; with a correct gradient it falls like h². "
            f"The directional derivative is wrong by {_relative(deficit, slope_along)}.",
        )
    return TaylorRemainder()


def unless_followed(
    judgement: Judgement, votes: Mapping[str, Estimate], taylor: TaylorRemainder
) -> Judgement:
    """Returns the judgement; inconclusive where f follows the derivative that is accused.

    Where digits are lost inside, as in √(1 + a²) − 1, f goes by stairs, and its other terms slope
    smoothly along each of them: finite differences within a stair find the slope of these. Over
    larger steps f still follows the right derivative. Two sources cannot tell stairs from a
    feature that is as small as they are.
    """
    accused = ACCUSED.get(judgement.verdict, "")
    differences = votes.get("differences")
    if len(votes) != 2 or accused not in votes or differences is None:
        return judgement
    if taylor.order != 2 or taylor.direction is None or differences.kinked.any():
        return judgement
    claim = abs(float((votes[accused].value - differences.value) @ taylor.direction))
    if not claim > CONTRADICTION * taylor.shown:
        return judgement
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, explanation=FOLLOWED)


def _power(step: float) -> str:
    return f"{step:.0e}".replace("e-0", "e-")


def _relative(error: float, slope: float) -> str:
    """Returns an error in percent of the derivative; as it is beside one of almost zero."""
    if error >= 100 * abs(slope):
        return short(error, 2)
    return f"{short(float(f'{100 * error / abs(slope):.1e}'))} %"


def sized_direction(evaluator: Evaluator, seed: int = 0) -> Float[np.ndarray, " d"]:
    """Returns a direction that moves each coordinate by about its size, and stays inside."""
    x, (lower, upper), unit = evaluator.x, evaluator.problem.bounds, evaluator.problem.unit
    rng = np.random.default_rng(seed)
    size = np.where(x == 0, unit, np.abs(x)) * rng.uniform(0.5, 1.0, x.shape)
    room_up, room_down = upper - x, x - lower
    sign = np.where(room_up >= room_down, 1.0, -1.0)
    free = np.isinf(room_up) & np.isinf(room_down)
    sign = np.where(free, rng.choice([-1.0, 1.0], size=x.shape), sign)
    return sign * np.minimum(size, np.maximum(room_up, room_down))


def _longest(steady: np.ndarray) -> tuple[int, int]:
    """Returns the first and the last step of the longest run of steady slopes."""
    best, start = (0, 0), None
    for number, holds in enumerate([*steady, False]):
        if holds and start is None:
            start = number
        elif not holds and start is not None:
            best = max(best, (start, number), key=lambda run: run[1] - run[0])
            start = None
    return best
