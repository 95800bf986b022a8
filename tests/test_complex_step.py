"""The complex step: exact where f is holomorphic, and not believed where it is not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import compare, estimate

POINT = np.array([0.3, -1.2, 2.5])

HOLOMORPHIC = {
    "sin": (lambda x: jnp.sum(jnp.sin(x)), np.cos),
    "exp-of-sum": (lambda x: jnp.exp(jnp.sum(x)), lambda x: np.exp(np.sum(x)) * np.ones(3)),
    "rational": (lambda x: jnp.sum(1 / (1 + x**2)), lambda x: -2 * x / (1 + x**2) ** 2),
}

NOT_HOLOMORPHIC = {
    "abs": lambda x: jnp.sum(jnp.abs(x) ** 3),
    "softplus": lambda x: jnp.sum(jax.nn.softplus(x)),
    "norm": lambda x: jnp.linalg.norm(x),
}


@pytest.mark.parametrize("case", HOLOMORPHIC)
def test_exact_where_holomorphic(case):
    value, derivative = HOLOMORPHIC[case]
    found = estimate(value, POINT, method="complex-step")
    truth = derivative(POINT)
    assert np.all(abs(found.value - truth) <= found.error)
    assert np.all(found.error <= 1e-14 * abs(truth))
    assert found.note == ""


@pytest.mark.parametrize("case", NOT_HOLOMORPHIC)
def test_never_believed_alone(case):
    """Its value is wrong, or is one of real numbers, and its bar says so."""
    value = NOT_HOLOMORPHIC[case]
    found = estimate(value, POINT, method="complex-step")
    with jax.enable_x64(True):
        truth = np.asarray(jax.grad(value)(jnp.asarray(POINT)))
    off = abs(found.value - truth) > 1e-6
    assert off.any()
    assert np.all(np.isinf(found.error[off]))
    assert "not confirmed by differences" in found.note


def test_along_a_direction():
    u = np.array([1.0, -2.0, 0.5])
    found = estimate(lambda x: jnp.sum(jnp.sin(x)), POINT, method="complex-step", direction=u)
    assert abs(found.value - np.cos(POINT) @ u) <= found.error


def test_beside_the_others():
    result = compare(
        "lecture-polynomial", ["analytic", "reverse", "complex-step"], timing=False, points=1
    ).results[0]
    assert result.points[0].pair("analytic", "complex-step").relative_norm < 1e-15
