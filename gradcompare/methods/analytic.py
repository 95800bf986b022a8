"""The hand-written derivative.

The directional derivative is the hand-written `directional` if the objective has one, else
f'(x; u) = ∇f(x)ᵀu, which holds wherever f is differentiable.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from .._evaluation.rounding import estimate_with_rounding
from .._model.estimate import Estimate
from .._model.objective import Objective, Quantity
from ._base import AbstractEvaluator, AbstractMethod

FIELDS: dict[Quantity, tuple[str, ...]] = {
    "gradient": ("gradient",),
    "directional": ("gradient", "directional"),
    **{quantity: (quantity,) for quantity in ("jacobian", "jvp", "hessian", "hvp")},
}
"""The functions of an objective that give each quantity."""

NAMES = {
    "directional": "directional derivative",
    "jacobian": "Jacobian",
    "jvp": "Jacobian-vector product",
    "hessian": "Hessian",
    "hvp": "Hessian-vector product",
}


@dataclass(frozen=True)
class Analytic(AbstractMethod):
    """The hand-written derivative; its error bar is its own rounding error."""

    label: ClassVar = "analytic"
    symbol: ClassVar = "A"
    source: ClassVar = "analytic"
    votes: ClassVar = True

    def unsupported(self, objective: Objective, quantity: Quantity) -> str | None:
        if any(getattr(objective, field) is not None for field in FIELDS[quantity]):
            return None
        return f"{objective.name} has no hand-written {NAMES.get(quantity, quantity)}"

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        hand = evaluator.problem.objective

        def gradient(params, data, direction):
            assert hand.gradient is not None  # otherwise the method is unsupported
            return hand.gradient(params, data)

        def directional(params, data, direction):
            if hand.directional is not None:
                return hand.directional(params, direction, data)
            return tree_dot(gradient(params, data, direction), direction)

        def matrix(params, data, direction):
            return getattr(hand, quantity)(params, data)

        def product(params, data, direction):
            return getattr(hand, quantity)(params, direction, data)

        quantity, sparse = evaluator.problem.quantity, evaluator.problem.sparsity is not None
        functions = {"gradient": gradient, "directional": directional}
        functions |= {"jvp": product, "hvp": product}
        # A sparse matrix comes with its products with random directions.
        functions |= dict.fromkeys(("jacobian", "hessian"), product if sparse else matrix)
        return estimate_with_rounding(evaluator, self, functions[quantity])


def tree_dot(a, b):
    """Returns the inner product of two pytrees of the same structure."""
    return jax.tree.reduce(jnp.add, jax.tree.map(lambda p, q: jnp.sum(p * q), a, b))


METHODS = (Analytic(),)
