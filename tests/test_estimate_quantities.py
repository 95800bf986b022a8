"""`estimate` of every quantity: within its bars, for traced functions and those on the host."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradcompare
from gradcompare import InputError, estimate

X = {"a": np.array([0.5, -0.7]), "b": np.array(1.1)}
V = {"a": np.array([0.3, 1.0]), "b": np.array(-0.4)}
U = {"sine": np.array([1.0, -2.0]), "product": np.array(0.5)}


def residuals(x):
    library = jnp if isinstance(jax.tree.leaves(x)[0], jax.Array) else np
    return {"sine": library.sin(x["a"] * x["b"]), "product": x["a"][0] * x["b"] ** 2}


def energy(x):
    library = jnp if isinstance(jax.tree.leaves(x)[0], jax.Array) else np
    return library.sum(library.cos(x["a"] * x["b"])) + x["a"][0] * x["b"] ** 3


def on_host(function):
    def called(x):
        return jax.tree.map(np.asarray, function(jax.tree.map(np.asarray, x)))

    return called


TRUTH = {
    "gradient": (energy, {}, lambda: jax.grad(energy)(X)),
    "directional": (energy, {"direction": V}, lambda: jax.jvp(energy, (X,), (V,))[1]),
    "partial": (energy, {"coordinate": "a[1]"}, lambda: jax.grad(energy)(X)["a"][1]),
    "jacobian": (residuals, {}, lambda: jax.jacobian(residuals)(X)),
    "jvp": (residuals, {"direction": V}, lambda: jax.jvp(residuals, (X,), (V,))[1]),
    "vjp": (residuals, {"direction": U}, lambda: jax.vjp(residuals, X)[1](U)[0]),
    "hessian": (energy, {}, lambda: jax.hessian(energy)(X)),
    "hvp": (energy, {"direction": V}, lambda: jax.jvp(jax.grad(energy), (X,), (V,))[1]),
}


@pytest.mark.parametrize("place", ["traced", "host"])
@pytest.mark.parametrize("quantity", TRUTH)
def test_every_quantity_is_within_its_bars(quantity, place):
    fun, options, truth = TRUTH[quantity]
    found = estimate(on_host(fun) if place == "host" else fun, X, quantity=quantity, **options)
    with jax.enable_x64(True):
        expected = jax.tree.map(np.asarray, truth())
    assert jax.tree.structure(found.value) == jax.tree.structure(expected)
    for value, error, true in zip(
        *map(jax.tree.leaves, (found.value, found.error, expected)), strict=True
    ):
        assert np.shape(value) == np.shape(true)
        assert np.all(np.abs(value - true) <= error + 1e-15)
        assert np.all(error <= 1e-4)


def test_autodiff_estimates_them_too():
    found = estimate(residuals, X, quantity="jacobian", method="reverse")
    near = estimate(residuals, X, quantity="jacobian")
    for a, b, bar in zip(
        *map(jax.tree.leaves, (found.value, near.value, near.error)), strict=True
    ):
        np.testing.assert_array_less(np.abs(a - b), 3 * bar + 1e-14)


def test_a_gradient_makes_second_derivatives_sharper():
    plain = estimate(energy, X, quantity="hessian")
    sharp = estimate(energy, X, quantity="hessian", gradient=jax.grad(energy))
    bars = [max(float(np.max(leaf)) for leaf in jax.tree.leaves(e.error)) for e in (plain, sharp)]
    assert bars[1] < 0.1 * bars[0]


def test_a_coordinate_has_a_number_too():
    by_number = estimate(energy, X, quantity="partial", coordinate=2)
    by_name = estimate(energy, X, quantity="partial", coordinate="b")
    assert by_number.value == by_name.value
    assert np.ndim(by_number.value) == 0


def square(x):
    return jnp.sum(x**2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: estimate(square, [1.0], quantity="jvp"), "jvp needs a direction"),
        (lambda: estimate(jnp.sin, [1.0], quantity="vjp"), "vjp needs a direction"),
        (lambda: estimate(square, [1.0], quantity="partial"), "partial needs a coordinate"),
        (lambda: estimate(square, [1.0], quantity="partial", coordinate=1), "from 0 to 0"),
        (
            lambda: estimate(square, [1.0], quantity="partial", coordinate="y"),
            "unknown coordinate",
        ),
        (lambda: estimate(square, [1.0], coordinate=0), "goes with partial"),
        (
            lambda: estimate(square, [1.0], quantity="gradient", direction=[1.0]),
            "goes with directional",
        ),
        (lambda: estimate(square, [1.0], gradient=square), "goes with hessian"),
        (lambda: estimate(square, [1.0], quantity="jacobian"), "use check for its gradient"),
        (lambda: estimate(jnp.sin, [1.0, 2.0]), "or use check_jacobian"),
        (lambda: estimate(jnp.sin, [1.0], quantity="jacobi"), "unknown quantity 'jacobi'"),
        (
            lambda: estimate(square, [1.0, 2.0], quantity="hvp", direction=[1.0]),
            r"the direction has shape \(1,\)",
        ),
        (
            lambda: estimate(jnp.sin, [1.0, 2.0], quantity="vjp", direction=[1.0]),
            r"the cotangent has shape \(1,\)",
        ),
        (
            lambda: gradcompare.check_vjp(jnp.sin, None, [1.0, 2.0], cotangent=[0.0, 0.0]),
            "the cotangent is zero",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_one_clear_error(call, words):
    with pytest.raises(InputError, match=words):
        call()
