"""The test functions against the minima that their paper publishes.

The figures are those of section 3 of Moré, Garbow & Hillstrom, Testing Unconstrained
Optimization Software, ACM TOMS 7 (1981), 17–41. Where the paper gives a minimum without its
place, the place was found by Newton's method from the published start, to 13 digits; the
value is what is compared.
"""

import jax
import numpy as np
import pytest

from gradcompare import get_objective

PUBLISHED = {
    "mgh-freudenstein-roth": (48.9842, (11.412778986902, -0.89680525327448)),
    "mgh-jennrich-sampson": (124.362, (0.25782521367036, 0.25782521367036)),
    "mgh-bard": (8.21487e-3, (0.082410558882664, 1.1330360536168, 2.3436952158737)),
    "mgh-gaussian": (1.12793e-8, (0.39895613783876, 1.0000190844878, 0.0)),
    "mgh-meyer": (87.9458, (5.6096364716828e-3, 6181.3463461890, 345.22363462086)),
    "mgh-kowalik-osborne": (
        3.07505e-4,
        (0.19280693466834, 0.19128232617486, 0.12305650612780, 0.13606232955849),
    ),
    "mgh-brown-dennis": (
        85822.2,
        (-11.594439904762, 13.203630051207, -0.40343948817686, 0.23677877445574),
    ),
    "mgh-osborne-1": (
        5.46489e-5,
        (0.37541005210695, 1.9358469127119, -1.4646871366129, 0.01286753464006, 0.02212269966167),
    ),
    "mgh-watson": (
        2.28767e-3,
        (
            *(-0.015725086401702, 1.0124348693691, -0.23299162595657),
            *(1.2604300877978, -1.5137289227195, 0.99299643242941),
        ),
    ),
    "mgh-penalty-1": (2.24997e-5, (0.25000749958754,) * 4),
}
"""By name: the published minimum, all its digits, and where it lies."""

ZEROS = {
    "mgh-powell-badly-scaled": (1.0981594177190e-05, 9.1061460099951),
    "mgh-freudenstein-roth": (5.0, 4.0),
    "mgh-brown-badly-scaled": (1e6, 2e-6),
    "mgh-beale": (3.0, 0.5),
    "mgh-helical-valley": (1.0, 0.0, 0.0),
    "mgh-box": (10.0, 1.0, -1.0),
    "mgh-wood": (1.0,) * 4,
    "mgh-biggs-exp6": (1.0, 10.0, 1.0, 5.0, 4.0, 3.0),
    "mgh-extended-rosenbrock": (1.0,) * 4,
    "mgh-extended-powell-singular": (0.0,) * 8,
    "mgh-variably-dimensioned": (1.0,) * 5,
    "mgh-trigonometric": (0.0,) * 5,
    "mgh-brown-almost-linear": (1.0,) * 5,
    "mgh-discrete-boundary-value": (
        *(-0.0431649825187649, -0.0815771565353869, -0.1144857143805293, -0.1409735768625967),
        *(-0.1599086961819831, -0.1698772023127749, -0.1690899837812083, -0.1552495352218318),
        *(-0.1253558916789350, -0.0754165336858921),
    ),
    "mgh-broyden-tridiagonal": (
        *(-0.5707221320112247, -0.6818069499842750, -0.7022100760176601, -0.7055106298950804),
        *(-0.7049061557287437, -0.7014966070298512, -0.6918893223547983, -0.6657965144058537),
        *(-0.5960351090263657, -0.4164122575286933),
    ),
}
"""By name: where the published minimum is zero."""

FURTHER = [
    ("mgh-watson", 9, 1.39976e-6),
    ("mgh-watson", 12, 4.72238e-10),
    ("mgh-penalty-1", 10, 7.08765e-5),
]
"""Name, number of parameters and published minimum, where Newton's method finds it soon."""


def in_float64(name: str, x, function: str = "value") -> np.ndarray:
    """What a function of an objective gives at x, with the published data."""
    objective = get_objective(name)
    _, data = objective.make(np.random.default_rng(0), len(x))
    with jax.enable_x64(True):
        return np.asarray(jax.jit(getattr(objective, function))(np.array(x), data))


def agrees_in_all_digits(value: float, published: float) -> bool:
    """The paper cuts its figures off: 5.46489… stands for all numbers that begin with it."""
    digits = f"{published:.5e}"
    unit = 10.0 ** (int(digits.partition("e")[2]) - 5)
    return published - unit * 1e-6 <= value < published + unit * (1 + 1e-6)


@pytest.mark.parametrize("name", PUBLISHED)
def test_minimum_is_the_published_one(name):
    published, x = PUBLISHED[name]
    assert agrees_in_all_digits(float(in_float64(name, x)), published)


@pytest.mark.parametrize("name", PUBLISHED)
def test_minimum_is_missed_a_little_way_off(name):
    """So the test above can fail: at a point 3 % off, the value has other digits."""
    published, x = PUBLISHED[name]
    assert not agrees_in_all_digits(float(in_float64(name, 1.03 * np.array(x))), published)


@pytest.mark.parametrize("name", ZEROS)
def test_zero_is_where_it_is_published(name):
    x = np.array(ZEROS[name])
    away = float(in_float64(name, 1.03 * x + 0.01))
    assert float(in_float64(name, x)) < 1e-18 * away


@pytest.mark.parametrize(("name", "size", "published"), FURTHER)
def test_newton_from_the_published_start_finds_the_published_minimum(name, size, published):
    objective = get_objective(name)
    x, data = objective.make(np.random.default_rng(0), size)
    x = objective.special(x)["start"]
    with jax.enable_x64(True):
        hessian = jax.jit(lambda x: jax.vmap(lambda v: objective.hvp(x, v, data))(np.eye(size)))
        gradient = jax.jit(lambda x: objective.gradient(x, data))
        for _ in range(60):
            x = x - np.linalg.solve(np.asarray(hessian(x)), np.asarray(gradient(x)))
    assert agrees_in_all_digits(float(in_float64(name, x)), published)


@pytest.mark.parametrize("name", ["mgh-bard", "mgh-kowalik-osborne", "mgh-osborne-1", "mgh-meyer"])
def test_a_wrong_entry_of_a_table_changes_the_minimum(name):
    """One ordinate 10 % too large, as a slip of the pen would have it."""
    objective = get_objective(name)
    published, x = PUBLISHED[name]
    _, data = objective.make(np.random.default_rng(0), len(x))
    slipped = data._replace(y=np.where(np.arange(len(data.y)) == 4, 1.1 * data.y, data.y))
    with jax.enable_x64(True):
        value = float(objective.value(np.array(x), slipped))
    assert not agrees_in_all_digits(value, published)
