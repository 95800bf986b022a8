"""An experiment on branches that ordinary points do not reach, with gradients wrong there."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from constant_judging import Outcome

import gradcompare


def far_out(w):
    return jnp.sum(jnp.where(w > 20, w**2 / 40 + 10, w))


def together(w):
    return jnp.where(jnp.sum(w) > 12, jnp.sum(w**2), 12 * jnp.sum(w))


def one_of_them(w):
    return jnp.sum(w**2) + jnp.where(w[0] * w[1] > 30, (w[0] - 1) ** 2, 0.0)


def beside_an_end(w):
    return jnp.sum(jnp.sqrt(30 - w) + jnp.where(w < -15, w**2, -15 * w))


def five_ways(w):
    total = jnp.sum(w)
    return sum(jnp.where(total > 5 * k, (total - 5 * k) ** 2, 0.0) for k in range(1, 6)) + total


def rarely_finite(w):
    return jnp.sum(w) + jnp.where(w[0] > 3, jnp.sqrt(w[1] - 2) * w[0], 0.0)


def on_the_host(w):
    return np.sum(np.where(w > 5, w**2, 5 * w))


BRANCHING: dict[Callable, Callable] = {
    far_out: lambda w: jnp.where(w > 20, w / 10, 1.0),
    together: lambda w: jnp.where(jnp.sum(w) > 12, 3 * w, 12.0 + 0 * w),
    one_of_them: lambda w: 2 * w + jnp.where(w[0] * w[1] > 30, 1.0, 0.0) * jnp.eye(len(w))[0],
    beside_an_end: lambda w: -0.5 / jnp.sqrt(30 - w) + jnp.where(w < -15, w, -15.0),
    five_ways: lambda w: (
        (1 + sum(jnp.where(jnp.sum(w) > 5 * k, jnp.sum(w) - 5 * k, 0.0) for k in range(1, 6)))
        * jnp.ones(4)
    ),
    rarely_finite: lambda w: jnp.ones(4),
    on_the_host: lambda w: np.where(w > 5, w, 5.0),
}
"""Each with a gradient that is wrong where the branch is taken."""

AT = np.array([0.5, -1.2, 0.8, 2.1])


def branches(every: dict[Callable, Callable]) -> Outcome:
    results = [gradcompare.check(f, g, AT).results[0] for f, g in every.items()]
    arms = [arm for r in results for arm in r.branches]
    figures = {
        f"branches reached of {len(arms)}": sum(arm.tested for arm in arms),
        f"wrong ones seen of {len(results)}": sum(not r.verdict.ok for r in results),
        "named by their branch": sum(
            any(f.kind == "branch" for f in r.diagnosis) for r in results
        ),
        "points": sum(len(r.points) for r in results),
    }
    marks = [(p.x.tolist(), p.judgement.verdict.name) for r in results for p in r.points]
    return Outcome(figures, [*marks, *(f.kind for r in results for f in r.diagnosis)])
