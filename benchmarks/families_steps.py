"""Functions on the host that move by steps which their gradients leave out, and continuous ones.

Prices by simulation, error rates and histograms have a gradient between their steps. Continuous
functions with narrow pieces, waves, kinks and roots look like those to a rule of integration.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from constant_judging import Outcome

from gradcompare import check

SEEDS = range(3)
SIZES = (1, 2, 5, 20)
PATHS = (100, 1000)
SAID = "f moves by steps"


class Case(NamedTuple):
    """A function, its gradient, a point, and whether it is a staircase."""

    value: Callable
    gradient: Callable
    x: np.ndarray
    steps: bool


def every_step() -> list[Case]:
    rngs = [np.random.default_rng(seed) for seed in SEEDS]
    return [case for rng in rngs for case in (*_options(rng), *_models(rng), *_continuous(rng))]


def at_steps(every: list[Case]) -> Outcome:
    """What is said of both kinds, and the number of gradients that it takes."""
    count, told = 0, []
    for case in every:

        def gradient(x, case=case):
            nonlocal count
            count += 1
            return case.gradient(x)

        # An array of NumPy at each step keeps all of them on the host.
        value = lambda x, case=case: float(case.value(np.asarray(x, float)))  # noqa: E731
        told.append(SAID in str(check(value, gradient, case.x, points=1)))
    steps = [case.steps for case in every]
    figures = {
        f"missed of {sum(steps)}": sum(s and not t for s, t in zip(steps, told, strict=True)),
        f"false alarms of {len(steps) - sum(steps)}": sum(
            t and not s for s, t in zip(steps, told, strict=True)
        ),
        "g/check": round(count / len(every)),
    }
    return Outcome(figures, told)


def _options(rng: np.random.Generator) -> Iterator[Case]:
    """Yields prices of options by fixed random numbers: price, volatility and rate of a share."""
    for paths in PATHS:
        normal = rng.standard_normal(paths)

        def price(x, normal=normal):
            share = x[0] * np.exp(x[2] - x[1] ** 2 / 2 + x[1] * normal)
            return np.exp(-x[2]) * np.mean(share > 105)

        yield Case(
            price, lambda x, f=price: np.array([0, 0, -f(x)]), np.array([100, 0.2, 0.05]), True
        )


def _models(rng: np.random.Generator) -> Iterator[Case]:
    for d in SIZES:
        rows, w = rng.standard_normal((300, d)), rng.standard_normal(d)
        labels = np.sign(rows @ w + rng.standard_normal(300))

        def error_rate(v, rows=rows, labels=labels):
            return np.mean((rows @ v) * labels < 0.1) + 0.05 * v @ v

        def first_rounded(v):
            return np.round(v[0], 2) ** 2 + np.sum(np.sin(v[1:]))

        yield Case(error_rate, lambda v: 0.1 * v, w, True)
        if d > 1:  # alone, it is known for one
            yield Case(first_rounded, lambda v: np.append(0, np.cos(v[1:])), w, True)


def _continuous(rng: np.random.Generator) -> Iterator[Case]:
    x, rows = rng.uniform(0.5, 2, 4), rng.standard_normal((300, 4))
    edges = 1.03 * x, 0.97 * x
    knots = np.linspace(-3, 3, 4001)
    heights = np.sin(40 * knots)
    slopes = np.diff(heights) / np.diff(knots)
    yield Case(
        lambda v: np.sum(np.abs(rows @ v - 0.01)),
        lambda v: np.sign(rows @ v - 0.01) @ rows,
        x,
        False,
    )
    for width in (1e-3, 1e-5, 1e-7):
        yield Case(
            lambda v, w=width: np.sum(v + sum(np.arctan((v - edge) / w) for edge in edges)),
            lambda v, w=width: 1 + sum(1 / (1 + ((v - edge) / w) ** 2) for edge in edges) / w,
            x,
            False,
        )
    yield Case(
        lambda v: np.sum(v**2 + np.sin(3e3 * v)), lambda v: 2 * v + 3e3 * np.cos(3e3 * v), x, False
    )
    yield Case(
        lambda v: np.sum(np.interp(v, knots, heights)),
        lambda v: slopes[np.searchsorted(knots, v) - 1],
        x,
        False,
    )
    yield Case(
        lambda v: np.sum(v**2) + 5.0 * (v[0] > 1.03 * x[0]),  # a jump on one side is no staircase
        lambda v: 2 * v,
        x,
        False,
    )
    for power in (0.2, 0.5):
        yield Case(
            lambda v, p=power: sum(np.sum(np.abs(v - edge) ** p) for edge in edges),
            lambda v, p=power: sum(
                p * np.sign(v - edge) * np.abs(v - edge) ** (p - 1) for edge in edges
            ),
            x,
            False,
        )
