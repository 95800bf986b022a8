"""Wrong derivatives that people reported, rebuilt at realistic sizes: each is named in words."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import Verdict, check

RNG = np.random.default_rng(0)


def garch(theta, e):
    """The negative log-likelihood of a GARCH(1, 1) process with the parameters ω, α, β."""

    def step(carry, now):
        h, past = carry
        h = theta[0] + theta[1] * past**2 + theta[2] * h
        return (h, now), 0.5 * (jnp.log(h) + now**2 / h)

    return jnp.sum(jax.lax.scan(step, (jnp.var(e), 0.0), e)[1])


def garch_gradient(theta, e):
    h, past, dh, total = jnp.var(e), 0.0, jnp.zeros(3), jnp.zeros(3)

    def step(carry, now):
        h, past, dh = carry
        dh = jnp.stack([1.0, past**2, h]) + theta[2] * dh
        h = theta[0] + theta[1] * past**2 + theta[2] * h
        return (h, now, dh), 0.5 * (1 / h - now**2 / h**2) * dh

    return jnp.sum(jax.lax.scan(step, (h, past, dh), e)[1], axis=0) + total


def smape(p, y):
    return jnp.sum(jnp.abs(p - y) / (jnp.abs(p) + jnp.abs(y)))


def smape_gradient(p, y):
    size = jnp.abs(p) + jnp.abs(y)
    return jnp.sign(p - y) / size - jnp.abs(p - y) * jnp.sign(p) / size**2


def rendering(log_scale, points):
    """Gaussians whose parameter is the logarithm of their scale."""
    scale = jnp.exp(log_scale)
    return jnp.sum(jnp.exp(-0.5 * (points[:, None] / scale) ** 2))


def rendering_gradient(log_scale, points):
    scale = jnp.exp(log_scale)
    z = points[:, None] / scale
    return jnp.sum(jnp.exp(-0.5 * z**2) * z**2, axis=0)


def transport(u, C, K):
    """The cost ⟨P, C⟩ of a plan with one scaling."""
    P = jnp.exp(u)[:, None] * K
    return jnp.sum(P * C) + jnp.sum(u**2)


CASES = {
    "2 GARCH in another order": (
        garch, garch_gradient, lambda t, e: garch_gradient(t, e)[jnp.array([1, 2, 0])],
        (np.array([0.1, 0.15, 0.7]), RNG.standard_normal(500)), ("holds the derivative of",),
    ),
    "4 SMAPE": (
        smape, smape_gradient, lambda p, y: smape_gradient(p, y) / 2,
        (RNG.uniform(1, 3, 100), RNG.uniform(1, 3, 100)), ("1/2 times the reference",),
    ),
    "16 rendering": (
        rendering, rendering_gradient,
        lambda s, p: rendering_gradient(s, p) / jnp.exp(s),
        (RNG.uniform(-1, 1, 20), RNG.standard_normal(200)),
        ("the chain factor exp(x) is missing", "on the log scale"),
    ),
    "15 transport": (
        transport, lambda u, C, K: jnp.exp(u) * jnp.sum(K * C, axis=1) + 2 * u,
        lambda u, C, K: 2 * u,
        (RNG.standard_normal(20) / 3, RNG.uniform(0, 1, (20, 30)), RNG.uniform(0, 1, (20, 30))),
        ("is missing from your gradient",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_fault_that_people_reported_is_named(case):
    value, right, wrong, (x, *data), words = CASES[case]
    assert check(value, right, x, *data).verdict is Verdict.AGREE
    result = check(value, wrong, x, *data)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    said = " ".join(map(str, result.results[0].diagnosis))
    print(said)
    assert all(each in said for each in words), said
