"""Faults to plant, so that every claim of a check can be seen to fail.

A fault changes a flat gradient g at the coordinates i and j, in operations that NumPy-like
JAX arrays have, so that the same function plants it and predicts what it changes.
"""

import functools
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from gradcompare import Estimate, Judgement, Objective, PointResult
from gradcompare._results.judge import judge

VOTERS = ("analytic", "reverse", "richardson")

FAULTS: dict[str, Callable[[jax.Array, int, int], jax.Array]] = {
    "overall-sign": lambda g, i, j: -g,
    "factor-2": lambda g, i, j: 2 * g,
    "one-percent-of-one": lambda g, i, j: g.at[i].multiply(1.01),
    "sign-of-one": lambda g, i, j: g.at[i].multiply(-1),
    "zero-at-one": lambda g, i, j: g.at[i].set(0),
    "two-swapped": lambda g, i, j: g.at[jnp.array([i, j])].set(g[jnp.array([j, i])]),
}


def first_draw(objective: Objective, seed: int = 0):
    """Parameters and data of the first point that `compare` makes at the default size."""
    return objective.make(np.random.default_rng([seed, 0]), objective.sizes[0])


@functools.cache
def flat_gradient(objective: Objective) -> np.ndarray:
    """The hand-written gradient at the first draw, in float64."""
    with jax.enable_x64(True):
        return np.asarray(ravel_pytree(objective.gradient(*first_draw(objective)))[0])


def two_coordinates(objective: Objective) -> tuple[int, int]:
    """A coordinate with a derivative drawn at random, and the one that differs most from it."""
    g = flat_gradient(objective)
    i = int(np.random.default_rng(0).choice(np.flatnonzero(g)))
    return i, int(np.argmax(np.abs(g - g[i])))


def changed_by(fault: str, objective: Objective) -> set[int]:
    """The coordinates whose derivative the fault changes at the first draw."""
    g, (i, j) = flat_gradient(objective), two_coordinates(objective)
    with jax.enable_x64(True):
        planted = np.asarray(FAULTS[fault](jnp.asarray(g), i, j))
    return set(np.flatnonzero(planted != g).tolist())


def in_estimate(fault: str, objective: Objective, point: PointResult, source: str) -> Estimate:
    """The estimate of a source at the first draw, with the fault in its numbers."""
    right, (i, j) = point.votes[source], two_coordinates(objective)
    with jax.enable_x64(True):
        value, bar = (
            np.asarray(FAULTS[fault](jnp.asarray(numbers), i, j))
            for numbers in (right.value, right.error)
        )
    return replace(right, value=value, error=np.abs(bar))


def judged(point: PointResult, source: str, estimate: Estimate) -> Judgement:
    """What the vote makes of an estimate in the place of that of its source."""
    return judge(point.value, {**point.votes, source: estimate})


def in_gradient(fault: str, objective: Objective) -> Objective:
    """The objective with the fault in its hand-written gradient."""
    i, j = two_coordinates(objective)

    def gradient(params, data):
        flat, unflatten = ravel_pytree(objective.gradient(params, data))
        return unflatten(FAULTS[fault](flat, i, j))

    return replace(objective, name=f"{objective.name}~{fault}", gradient=gradient)


def in_autodiff(fault: str, objective: Objective) -> Objective:
    """The objective with the fault in a custom rule for reverse mode."""
    i, j = two_coordinates(objective)

    @jax.custom_vjp
    def value(params, data):
        return objective.value(params, data)

    def forwards(params, data):
        return value(params, data), (params, data)

    def backwards(residuals, cotangent):
        flat, unflatten = ravel_pytree(jax.grad(objective.value)(*residuals))
        return unflatten(cotangent * FAULTS[fault](flat, i, j)), None

    value.defvjp(forwards, backwards)
    return replace(objective, name=f"{objective.name}~{fault}", value=value)


def in_directional(factor: float, objective: Objective) -> Objective:
    """The objective with a hand-written directional derivative, `factor` times the right one."""

    def directional(params, direction, data):
        gradient, u = objective.gradient(params, data), direction
        return factor * sum(map(jnp.vdot, *map(jax.tree.leaves, (gradient, u))))

    return replace(objective, name=f"{objective.name}~{factor:g}", directional=directional)


PLANTERS = {
    "gradient": {fault: partial(in_gradient, fault) for fault in FAULTS},
    "autodiff": {f: partial(in_autodiff, f) for f in ("overall-sign", "one-percent-of-one")},
}
"""By the place of a fault and its name: what plants it into an objective."""
