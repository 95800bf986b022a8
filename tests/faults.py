"""Faults to plant, so that every claim of a check can be seen to fail.

A fault changes a flat gradient g at the coordinates i and j, in operations that NumPy and JAX have
in common, so that the same function plants it and predicts what it changes.
"""

import functools
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from gradcompare import Estimate, Judgement, Objective, PointResult
from gradcompare._results.judgement.judge import judge

VOTERS = ("analytic", "reverse", "richardson")

FACTORS = {
    "overall-sign": -1.0,
    "factor-2": 2.0,
    "one-percent-of-one": 1.01,
    "sign-of-one": -1.0,
    "zero-at-one": 0.0,
}
FAULTS = (*FACTORS, "two-swapped")


def planted(fault: str, g, i: int, j: int):
    """A flat gradient with the fault in it, of NumPy or of JAX as it came."""
    scale, order = np.ones(len(g)), np.arange(len(g))
    if fault == "two-swapped":
        order[[i, j]] = j, i
    else:
        scale[i if fault.endswith("-one") else slice(None)] = FACTORS[fault]
    return (g * scale)[order]


def first_draw(objective: Objective, seed: int = 0):
    """Parameters and data of the first point that `compare` makes at the default size."""
    return objective.make(np.random.default_rng([seed, 0]), objective.sizes[0])


@functools.cache
def flat_gradient(objective: Objective) -> np.ndarray:
    """The hand-written gradient at the first draw, in float64."""
    with jax.enable_x64(True):
        gradient = jax.jit(objective.gradient)(*first_draw(objective))
        return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(gradient)])


def two_coordinates(g: np.ndarray) -> tuple[int, int]:
    """A coordinate with a derivative drawn at random, and the one that differs most from it."""
    i = int(np.random.default_rng(0).choice(np.flatnonzero(g)))
    return i, int(np.argmax(np.abs(g - g[i])))


def changed_by(fault: str, g: np.ndarray) -> set[int]:
    """The coordinates of a gradient that the fault changes."""
    return set(np.flatnonzero(planted(fault, g, *two_coordinates(g)) != g).tolist())


def in_estimate(fault: str, right: Estimate) -> Estimate:
    """The flat estimate with the fault in its numbers."""
    at = two_coordinates(right.value)
    value, error = (planted(fault, numbers, *at) for numbers in (right.value, right.error))
    return replace(right, value=value, error=np.abs(error))


def judged(point: PointResult, source: str, estimate: Estimate) -> Judgement:
    """What the vote makes of an estimate in the place of that of its source."""
    return judge(point.value, {**point.votes, source: estimate})


def in_gradient(fault: str, objective: Objective) -> Objective:
    """The objective with the fault in its hand-written gradient."""
    i, j = two_coordinates(flat_gradient(objective))

    def gradient(params, data):
        flat, unflatten = ravel_pytree(objective.gradient(params, data))
        return unflatten(planted(fault, flat, i, j))

    return replace(objective, name=f"{objective.name}~{fault}", gradient=gradient)


def in_autodiff(fault: str, objective: Objective) -> Objective:
    """The objective with the fault in a custom rule for reverse mode."""
    i, j = two_coordinates(flat_gradient(objective))

    @jax.custom_vjp
    def value(params, data):
        return objective.value(params, data)

    def forwards(params, data):
        return value(params, data), (params, data)

    def backwards(residuals, cotangent):
        flat, unflatten = ravel_pytree(jax.grad(objective.value)(*residuals))
        return unflatten(cotangent * planted(fault, flat, i, j)), None

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
