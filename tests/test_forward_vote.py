"""Forward mode votes for autodiff where reverse mode is not to be had."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import Verdict, check, check_hessian, check_hvp, check_jacobian, check_vjp

X = np.array([2.0, 3.0, 5.0])
SPACE = {"bounds": (0.1, np.inf), "points": 2}


def roots(x, n):
    """Square roots by Newton's method, in a loop whose length is data."""

    def step(state):
        i, y = state
        return i + 1, y - (y**2 - x) / (2 * y)

    return jax.lax.while_loop(lambda state: state[0] < n, step, (0, x))[1]


def value(x, n):
    return jnp.sum(roots(x, n))


def slopes(x):
    return 1 / (2 * jnp.sqrt(x))


def bend(x):
    return -0.25 * x**-1.5


def wide(x, n):
    return jnp.sum(roots(x, n))[None]  # fewer results than parameters: autodiff goes by rows


CHECKS = {
    "gradient": lambda: check(value, lambda x, n: slopes(x), X, 8, **SPACE),
    "autodiff alone": lambda: check(value, None, X, 8, **SPACE),
    "direction": lambda: check(value, lambda x, n: slopes(x), X, 8, direction=X, **SPACE),
    "hessian": lambda: check_hessian(value, lambda x, n: jnp.diag(bend(x)), X, 8, **SPACE),
    "hvp": lambda: check_hvp(value, lambda x, v, n: bend(x) * v, X, 8, **SPACE),
    "jacobian": lambda: check_jacobian(wide, lambda x, n: slopes(x)[None], X, 8, **SPACE),
    "vjp": lambda: check_vjp(roots, lambda x, u, n: slopes(x) * u, X, 8, **SPACE),
}


@pytest.mark.parametrize("quantity", CHECKS)
def test_forward_mode_votes_through_a_loop(quantity):
    comparison = CHECKS[quantity]()
    assert comparison.verdict is Verdict.AGREE
    (result,) = comparison
    assert all({"autodiff", "differences"} <= point.votes.keys() for point in result.points)
    assert "this is forward mode, as reverse mode cannot be had" in str(comparison)


def test_a_third_source_tells_who_is_wrong():
    comparison = check(value, lambda x, n: 2 * slopes(x), X, 8, **SPACE)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    assert "the other sources agree" in str(comparison)
    assert comparison.results[0].diagnosis[0].kind == "factor"


def test_reverse_mode_keeps_its_error_where_forward_mode_fails_too():
    @jax.custom_vjp
    def square(x):
        return jnp.sum(x**2)

    def backward(x, u):
        raise RuntimeError("the rule is not ready")

    square.defvjp(lambda x: (square(x), x), backward)
    report = str(check(square, lambda x: 2 * x, X))
    assert "reverse: not available: RuntimeError: the rule is not ready" in report
    assert "forward mode" not in report


def test_reverse_mode_stays_where_it_is_to_be_had():
    assert "forward mode" not in str(check(lambda x: jnp.sum(x**2), lambda x: 2 * x, X))
