"""Derivatives given in another convention: right if it is declared, wrong if it is not."""

from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Convention, InputError, Objective, Verdict, compare

VOTERS = ("analytic", "reverse", "richardson")


def value(params, data):
    """f(S, s) = Σ aᵢⱼ sin(Sᵢⱼ) + Σ sₖ³, whose derivative with respect to S is not symmetric."""
    return jnp.sum(data * jnp.sin(params["S"])) + jnp.sum(params["s"] ** 3)


def gradient(params, data):
    return {"S": data * jnp.cos(params["S"]), "s": 3 * params["s"] ** 2}


def make(rng, size):
    S = rng.uniform(0.5, 2.0, (size, size))
    params = {"S": S + S.T, "s": rng.uniform(0.5, 2.0, size)}
    return params, rng.standard_normal((size, size))


def symmetric(g):
    return {"S": (g["S"] + g["S"].T) / 2, "s": g["s"]}


def times(factor, g):
    return {name: factor * part for name, part in g.items()}


def logarithmic(params, g):
    return {name: params[name] * part for name, part in g.items()}


CONVENTIONS = {
    "log": (Convention(wrt="log"), lambda p, g: logarithmic(p, g)),
    "sign": (Convention(sign=-1), lambda p, g: times(-1, g)),
    "scale": (Convention(scale=0.5), lambda p, g: times(0.5, g)),
    "symmetric": (Convention(symmetric=True), lambda p, g: symmetric(g)),
    "all": (
        Convention(wrt="log", sign=-1, scale=2, symmetric=True),
        lambda p, g: times(-2, logarithmic(p, symmetric(g))),
    ),
}

every_convention = pytest.mark.parametrize("name", CONVENTIONS)
QUANTITIES = ["gradient", "directional"]
every_quantity = pytest.mark.parametrize("quantity", QUANTITIES)
in_turn = pytest.mark.parametrize(
    ("name", "quantity"),
    sweep(
        product(CONVENTIONS, QUANTITIES),
        [(name, QUANTITIES[turn % 2 - 1]) for turn, name in enumerate(CONVENTIONS)],
    ),
)


def objective(convention, given, **fields):
    """The objective whose hand-written gradient is `given(params, ∇f)`."""

    def by_hand(params, data):
        return given(params, gradient(params, data))

    return Objective("in-convention", value, make, by_hand, convention=convention, **fields)


def verdict(objective, quantity="gradient", dtype="float64"):
    options = {"quantity": quantity, "dtype": dtype, "sizes": 3, "points": 1, "timing": False}
    (result,) = compare(objective, VOTERS, **options)
    return result.verdict, result


@in_turn
def test_declared_convention_agrees(name, quantity):
    found, result = verdict(objective(*CONVENTIONS[name]), quantity)
    assert found is Verdict.AGREE, str(result)
    assert not result.unverified


@in_turn
def test_undeclared_convention_is_wrong(name, quantity):
    found, result = verdict(objective(Convention(), CONVENTIONS[name][1]), quantity)
    assert found is Verdict.ANALYTIC_WRONG, str(result)


@every_convention
def test_fault_under_a_convention_is_found(name):
    convention, given = CONVENTIONS[name]

    def faulty(params, g):
        right = given(params, g)
        return right | {"S": right["S"].at[0, 1].multiply(1.0001)}

    found, result = verdict(objective(convention, faulty))
    assert found is Verdict.ANALYTIC_WRONG
    assert result.points[0].judgement.faulty == (1,)


@every_convention
def test_accuracy_in_float32_knows_the_convention(name):
    found, result = verdict(objective(*CONVENTIONS[name]), dtype="float32")
    assert found is Verdict.AGREE
    for method in ("analytic", "reverse"):
        assert result.accuracy[method].relative_error < 1e-5


def test_with_respect_to_the_logarithm_nothing_below_zero_is_evaluated():
    """The point lies so near to zero that differences would cross it."""

    def near_zero(rng, size):
        return {"S": np.full((1, 1), 1e-3), "s": np.full(1, 1e-9)}, np.ones((1, 1))

    def no_further(params, data):
        return value(params, data) + jnp.sum(jnp.where(params["s"] < 0, jnp.nan, 0.0))

    convention, given = CONVENTIONS["log"]
    objective_ = Objective(
        "near-zero",
        no_further,
        near_zero,
        lambda p, d: given(p, gradient(p, d)),
        convention=convention,
    )
    found, result = verdict(objective_)
    assert found is Verdict.AGREE, str(result)


def test_point_without_a_logarithm_is_refused():
    def at_zero(rng, size):
        return {"S": np.ones((1, 1)), "s": np.zeros(1)}, np.ones((1, 1))

    bad = Objective("at-zero", value, at_zero, gradient, convention=Convention(wrt="log"))
    (result,) = compare(bad, VOTERS, timing=False)
    assert result.verdict is Verdict.ERROR
    assert "the point is 0.0 at s[0], outside of the bounds" in result.message


@every_quantity
def test_upper_bound_may_be_larger_but_not_smaller(quantity):
    """Only where the derivative is positive is twice as much an upper bound."""

    def positive(params, data):
        return jnp.sum(jnp.exp(params))

    def bound(factor):
        return Objective(
            "bound",
            positive,
            lambda rng, size: (rng.standard_normal(size), None),
            lambda params, data: factor * jnp.exp(params),
            directional=lambda p, u, d: jnp.sum(jnp.exp(p) * u) + (factor - 1),
            convention=Convention(intent="upper_bound"),
        )

    for factor in (1.0, 2.0):
        found, result = verdict(bound(factor), quantity)
        assert found is Verdict.AGREE
        assert "declared as an upper bound: only entries that are too small" in str(result)
    assert verdict(bound(0.999), quantity)[0] is Verdict.ANALYTIC_WRONG


BAD = {
    "wrt": ({"wrt": "sqrt"}, r"wrt='sqrt'; give one of 'parameters', 'log'"),
    "sign": ({"sign": 2}, "sign=2; give one of 1, -1"),
    "intent": ({"intent": "lower"}, "intent='lower'; give one of 'gradient', 'upper_bound'"),
    "reduction": ({"reduction": "max"}, "reduction='max'; give one of '', 'sum', 'mean'"),
    "scale": ({"scale": -1.0}, "scale=-1.0; give a positive number"),
}


@pytest.mark.parametrize("field", BAD)
def test_bad_convention_is_refused(field):
    given, message = BAD[field]
    with pytest.raises(InputError, match=message):
        Convention(**given)
