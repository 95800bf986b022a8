"""What a comparison says it would have caught, against faults that are really compared."""

import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import InputError, Verdict, check, selftest
from gradcompare._api.selftest import plant, smallest

OFFSET = 1e8
"""Takes eight digits from the values of f, and so from the check."""


def value(p):
    return jnp.sum(jnp.sin(p["W"]) ** 2) + OFFSET + 1e-9 * p["b"]


def gradient(p):
    return {"W": jnp.sin(2 * p["W"]), "b": 1e-9 * jnp.ones(())}


X0 = {"W": np.random.default_rng(0).standard_normal((3, 2)), "b": np.array(1.0)}


@pytest.fixture(scope="module")
def comparison():
    return check(value, gradient, X0)


def test_every_kind_of_fault_is_planted_wherever_it_can_be(comparison):
    (result,) = comparison
    planted = {p.fault: p for p in plant(result)}
    assert planted["one entry 1 % too large"].places == 7
    assert planted["two entries swapped"].places == 6
    assert planted["one block transposed"].places == 1
    assert planted["everything doubled"].caught == 1
    assert planted["one entry of the wrong sign"].caught == 7


def test_the_smallest_error_is_what_a_check_really_finds(comparison):
    (result,) = comparison
    share = smallest(result)["W[1, 0]"]
    assert 1e-9 < share < 1e-4

    def wrong(factor):
        def by_hand(p):
            right = gradient(p)
            return right | {"W": right["W"].at[1, 0].multiply(factor)}

        return check(value, by_hand, X0).verdict

    assert wrong(1 + 2 * share) is not Verdict.AGREE
    assert check(value, gradient, X0).verdict is Verdict.AGREE


def test_what_was_not_verified_is_said():
    """The offset hides the derivative of 1e-12 from finite differences."""

    def hidden(p):
        return jnp.sum(jnp.sin(p["W"]) ** 2) + OFFSET + 1e-12 * jnp.sin(p["b"])

    def by_hand(p):
        return {"W": jnp.sin(2 * p["W"]), "b": 1e-12 * jnp.cos(p["b"])}

    comparison = check(hidden, by_hand, X0)
    assert smallest(comparison.results[0])["b"] == np.inf
    assert "none of b, which was not verified" in str(selftest(comparison))


def test_report_names_what_is_missed():
    """Two equal entries can be exchanged at every point, and a symmetric block transposed."""

    def same(x):
        return jnp.sum(x)

    comparison = check(same, jnp.ones_like, np.array([0.3, -0.7]))
    (result,) = comparison
    swapped = next(p for p in plant(result) if p.fault == "two entries swapped")
    assert swapped.places == 0
    assert "two entries swapped" not in str(selftest(comparison))
    assert "the smallest error detected: " in str(selftest(comparison))


def test_nothing_is_planted_in_what_is_wrong_or_missing():
    with pytest.raises(InputError, match="no hand-written gradient to plant faults in; give one"):
        selftest(check(value, None, X0))
    doubled = check(value, lambda p: {"W": 2 * gradient(p)["W"], "b": gradient(p)["b"]}, X0)
    with pytest.raises(InputError, match="is ANALYTIC_WRONG; plant faults in a gradient that"):
        selftest(doubled)
