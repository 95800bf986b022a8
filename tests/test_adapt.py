"""The forms in which people bring a function: pairs, modules, other arguments, other domains."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import InputError, UnknownNameError, Verdict, check, estimate

X0 = np.array([0.5, -1.0, 2.0])
A = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])


def value(x, a):
    return jnp.sum(jnp.sin(a @ x) ** 2)


def gradient(x, a):
    return jnp.sin(2 * (a @ x)) @ a


def wrong(x, a):
    return 1.001 * gradient(x, a)


def both(x, a):
    return value(x, a), gradient(x, a)


def numpy_both(x, a):
    return float(np.sum(np.sin(a @ x) ** 2)), np.sin(2 * np.asarray(a @ x)) @ a


@pytest.mark.parametrize("pair", [both, numpy_both])
def test_value_and_gradient_together(pair):
    assert check(pair, True, X0, A).verdict is Verdict.AGREE


def test_a_wrong_gradient_in_a_pair_is_found():
    comparison = check(lambda x, a: (value(x, a), wrong(x, a)), True, X0, A)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG


def test_a_value_alone_is_no_pair():
    with pytest.raises(InputError, match=r"value gives .*; with gradient=True, return the pair"):
        check(value, True, X0, A)


def test_the_parameters_may_be_another_argument():
    def by_matrix(x, a):
        return jnp.outer(jnp.sin(2 * (a @ x)), x)

    assert check(value, by_matrix, X0, A, argnums=1).verdict is Verdict.AGREE
    pair = check(value, lambda x, a: (gradient(x, a), by_matrix(x, a)), X0, A, argnums=(0, 1))
    assert pair.verdict is Verdict.AGREE
    assert pair.results[0].d == 9
    found = check(value, lambda x, a: 1.01 * by_matrix(x, a), X0, A, argnums=1)
    assert found.verdict is Verdict.ANALYTIC_WRONG
    np.testing.assert_allclose(
        estimate(value, X0, A, argnums=1).value, by_matrix(X0, A), rtol=1e-6, atol=1e-15
    )


@pytest.mark.parametrize("argnums", [2, (0, 0), (), (0, 5)])
def test_arguments_that_are_not_there(argnums):
    with pytest.raises(InputError, match="there are 2 arguments; give the positions"):
        check(value, gradient, X0, A, argnums=argnums)


@jax.tree_util.register_dataclass
@dataclass
class Layer:
    """As Equinox has them: a pytree whose leaves are arrays, functions and whatever else."""

    W: Any
    b: Any
    activation: Any
    name: Any
    width: Any
    nothing: Any = None


LAYER = Layer(A, np.array([0.1, -0.2]), jnp.tanh, "first", 2)


def layered(layer, x):
    return jnp.sum(layer.activation(layer.W @ x + layer.b) ** 2) * layer.width


def by_layer(layer, x):
    h = jnp.tanh(layer.W @ x + layer.b)
    D = 2 * h * (1 - h**2) * layer.width
    return Layer(jnp.outer(D, x), D, None, None, None)


def test_a_module_with_functions_names_and_integers():
    comparison = check(layered, by_layer, LAYER, X0)
    assert comparison.verdict is Verdict.AGREE
    (result,) = comparison
    assert result.d == 8
    assert result.name(7) == "b[1]"
    assert check(layered, None, LAYER, X0).verdict is Verdict.AGREE


def test_a_module_of_gradients_may_hold_what_the_module_holds():
    """Zeros and the like at what is no parameter."""

    def full(layer, x):
        g = by_layer(layer, x)
        return Layer(g.W, g.b, layer.activation, layer.name, 0)

    assert check(layered, full, LAYER, X0).verdict is Verdict.AGREE

    def swapped(layer, x):
        g = full(layer, x)
        return Layer(g.W, g.b[::-1], g.activation, g.name, 0)

    assert check(layered, swapped, LAYER, X0).verdict is Verdict.ANALYTIC_WRONG


def test_scalars_and_empty_leaves():
    def scaled(p):
        return p["s"] ** 2 * jnp.sum(p["w"]) + jnp.sum(p["none"])

    def by_hand(p):
        return {
            "s": 2 * p["s"] * jnp.sum(p["w"]),
            "w": p["s"] ** 2 * jnp.ones_like(p["w"]),
            "none": jnp.zeros_like(p["none"]),
        }

    x0 = {"s": 3.0, "w": np.array([1.0, 2.5]), "none": np.zeros((0, 4))}
    assert check(scaled, by_hand, x0).verdict is Verdict.AGREE


def test_many_data_in_a_closure_are_remarked():
    many = jnp.asarray(np.random.default_rng(0).standard_normal((200_000, 3)), jnp.float32)

    def captures(x):
        return jnp.mean((many @ x) ** 2)

    assert "value captures 2.3 MiB of data" in str(check(captures, None, X0, points=1))
    passed = check(lambda x, A: jnp.mean((A @ x) ** 2), None, X0, np.asarray(many), points=1)
    assert "captures" not in str(passed)


def test_data_in_a_closure_are_allowed():
    captured = jnp.asarray(A, jnp.float32)
    comparison = check(lambda x: value(x, captured), lambda x: gradient(x, captured), X0)
    assert comparison.verdict is Verdict.AGREE


CONVENTIONS = {
    "log": ({"wrt": "log"}, lambda x, a: x * gradient(x, a)),
    "sign": ({"sign": -1}, lambda x, a: -gradient(x, a)),
    "scale": ({"scale": 0.5}, lambda x, a: gradient(x, a) / 2),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_declared_conventions(name):
    options, given = CONVENTIONS[name]
    x0 = np.abs(X0)
    assert check(value, given, x0, A, **options).verdict is Verdict.AGREE
    assert check(value, given, x0, A).verdict is Verdict.ANALYTIC_WRONG


def test_symmetric_parameters():
    S = np.array([[2.0, 0.5], [0.5, 1.0]])
    B = np.array([[1.0, 3.0], [-2.0, 0.5]])

    def trace(s):
        return jnp.sum(jnp.asarray(B) * s**2)

    def by_hand(s):
        g = 2 * B * s
        return (g + g.T) / 2

    assert check(trace, by_hand, S, symmetric=True, tails=True).verdict is Verdict.AGREE
    assert check(trace, by_hand, S, points=1).verdict is Verdict.ANALYTIC_WRONG


def test_domains_by_name():
    def entropy(x):
        return jnp.sum(x["p"] * jnp.log(x["p"])) + jnp.sum(x["q"])

    def by_hand(x):
        return {"p": jnp.log(x["p"]) + 1, "q": jnp.ones_like(x["q"])}

    x0 = {"p": np.array([0.2, 1e-7]), "q": np.array([1.0])}
    domain = {"p": "positive", "q": "real"}
    assert check(entropy, by_hand, x0, domain=domain).verdict is Verdict.AGREE
    with pytest.raises(UnknownNameError, match="unknown domain 'positiv'; did you mean positive"):
        check(entropy, by_hand, x0, domain="positiv")
    with pytest.raises(InputError, match="both bounds and domain are given; give one of them"):
        check(entropy, by_hand, x0, domain="positive", bounds=(0.0, 1.0))


def test_tails_find_what_is_wrong_far_out():
    """The sign of the asymptotic branch is wrong, and it begins at 20."""

    def tailed(x):
        return jnp.sum(jnp.logaddexp(0, -x))

    def by_hand(x):
        return jnp.where(x > 20, jnp.exp(-x), -1 / (1 + jnp.exp(x)))

    x0 = np.array([0.7, 1.3])
    assert check(tailed, by_hand, x0, points=1).verdict is Verdict.AGREE
    comparison = check(tailed, by_hand, x0, tails=True, points=1)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    assert "at tail of x0, same signs" in str(comparison)


def test_reference_says_whether_the_value_is_the_one_meant():
    def meant(x, a):
        return jnp.sum(jnp.sin(jnp.dot(a, x)) * jnp.sin(a @ x))

    assert check(value, gradient, X0, A, reference=meant).verdict is Verdict.AGREE
    off = check(value, gradient, X0, A, reference=lambda x, a: meant(x, a) + 1e-9)
    assert off.verdict is Verdict.VALUE_DIFFERS
    assert "the value is " in str(off)
    assert ", that of the reference " in str(off)
    # A wrong gradient is the worse news.
    assert check(value, wrong, X0, A, reference=lambda x, a: 0 * value(x, a)).verdict is (
        Verdict.ANALYTIC_WRONG
    )


def test_a_linear_solve_is_no_autodiff():
    """It holds its transposed solve, which JAX makes for a derivative that may be taken."""
    matrix = np.array([[2.0, 0.3], [0.3, 1.0]])

    def energy(x):
        return x @ jnp.linalg.solve(matrix, x)

    def by_hand(x):
        return 2 * jnp.linalg.solve(matrix, x)

    def by_autodiff(x):
        return 1.0 * jax.grad(energy)(x)

    x = np.array([1.0, 2.0])
    assert "calls autodiff itself" not in str(check(energy, by_hand, x, points=1))
    assert "calls autodiff itself" in str(check(energy, by_autodiff, x, points=1))


def test_a_gradient_that_calls_autodiff_is_said_to_be_no_second_source():
    def partly(x, a):
        u = a @ x
        return jax.grad(lambda u: jnp.sum(jnp.sin(u) ** 2))(u) @ a

    comparison = check(value, partly, X0, A)
    assert "the analytic derivative calls autodiff itself" in str(comparison)
    assert "calls autodiff itself" not in str(check(value, gradient, X0, A))
    assert check(value, jax.grad(value), X0, A).verdict is Verdict.NOT_A_CHECK


@jax.custom_jvp
def squared_sine(u):
    return jnp.sin(u) ** 2


@squared_sine.defjvp
def squared_sine_rule(primals, tangents):
    return squared_sine(primals[0]), jnp.sin(2 * primals[0]) * tangents[0]


def test_a_rule_written_by_hand_is_named():
    comparison = check(lambda x, a: jnp.sum(squared_sine(a @ x)), gradient, X0, A)
    assert comparison.verdict is Verdict.AGREE
    assert "autodiff follows a rule written by hand, squared_sine at test_adapt.py:" in str(
        comparison
    )
    # Those of JAX itself are trusted.
    trusted = check(lambda x, a: jnp.sum(jax.nn.relu(a @ x) ** 2), None, X0, A)
    assert "rule written by hand" not in str(trusted)


def test_series_and_lists_are_read_as_arrays():
    class Series:
        """As pandas has them."""

        def __array__(self, dtype=None, copy=None):
            return np.array([0.5, -1.0])

    def cubes(x):
        return jnp.sum(x**3)

    assert check(cubes, lambda x: [3 * x[0] ** 2, 3 * x[1] ** 2], Series()).verdict is (
        Verdict.AGREE
    )
    numpy = check(
        lambda x: float(np.sum(x**3)), lambda x: [3 * float(v) ** 2 for v in x], [1.0, 2]
    )
    assert numpy.verdict is Verdict.AGREE
