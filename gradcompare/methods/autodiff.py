"""Automatic differentiation by JAX, in its two modes.

Reverse mode costs a small multiple of one value, whatever the number of parameters d;
forward mode costs a small multiple of d values (Griewank & Walther, Evaluating Derivatives,
2nd ed. 2008, sections 3.2 and 3.3). For a directional derivative both are cheap: forward
mode is then one Jacobian-vector product.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from .._evaluation.chunks import map_chunks
from .._evaluation.rounding import estimate_with_rounding
from .._model.estimate import Estimate
from ._base import AbstractEvaluator, AbstractMethod
from .analytic import tree_dot


@dataclass(frozen=True)
class Reverse(AbstractMethod):
    """Reverse mode, `jax.grad`; its error bar is its own rounding error."""

    label: ClassVar = "reverse"
    symbol: ClassVar = "J"
    source: ClassVar = "autodiff"
    votes: ClassVar = True

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        value = evaluator.problem.objective.value

        def gradient(params, data, direction):
            return jax.grad(value)(params, data)

        def slope(params, data, direction):
            return tree_dot(jax.grad(value)(params, data), direction)

        function = gradient if evaluator.problem.quantity == "gradient" else slope
        return estimate_with_rounding(evaluator, self, function)


@dataclass(frozen=True)
class ForwardMode(AbstractMethod):
    """Forward mode, one `jax.jvp` for each coordinate, in chunks."""

    label: ClassVar = "forward-mode"
    symbol: ClassVar = "Jf"
    source: ClassVar = "autodiff"
    standard: ClassVar = False

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        value, layout = evaluator.problem.objective.value, evaluator.problem.layout
        chunk = evaluator.chunk

        def gradient(params, data, direction):
            x = layout.ravel(params)

            def partial(i):
                unit = jnp.zeros_like(x).at[i].set(1)
                return jax.jvp(lambda x: value(layout.unflatten(x), data), (x,), (unit,))[1]

            return map_chunks(partial, (jnp.arange(layout.size),), chunk, x.dtype)

        # One Jacobian-vector product along u, instead of d of them.
        def slope(params, data, direction):
            return jax.jvp(lambda p: value(p, data), (params,), (direction,))[1]

        function = gradient if evaluator.problem.quantity == "gradient" else slope
        return estimate_with_rounding(evaluator, self, function)


METHODS = (Reverse(), ForwardMode())
