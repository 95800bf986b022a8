"""Steps of a recursion that its derivative leaves out, or at which it stops, are named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import check

RNG = np.random.default_rng(0)
SERIES, P = np.cumsum(RNG.standard_normal(12)), np.array([0.9, -0.3, 0.2])


@jax.custom_jvp
def gated(x, s):
    return x


@gated.defjvp
def _(primals, tangents):
    return primals[0], primals[1] * tangents[0]


def scanned(p, y, uses=None, carries=None, reverse=False):
    """A network with one unit, its derivative with a gate at each step."""
    n = len(y)
    uses = jnp.ones(n) if uses is None else uses
    carries = jnp.ones(n) if carries is None else carries

    def step(h, row):
        y, use, carry = row
        q, h = gated(p, use), gated(h, carry)
        h = jnp.tanh(q[0] * h + q[1] * y + q[2])
        return h, (h - 0.1 * y) ** 2

    return jnp.sum(jax.lax.scan(step, 0.2 * p[2], (y, uses, carries), reverse=reverse)[1])


def unrolled(p, y, uses=None):
    h, total = 0.2 * p[2], 0.0
    for t in range(len(y)):
        use = 1.0 if uses is None else uses[t]
        h = jnp.tanh(gated(p[0], use) * h + p[1] * y[t] + p[2])
        total = total + (h - 0.1 * y[t]) ** 2
    return total


def found(value, series=SERIES, **changes):
    def gradient(p, y):
        return jax.grad(lambda p: value(p, y, **changes))(p)

    return check(lambda p, y: value(p, y), gradient, P, series).results[0].diagnosis


def without(*steps, count=12):
    return jnp.ones(count).at[jnp.array(steps)].set(0)


USES = {
    "your gradient lacks what step 1 of 12 of `jax.lax.scan(": without(0),
    "from step 9 on, your gradient lacks what the steps of `jax.lax": without(*range(8, 12)),
    "your gradient lacks what steps 1 to 3 of 12 of `jax.lax.scan(": without(*range(3)),
    "your gradient has twice what step 6 of 12 of `jax.lax.scan(": 2 - without(5),
}


@pytest.mark.parametrize("said", sweep(USES, list(USES)[1:]))
def test_steps_that_are_left_out_or_repeated(said):
    (finding,) = found(scanned, uses=USES[said])
    assert finding.kind == "steps"
    assert finding.residual == 0
    assert finding.sentence.startswith(said)


@pytest.mark.parametrize("step", sweep([1, 4, 11], {4}))
def test_a_derivative_that_stops_at_a_step(step):
    (finding,) = found(scanned, carries=without(step))
    said = f"your gradient does not go back from step {step + 1} to step {step} of `jax.lax.scan("
    assert finding.sentence.startswith(said)


@pytest.mark.sweep
def test_a_loop_that_runs_backwards_is_counted_as_it_runs():
    (finding,) = found(lambda p, y, **k: scanned(p, y, reverse=True, **k), carries=without(9))
    assert finding.sentence.startswith("your gradient does not go back from step 3 to step 2 of")


@pytest.mark.sweep
def test_a_loop_that_python_unrolls():
    (finding,) = found(unrolled, SERIES[:7], uses=without(4, 5, 6, count=7))
    assert finding.kind == "steps"
    assert finding.sentence.startswith("in x[0], from step 5 on, your gradient lacks what the ste")


OTHER = {
    "some": without(0, 4, 9),
    "a part of one": without(2) * 0.7 + 0.3,
    "falling": jnp.linspace(1, 0.5, 12),
}


@pytest.mark.sweep
@pytest.mark.parametrize("case", sweep(OTHER, {"a part of one"}))
def test_other_weights_of_steps_are_not_named(case):
    assert "steps" not in {finding.kind for finding in found(scanned, uses=OTHER[case])}


@pytest.mark.sweep
def test_nearly_the_gradient_without_a_step():
    def gradient(p, y):
        return jax.grad(lambda p: scanned(p, y, uses=without(0)))(p) + 1e-8 * p

    result = check(lambda p, y: scanned(p, y), gradient, P, SERIES)
    assert "steps" not in {finding.kind for finding in result.results[0].diagnosis}
