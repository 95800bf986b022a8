"""Every Hessian-vector product written by hand, against JAX's forward-over-reverse one.

There is no tolerance by name: the bar is what rounding does to the product, as its spread where
the point, the direction and the data move by a few units in the last place.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from sweeps import sweep

from gradcompare import get_objective, list_objectives
from gradcompare._evaluation.rounding import nudge

OBJECTIVES = {
    name: get_objective(name) for name in list_objectives() if get_objective(name).hvp is not None
}

NUDGES = 6
"""How often the arguments are moved."""

SAFETY = 16
"""How many times the spread of so few moves counts as rounding."""


def forward_over_reverse(objective, params, direction, data):
    """By JAX, and for a product with respect to log θ, that of z ↦ f(exp z) at z = log θ."""
    logarithmic = objective.convention.wrt == "log"
    z = jax.tree.map(jnp.log, params) if logarithmic else params

    def gradient(z):
        def value(z):
            return objective.value(jax.tree.map(jnp.exp, z) if logarithmic else z, data)

        return jax.grad(value)(z)

    return jax.jvp(gradient, (z,), (direction,))[1]


@functools.cache
def products(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The product by hand, by JAX, and the bar of each coordinate, at the first draw."""
    objective = OBJECTIVES[name]
    drawn = objective.make(np.random.default_rng([0, 0]), objective.sizes[0])
    # As arrays, which moved arguments are, so that there is one program for both.
    params, data = jax.tree.map(np.asarray, drawn)
    rng = np.random.default_rng(1)
    # Relative to the point, as coordinates can differ by factors of a million.
    direction = jax.tree.map(
        lambda x: rng.standard_normal(np.shape(x)) * np.where(x == 0, 1.0, np.abs(x)), params
    )

    def both(params, direction, data):
        by_hand = objective.hvp(params, direction, data)
        by_jax = forward_over_reverse(objective, params, direction, data)
        return ravel_pytree(by_hand)[0], ravel_pytree(by_jax)[0]

    epsilon = float(np.finfo(np.float64).eps)
    with jax.enable_x64(True):
        run = jax.jit(both)
        by_hand, by_jax = map(np.asarray, run(params, direction, data))
        moved = [
            np.stack(
                run(*jax.tree.map(lambda x, s=s: nudge(x, s, epsilon), (params, direction, data)))
            )
            for s in range(NUDGES)
        ]
    spread = np.max(np.abs(np.array(moved) - np.stack([by_hand, by_jax])), axis=(0, 1))
    # A coordinate in which the moves cancel still rounds as the others do.
    return by_hand, by_jax, SAFETY * (spread + epsilon * np.linalg.norm(by_jax))


SOME = list(OBJECTIVES)[::12]
"""Those whose products are compiled always."""


@pytest.mark.parametrize("name", sweep(OBJECTIVES, SOME))
def test_hvp_by_hand_agrees_with_autodiff(name):
    by_hand, by_jax, bar = products(name)
    assert np.all(np.isfinite(by_hand))
    assert np.any(by_jax)
    assert np.all(np.abs(by_hand - by_jax) <= bar)


WRONG = {
    "one percent": lambda product: 1.01 * product,
    "sign": lambda product: -product,
    "one coordinate": lambda product: (
        product * np.where(np.arange(len(product)) == np.argmax(np.abs(product)), 1.001, 1)
    ),
}


@pytest.mark.parametrize("fault", WRONG)
@pytest.mark.parametrize("name", sweep(OBJECTIVES, SOME))
def test_wrong_hvp_is_noticed(name, fault):
    by_hand, by_jax, bar = products(name)
    assert np.any(np.abs(WRONG[fault](by_hand) - by_jax) > bar)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_hvp_has_the_structure_of_the_parameters(name):
    objective = OBJECTIVES[name]
    params, data = objective.make(np.random.default_rng(0), objective.sizes[0])
    with jax.enable_x64(True):
        product = jax.eval_shape(objective.hvp, params, params, data)
    assert jax.tree.structure(product) == jax.tree.structure(params)
    assert jax.tree.map(np.shape, product) == jax.tree.map(np.shape, params)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_autodiff_inside_the_hvp(name, monkeypatch):
    objective = OBJECTIVES[name]

    def forbidden(*args, **kwargs):
        raise AssertionError("a hand-written Hessian-vector product called autodiff")

    for function in ("grad", "vjp", "jvp", "value_and_grad", "jacfwd", "jacrev", "linearize"):
        monkeypatch.setattr(jax, function, forbidden)
    params, data = objective.make(np.random.default_rng(0), objective.sizes[0])
    jax.eval_shape(objective.hvp, params, params, data)
