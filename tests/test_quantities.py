"""Jacobians, Hessians and products: right ones agree, wrong ones are named, on host and traced."""

import dataclasses
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeps import sweep

import gradcompare
from gradcompare import InputError, Verdict
from gradcompare._api.compare import prepare

RNG = np.random.default_rng(0)
A = RNG.standard_normal((6, 4))
X = np.array([0.5, -0.7, 1.1, 0.3])


def residuals(x, A):
    return jnp.tanh(A @ x) * x[0]


def jacobian(x, A):
    t = jnp.tanh(A @ x)
    return ((1 - t**2) * x[0])[:, None] * A + t[:, None] * jnp.eye(4)[0]


def on_host(function):
    return lambda *args: np.asarray(function(*args))


def float_of(function):
    compiled = jax.jit(function)
    return lambda *args: float(compiled(*args))


def energy(x):
    return jnp.sum(jnp.cos(x[1:] * x[:-1])) + x[0] ** 3


def energy_hessian(x):
    return jax.hessian(energy)(x) * 1.0


ROW_FAULTS = {
    "sign of a row": (lambda J: J.at[2].mul(-1), "row 2", "opposite sign"),
    "factor of a row": (lambda J: J.at[1].mul(2), "row 1", "multiply by 0.5"),
    "two rows exchanged": (
        lambda J: J[jnp.array([0, 4, 2, 3, 1, 5])],
        "row 1",
        "is that of row 4",
    ),
    "a row of zeros": (lambda J: J.at[3].set(0), "row 3", "0"),
    "a column of zeros": (lambda J: J.at[:, 2].set(0), "column 2", "0, and the reference is not"),
    "sign of a column": (lambda J: J.at[:, 1].mul(-1), "column 1", "opposite sign"),
    "two columns exchanged": (lambda J: J[:, jnp.array([1, 0, 2, 3])], "column 0", "column 1"),
    "everything": (lambda J: -J, "every row", "opposite sign"),
}


@pytest.mark.parametrize("place", ["traced", "host"])
def test_a_right_jacobian_agrees(place):
    wrap = on_host if place == "host" else lambda f: f
    check = gradcompare.check_jacobian(wrap(residuals), wrap(jacobian), X, A)
    assert check.verdict is Verdict.AGREE
    assert not check.results[0].unverified


PLACES = ["traced", "host"]
FEW_FAULTS = [(fault, PLACES[turn % 2]) for turn, fault in enumerate(ROW_FAULTS)]


@pytest.mark.parametrize(("fault", "place"), sweep(product(ROW_FAULTS, PLACES), FEW_FAULTS))
def test_a_wrong_jacobian_is_named(fault, place):
    change, where, what = ROW_FAULTS[fault]
    wrap = on_host if place == "host" else lambda f: f
    wrong = wrap(lambda x, A: change(jacobian(x, A)))
    check = gradcompare.check_jacobian(wrap(residuals), wrong, X, A)
    assert check.verdict is Verdict.ANALYTIC_WRONG
    findings = " ".join(map(str, check.results[0].diagnosis))
    assert where in findings
    assert what in findings


def test_a_transposed_matrix_is_named():
    check = gradcompare.check_jacobian(
        lambda x, A: residuals(x, A)[:4], lambda x, A: jacobian(x, A)[:4].T, X, A
    )
    assert "transpose" in str(check)


def test_entries_of_pytrees_have_the_names_of_both():
    def fun(x):
        return {"sum": x["a"] + x["b"][0], "product": jnp.stack([x["a"] * x["b"][1]])}

    def jac(x):
        one, zero = jnp.ones(()), jnp.zeros(())
        return {
            "sum": {"a": one, "b": jnp.stack([one, zero])},
            "product": {"a": x["b"][1][None], "b": -jnp.stack([zero, x["a"]])[None]},
        }

    x0 = {"a": np.array(0.5), "b": np.array([1.0, 2.0])}
    check = gradcompare.check_jacobian(fun, jac, x0)
    assert check.verdict is Verdict.ANALYTIC_WRONG
    assert "product[0] by b[1]" in str(check)
    right = gradcompare.check_jacobian(fun, lambda x: jax.jacobian(fun)(x), x0)
    assert right.verdict in (Verdict.AGREE, Verdict.NOT_A_CHECK)


CHANGES = {
    "none": (lambda H: H, Verdict.AGREE),
    "sign": (lambda H: -H, Verdict.ANALYTIC_WRONG),
    "half an entry": (lambda H: H.at[0, 0].mul(0.5), Verdict.ANALYTIC_WRONG),
    "no cross term": (lambda H: H.at[1, 2].mul(0), Verdict.ANALYTIC_WRONG),
}
WAYS = list(product(PLACES, [True, False]))
# The right one each way, and each change one way or another.
FEW_CHANGES = [(*way, "none") for way in WAYS] + [
    (*WAYS[turn % len(WAYS)], change) for turn, change in enumerate(CHANGES) if change != "none"
]


@pytest.mark.parametrize(
    ("place", "with_gradient", "changed"),
    sweep([(*way, change) for way in WAYS for change in CHANGES], FEW_CHANGES),
)
def test_hessians(place, with_gradient, changed):
    wrap = (lambda f: on_host(jax.jit(f))) if place == "host" else lambda f: f
    value = float_of(energy) if place == "host" else energy
    gradient = wrap(lambda x: jax.grad(energy)(x) * 1.0) if with_gradient else None
    change, verdict = CHANGES[changed]
    hessian = wrap(lambda x: change(energy_hessian(x)))
    assert gradcompare.check_hessian(value, hessian, X, gradient=gradient).verdict is verdict


def test_a_wrong_gradient_beside_a_hessian_is_reported_itself():
    check = gradcompare.check_hessian(
        energy, energy_hessian, X, gradient=lambda x: -jax.grad(energy)(x)
    )
    assert check.results[0].quantity == "gradient"
    assert check.results[0].verdict is Verdict.ANALYTIC_WRONG


def test_a_hessian_that_is_not_symmetric_is_said_to_be():
    check = gradcompare.check_hessian(energy, lambda x: energy_hessian(x).at[0, 1].mul(-1), X)
    assert check.verdict is Verdict.ANALYTIC_WRONG
    assert "not symmetric" in str(check)
    assert "x[0], x[1]" in str(check)


@pytest.mark.parametrize("place", ["traced", "host"])
@pytest.mark.sweep
def test_products(place):
    wrap = on_host if place == "host" else lambda f: f
    value = float_of(energy) if place == "host" else energy
    # A copy at each call: JAX may hand an array that it met in float64 to a program in float32.
    fun = wrap(lambda x: residuals(x, A.copy()))

    hessian = jax.jit(energy_hessian) if place == "host" else energy_hessian

    def hvp(sign):
        return wrap(lambda x, v: hessian(x) @ v * sign)

    def jvp(sign):
        return wrap(lambda x, v: jacobian(x, A.copy()) @ v * sign)

    def vjp(sign):
        return wrap(lambda x, u: u @ jacobian(x, A.copy()) * sign)

    right, wrong = np.ones(4), np.array([1.0, -1, 1, 1])
    checks = [
        (gradcompare.check_hvp, value, hvp, right, wrong),
        (gradcompare.check_vjp, fun, vjp, right, wrong),
        (gradcompare.check_jvp, fun, jvp, np.ones(6), np.array([1.0, 1, 1, 1, 1, -1])),
    ]
    for check, f, signed, yes, no in checks:
        assert check(f, signed(yes), X).verdict is Verdict.AGREE, check
        assert check(f, signed(no), X).verdict is Verdict.ANALYTIC_WRONG, check


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1.0, 1e3]))
@settings(max_examples=10, deadline=None)
@pytest.mark.sweep
def test_second_differences_are_within_their_bars(seed, scale):
    """Of f alone, on the host, with the closed form as truth."""
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal(3) * scale, rng.standard_normal((3, 3))

    def value(x):
        return float(np.sum(np.sin(w @ (x / scale))))

    truth = -(w.T * np.sin(w @ (x / scale))) @ w / scale**2
    check = gradcompare.check_hessian(value, lambda x: truth, x, points=1)
    bars = check.results[0].points[0].estimates["richardson"]
    assert np.all(np.abs(bars.value.reshape(3, 3) - truth) <= bars.error.reshape(3, 3) + 1e-15)
    assert np.max(bars.error) <= 1e-4 * np.max(np.abs(truth))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gradcompare.check_jacobian(energy, energy_hessian, X), "use check"),
        (lambda: gradcompare.check_jacobian(residuals, jacobian(X, A).T, X, A), "give a function"),
        (
            lambda: gradcompare.check_jacobian(residuals, lambda x, A: jacobian(x, A).T, X, A),
            "is it transposed?",
        ),
        (lambda: gradcompare.check_hessian(residuals, energy_hessian, X, A), "check_jacobian"),
        (
            lambda: gradcompare.check_hvp(energy, lambda x, v: v, X, direction=np.zeros(4)),
            "direction is zero",
        ),
        (
            lambda: gradcompare.check_hvp(energy, lambda x, v: v, X, direction=np.ones(3)),
            "the direction has shape (3,)",
        ),
    ],
)
def test_bad_input_gets_a_clear_error(call, words):
    with pytest.raises(InputError) as error:
        call()
    assert words in str(error.value)


Z = np.array([0.8 + 0.1j, 0.4 - 0.2j, 0.1 - 0.6j])
B = RNG.standard_normal((10, 3)) + 1j * RNG.standard_normal((10, 3))


def intensity(z, B):
    return jnp.sum(jnp.abs(B @ z) ** 4)


def ascent(z, B):
    """∂f/∂x + i ∂f/∂y, by hand."""
    a = B @ z
    return jnp.conj(B).T @ (4 * jnp.abs(a) ** 2 * a)


CONVENTIONS = {
    "jax": lambda z, B: jnp.conj(ascent(z, B)),
    "ascent": ascent,
    "wirtinger": lambda z, B: ascent(z, B) / 2,
}


@pytest.mark.parametrize(
    ("convention", "place"),
    sweep(
        product(CONVENTIONS, PLACES),
        [("jax", "host"), ("ascent", "traced"), ("wirtinger", "host")],
    ),
)
def test_conventions_of_complex_gradients(convention, place):
    value, gradient = intensity, CONVENTIONS[convention]
    if place == "host":
        value, gradient = float_of(intensity), on_host(gradient)
    declared = gradcompare.check(value, gradient, Z, B, complex_convention=convention)
    assert declared.verdict is Verdict.AGREE
    if convention != "jax":
        (result,) = gradcompare.check(value, gradient, Z, B)
        assert result.verdict is Verdict.ANALYTIC_WRONG
        assert result.diagnosis[0].kind == "conjugate"
        assert f'complex_convention="{convention}"' in str(result)


def test_a_wrong_complex_gradient_is_not_called_conjugate():
    (result,) = gradcompare.check(intensity, lambda z, B: jnp.conj(ascent(z, B)) * 1.1, Z, B)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert all(finding.kind != "conjugate" for finding in result.diagnosis)


def test_complex_parameters_beside_real_ones():
    def value(p):
        return jnp.abs(p["z"]) ** 2 * p["a"]

    def gradient(p):
        return {"z": 2 * jnp.conj(p["z"]) * p["a"], "a": jnp.abs(p["z"]) ** 2}

    assert gradcompare.check(value, gradient, {"z": 1 + 2j, "a": 0.5}).verdict is Verdict.AGREE


def test_an_option_that_does_not_exist_is_an_error():
    with pytest.raises(gradcompare.UnknownNameError, match="unknown option 'point'"):
        gradcompare.check_hessian(energy, energy_hessian, X, point=3)


def test_a_method_for_gradients_alone_is_not_used():
    methods = ["analytic", "richardson", "central"]
    (result,) = gradcompare.check_jacobian(residuals, jacobian, X, A, methods=methods)
    assert result.verdict is Verdict.AGREE
    assert "gradients and directional derivatives alone" in str(result)


@pytest.mark.parametrize(
    "name",
    sweep(
        ["ridge", "tanh-network", "rosenbrock", "lstm", "kalman-filter"],
        {"ridge", "tanh-network", "rosenbrock"},
    ),
)
def test_products_of_registered_objectives(name):
    objective = gradcompare.get_objective(name)
    (result,) = gradcompare.compare(objective, quantity="hvp", points=1, timing=False)
    assert result.quantity == "hvp"
    assert result.verdict is Verdict.AGREE
    wrong = dataclasses.replace(objective, hvp=lambda p, u, d: negated(objective.hvp(p, u, d)))
    (result,) = gradcompare.compare(wrong, quantity="hvp", points=1, timing=False)
    assert result.verdict is Verdict.ANALYTIC_WRONG


def negated(tree):
    return jax.tree.map(lambda leaf: -leaf, tree)


def test_objectives_without_a_product_by_hand_are_left_out():
    cases, _ = prepare(quantity="hvp")
    assert all(case.objective.hvp is not None for case in cases)
    assert len(cases) > 50
