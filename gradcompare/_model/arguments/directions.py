"""A function of very many parameters, along a few directions alone.

With directions u₁ … uₖ, F(z) = f(x + z₁ u₁ + … + zₖ uₖ) has the derivatives of f along them: its
gradient at 0 holds gᵀuᵢ, and its Hessian uᵢᵀHuⱼ. So what has a million entries is compared in k of
them, as any other derivative is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, PyTree

from ..._foundation.errors import InputError
from ..._foundation.layout import Layout
from ..objective import Objective, Quantity
from ..problem import Problem

RANDOM = 2
"""Number of random directions in which every coordinate moves.

Their entries are wᵢ sᵢ, where wᵢ is about the size of coordinate i, and sᵢ has a random sign and a
random size between 1 and 2. So one wrong entry e always shows, if |e wᵢ| is above the least change
b that the error bars show. Several can cancel, with a probability of at most b / |e wᵢ| in each
direction, e being the worst of them (`_locate.directions` derives it).
"""

ALONG_RANDOM = tuple(f"along u{k}" for k in range(1, RANDOM + 2))
"""The names of the entries of a gradient: one more direction stands for that of a product."""

NAMES = (*ALONG_RANDOM[:RANDOM], "along v")
"""Those of a product: the random directions, and that of the product."""


@dataclass(frozen=True)
class AlongDirections:
    """A function of the parameters and its derivatives, as one of z; the point is data.

    Attributes:
        function: The function, `function(params, data)`.
        layout: The layout of the parameters.
        name: What it is called in a message; empty for the value, which is no derivative.
    """

    function: Callable[..., Any]
    layout: Layout
    name: str = ""

    def __call__(self, z: dict[str, Any], data: tuple) -> Any:
        others, point, vectors = data
        result = self.function(_moved(point, vectors, z), others)
        return self.products(result, vectors) if self.name else result

    def products(self, result: PyTree, vectors: dict[str, PyTree]) -> dict[str, Any]:
        """Returns the products of a derivative with the directions.

        Raises:
            InputError: if the derivative does not have the structure of the parameters.
        """
        if result is None:
            raise InputError(f"{self.name} is None; return the derivative: is a return forgotten?")
        self.layout.require_same(result, self.name)
        return {name: _dot(result, vector) for name, vector in vectors.items()}


@dataclass(frozen=True)
class ProductAlong:
    """The product of a Hessian with a combination of the directions, likewise.

    Attributes:
        function: The product, `function(params, direction, data)`, among functions of z.
    """

    function: AlongDirections

    def __call__(self, z: dict[str, Any], direction: dict[str, Any], data: tuple) -> Any:
        others, point, vectors = data
        nowhere = jax.tree.map(lambda leaf: 0 * leaf, point)
        u = _moved(nowhere, vectors, direction)
        result = self.function.function(_moved(point, vectors, z), u, others)
        return self.function.products(result, vectors)


@dataclass(frozen=True)
class OnDirections:
    """An objective and its product with one vector, along that and a few random directions.

    Attributes:
        plain: The objective.
        layout: The layout of its parameters.
        seed: The seed of the random directions.
    """

    plain: Objective
    layout: Layout
    seed: int

    @cached_property
    def objective(self) -> Objective:
        """The objective as a function of z."""
        plain, of = self.plain, f"of {self.plain.name}"
        gradient, hvp, other = plain.gradient, plain.hvp, plain.other
        product = hvp and AlongDirections(hvp, self.layout, f"the hvp {of}")
        return replace(
            plain,
            value=AlongDirections(plain.value, self.layout),
            gradient=gradient and AlongDirections(gradient, self.layout, f"the gradient {of}"),
            hvp=product and ProductAlong(product),
            other=other and AlongDirections(other, self.layout, f"other {of}"),
            reference=plain.reference and AlongDirections(plain.reference, self.layout),
            lower=-np.inf,
            upper=np.inf,
        )

    def at(self, problem: Problem, quantity: Quantity) -> Problem:
        """Returns the problem of z = 0 for that of a gradient, or of a Hessian times a vector.

        Args:
            problem: The problem; one of a product has its direction, which is one of them.
            quantity: The quantity that is compared: the gradient or the product.

        Raises:
            InputError: if a coordinate that moves lies at its bound.
        """
        x = self.layout.flatten(problem.params)
        if problem.direction is None:
            vectors = dict(zip(ALONG_RANDOM, _random(x, problem, self.seed, 1), strict=True))
            return self._lifted(x, vectors, problem, None, quantity)
        v = self.layout.flatten(problem.direction)
        size = float(np.linalg.norm(x)) or len(x) ** 0.5
        # A power of two, which changes no digit.
        unit = float(np.exp2(np.floor(np.log2(size / np.linalg.norm(v)))))
        rows = [*_random(x, problem, self.seed), unit * v]
        vectors = dict(zip(NAMES, rows, strict=True))
        u = {**dict.fromkeys(NAMES, 0.0), "along v": 1 / unit} if quantity == "hvp" else None
        return self._lifted(x, vectors, problem, u, quantity)

    def _lifted(
        self,
        x: Float[np.ndarray, " d"],
        vectors: dict[str, np.ndarray],
        problem: Problem,
        direction: dict[str, float] | None,
        quantity: Quantity,
    ) -> Problem:
        """Returns the problem of z = 0 along these vectors."""
        room = self._room(x, list(vectors.values()), problem)
        objective = replace(self.objective, lower=-room, upper=room)
        trees = {name: self.layout.unflatten(vector) for name, vector in vectors.items()}
        data, nowhere = (problem.data, problem.params, trees), dict.fromkeys(vectors, 0.0)
        lifted = Problem.at(objective, nowhere, data, problem.label, direction, quantity)
        return replace(lifted, shifts=True)

    def _room(
        self, x: Float[np.ndarray, " d"], vectors: Sequence[np.ndarray], problem: Problem
    ) -> float:
        """Returns how far every z may move together, so that x stays within its bounds."""
        lower, upper = problem.bounds
        if np.all(np.isinf(lower) & np.isinf(upper)):
            return np.inf
        reach = sum(map(np.abs, vectors))
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.where(reach > 0, np.minimum(x - lower, upper - x) / reach, np.inf)
        nearest = int(np.argmin(ends))
        if ends[nearest] > 0:
            return float(ends[nearest]) * (1 - 1e-12)  # x + z u is rounded
        raise InputError(
            f"{self.layout.name(nearest)} lies at its bound, and moves in the directions along "
            f"which a product with {len(x)} entries is compared; give a point inside, or a "
            "direction in which it does not move"
        )


def _moved(point: PyTree, vectors: dict[str, PyTree], z: dict[str, Any]) -> PyTree:
    """Returns the point moved along the directions."""
    for name, vector in vectors.items():
        t = z[name]
        point = jax.tree.map(lambda leaf, u, t=t: leaf + t * u, point, vector)
    return point


def _dot(a: PyTree, b: PyTree) -> Any:
    parts = jax.tree.map(lambda p, q: (p * q).sum(), a, b)
    return sum(jax.tree.leaves(parts))


def _random(
    x: Float[np.ndarray, " d"], problem: Problem, seed: int, more: int = 0
) -> list[np.ndarray]:
    """Draws the random directions, and more; a coordinate at its bound does not move."""
    lower, upper = problem.bounds
    typical = np.median(np.abs(x[x != 0])) if np.any(x) else problem.unit
    size = np.minimum(np.where(x == 0, typical, np.abs(x)), np.minimum(x - lower, upper - x))
    rng = np.random.default_rng([seed, len(x), RANDOM])
    signs = rng.choice([-1.0, 1.0], size=(RANDOM + more, len(x)))
    return list(signs * rng.uniform(1.0, 2.0, size=signs.shape) * size)
