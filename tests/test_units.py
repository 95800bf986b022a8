"""Units of the objective and of its coordinates: powers of two change no verdict."""

from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeps import sweep

from gradcompare import check

X = np.array([1.0, -2.0, 0.5])

SMOOTH = {
    "cubes": (lambda x: jnp.sum(x**3), lambda x: 3 * x**2),
    "exp": (lambda x: jnp.sum(jnp.exp(x)), jnp.exp),
    "rational": (lambda x: jnp.sum(1 / (1 + x**2)), lambda x: -2 * x / (1 + x**2) ** 2),
}
WRONG = {"right": 1.0, "wrong": 1.01}


@settings(max_examples=2)
@given(power=st.integers(-30, 30), powers=st.lists(st.integers(-12, 12), min_size=3, max_size=3))
@pytest.mark.parametrize(
    ("name", "truth"),
    sweep(product(SMOOTH, WRONG), [("cubes", "right"), ("rational", "wrong")]),
)
def test_units_do_not_change_the_verdict(name, truth, power, powers):
    """The same function in other units of its value and of each coordinate."""
    value, gradient = SMOOTH[name]
    unit, scale = 2.0**power, 2.0 ** np.array(powers)
    result = check(
        lambda x, scale: unit * value(x / scale),
        lambda x, scale: WRONG[truth] * unit * gradient(x / scale) / scale,
        X * scale,
        scale,
    )
    assert result.ok == (truth == "right"), str(result)
    if not result.ok:
        assert set(result.results[0].points[0].judgement.faulty) == {0, 1, 2}
