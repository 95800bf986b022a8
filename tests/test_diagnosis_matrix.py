"""A product with a matrix that is missing from a gradient, or there and should not be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check

RNG = np.random.default_rng(0)
L, A, B = (RNG.standard_normal(shape) for shape in ((3, 3), (3, 3), (4, 3)))


def value(p, A, B):
    return jnp.sum((B @ p["L"] @ A) ** 2) + jnp.sum(jnp.exp(p["b"]))


def gradient(p, A, B):
    return {"L": 2 * B.T @ B @ p["L"] @ A @ A.T, "b": jnp.exp(p["b"])}


def found(gradient):
    result = check(value, gradient, {"L": L, "b": np.array([0.3, -0.2])}, A, B).results[0]
    assert result.verdict is Verdict.ANALYTIC_WRONG
    return [(f.kind, str(f)) for f in result.diagnosis]


PRODUCTS = {
    "lacks a multiplication by Aᵀ from the right": lambda p, A, B: 2 * B.T @ B @ p["L"] @ A,
    "lacks a multiplication by A from the right": lambda p, A, B: _right(p, A, B) @ _inverse(A),
    "lacks a multiplication by L from the left": lambda p, A, B: (
        _inverse(p["L"]) @ _right(p, A, B)
    ),
    "has one multiplication too many, by A from the left": lambda p, A, B: A @ _right(p, A, B),
    "has one multiplication too many, by Lᵀ from": lambda p, A, B: _right(p, A, B) @ p["L"].T,
}


# With A and with L, transposed and not, from the left and from the right, too few and too many.
@pytest.mark.parametrize("text", sweep(PRODUCTS, every=2))
def test_one_product(text):
    ((kind, said),) = found(lambda p, A, B: {**gradient(p, A, B), "L": PRODUCTS[text](p, A, B)})
    assert kind == "matrix factor"
    assert said.startswith(f"L: the gradient {text}")
    assert "; b agrees; " in said


def _right(p, A, B):
    return gradient(p, A, B)["L"]


def _inverse(matrix):
    return jnp.linalg.inv(matrix)


@pytest.mark.sweep
def test_near_miss_another_matrix():
    def wrong(p, A, B):
        return {**gradient(p, A, B), "L": (A + 0.01 * jnp.eye(3)) @ _right(p, A, B)}

    assert "matrix factor" not in [kind for kind, _ in found(wrong)]


def test_near_miss_a_product_at_one_point_only():
    """Where the matrix is the identity, everything is a product with it."""

    def value(L, A):
        return jnp.sum((L @ A) ** 2)

    def wrong(L, A):
        return jax.grad(value)(L, A) + 0.1 * (L - jnp.eye(3)) @ L

    result = check(value, wrong, np.eye(3), A).results[0]
    assert "matrix factor" not in [f.kind for f in result.diagnosis]
