"""Automatic differentiation by JAX, in its two modes.

Reverse mode costs a small multiple of one value, whatever the number of parameters d;
forward mode costs a small multiple of d values (Griewank & Walther, Evaluating Derivatives,
2nd ed. 2008, sections 3.2 and 3.3). For a directional derivative both are cheap: forward
mode is then one Jacobian-vector product.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, PyTree

from .._evaluation.evaluator import Evaluator
from .._evaluation.near.chunks import map_chunks
from .._evaluation.rounding import estimate_with_rounding
from .._foundation.errors import LostDerivativeError, outcome_of
from .._foundation.frames import caller_of, returns
from .._foundation.layout import Layout
from .._foundation.user_code import describe, is_users, line_of
from .._introspection.jax_internals import is_traced
from .._model.estimate import Estimate
from .._model.problem import Problem
from .._model.sparse.pattern import Pattern
from ._base import AbstractEvaluator, AbstractMethod
from .analytic import tree_dot

Slopes = Callable[..., PyTree]
"""A derivative as a function of parameters, data and direction."""

MOST_COLOURS = 64
"""Largest number of colours of a sparse matrix that forward mode computes together."""


@dataclass(frozen=True)
class Reverse(AbstractMethod):
    """Reverse mode, `jax.grad`; its error bar is its own rounding error.

    Forward mode takes its place where reverse mode is not to be had, as through a `while_loop` or
    a rule that cannot be transposed; the report says so.
    """

    label: ClassVar = "reverse"
    symbol: ClassVar = "J"
    source: ClassVar = "autodiff"
    votes: ClassVar = True
    several: ClassVar = True

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        problem = evaluator.traceable
        if problem.quantity not in ("gradient", "directional"):
            forward = _of_several(problem, jax.jacfwd)
            return self._of(evaluator, _of_several(problem, jax.grad), forward)
        value = problem.objective.value

        def gradient(params, data, direction):
            return jax.grad(_followed(value, params))(params, data)

        def slope(params, data, direction):
            return tree_dot(jax.grad(_followed(value, params))(params, data), direction)

        function = gradient if problem.quantity == "gradient" else slope
        return self._of(evaluator, function, _forward(evaluator))

    def _of(self, evaluator: AbstractEvaluator, reverse: Slopes, forward: Slopes) -> Estimate:
        """Returns the estimate by reverse mode, or by forward mode where it alone can be had.

        Args:
            evaluator: The evaluator of the point.
            reverse: Computes the derivative in reverse mode.
            forward: Computes it in forward mode.
        """
        outcome = outcome_of(lambda: estimate_with_rounding(evaluator, self, reverse))
        if isinstance(outcome, Estimate):
            return outcome
        instead = outcome_of(lambda: estimate_with_rounding(evaluator, self, forward))
        if isinstance(instead, Exception):
            raise outcome
        if isinstance(evaluator, Evaluator):
            evaluator.cache.forward = True
            evaluator.cache.remark(
                "reverse: this is forward mode, as reverse mode cannot be had: "
                f"{describe(outcome)}"
            )
        return instead


@dataclass(frozen=True)
class ForwardMode(AbstractMethod):
    """Forward mode, one `jax.jvp` for each coordinate, in chunks."""

    label: ClassVar = "forward-mode"
    symbol: ClassVar = "Jf"
    source: ClassVar = "autodiff"
    standard: ClassVar = False

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        return estimate_with_rounding(evaluator, self, _forward(evaluator))


def _forward(evaluator: AbstractEvaluator) -> Slopes:
    """Returns the gradient, or the derivative along the direction, in forward mode."""
    value, layout = evaluator.traceable.objective.value, evaluator.problem.layout

    def gradient(params, data, direction):
        x, f = layout.ravel(params), _followed(value, params)

        def partial(i):
            unit = jnp.zeros_like(x).at[i].set(1)
            return jax.jvp(lambda x: f(layout.unflatten(x), data), (x,), (unit,))[1]

        return map_chunks(partial, (jnp.arange(layout.size),), evaluator.chunk, x.dtype)

    # One Jacobian-vector product along u, instead of d of them.
    def slope(params, data, direction):
        f = _followed(value, params)
        return jax.jvp(lambda p: f(p, data), (params,), (direction,))[1]

    return gradient if evaluator.problem.quantity == "gradient" else slope


def _of_several(problem: Problem, gradient: Callable[..., Slopes]) -> Slopes:
    """Returns autodiff of a function with several results, or of the second order.

    Reverse mode gives the gradient, and forward mode its derivative: that costs least.

    Args:
        problem: The problem.
        gradient: Makes the gradient of a scalar function, `jax.grad` or `jax.jacfwd`.
    """
    objective = problem.objective

    def function(params, data):
        if problem.quantity in ("hessian", "hvp"):
            return gradient(_followed(objective.value, params))(params, data)
        assert objective.residuals is not None
        return _followed(objective.residuals, params)(params, data)

    wide = problem.results is not None and problem.results.size < problem.layout.size
    by_rows = problem.quantity == "jacobian" and wide and gradient is jax.grad
    mode = jax.jacrev if by_rows else jax.jacfwd

    def matrix(params, data, direction):
        return mode(function)(params, data)

    def product(params, data, direction):
        return jax.jvp(lambda p: function(p, data), (params,), (direction,))[1]

    if problem.sparsity is not None:
        return partial(_sparse, function, problem.layout, problem.sparsity)
    return matrix if problem.direction is None else product


def _sparse(
    function: Callable[..., PyTree],
    layout: Layout,
    pattern: Pattern,
    params: PyTree,
    data: PyTree,
    directions: PyTree,
) -> Array:
    """Returns the entries of a sparse matrix by forward mode along colours, and its products."""
    colours = jnp.asarray(pattern.colours)
    probes = jax.tree.map(lambda leaf: leaf[:-1], directions)
    unit = layout.ravel(jax.tree.map(lambda leaf: leaf[-1], directions))

    def product(tangent):
        slopes = jax.jvp(lambda p: function(p, data), (params,), (tangent,))[1]
        return Layout.of(slopes).ravel(slopes)

    def column(colour):
        return product(layout.unflatten(jnp.where(colours == colour, unit, 0.0)))

    together = min(pattern.count, MOST_COLOURS)
    columns = lax.map(column, jnp.arange(pattern.count), batch_size=together)
    entries = columns[pattern.colours[pattern.column], pattern.row] / unit[pattern.column]
    return jnp.concatenate([entries, jnp.ravel(jax.vmap(product)(probes))])


def _followed(value: Callable[..., Array], params: PyTree) -> Callable[..., Array]:
    """Returns a value that raises where autodiff silently loses what it returns.

    While JAX traces, `.item()` raises an error. In a function that is only called, it returns a
    number, of which JAX does not know that it depends on the parameters.

    Raises:
        LostDerivativeError: when it is called, with the first line that takes such a number.
    """
    if any(is_traced(leaf) for leaf in jax.tree.leaves(params)):
        return value

    def followed(*args: PyTree) -> Array:
        lines: list[str] = []

        def see(call: FrameType, result: Any) -> None:
            if _leaves_jax(call, result) and (caller := caller_of(call)) is not None:
                lines.append(line_of(caller.f_code.co_filename, caller.f_lineno))

        with returns(see) as possible:
            result = value(*args)
        if not possible:
            raise LostDerivativeError(
                "a profiler is active that cannot be paused, and beside it nobody sees whether "
                "Python takes the number behind a traced value"
            )
        if lines:
            raise LostDerivativeError(
                f"Python takes the number behind a traced value at {lines[0]}, and JAX does not "
                "follow what is computed with it"
            )
        return result

    return followed


def _leaves_jax(call: FrameType, result: Any) -> bool:
    """Whether a user's line got an inexact number for a traced one: from JAX, by this call."""
    if not isinstance(result, (float, complex, np.inexact, np.ndarray)):
        return False
    names, caller = call.f_code.co_varnames, caller_of(call)
    if not names or not is_traced(call.f_locals.get(names[0])) or caller is None:
        return False
    inexact = np.issubdtype(np.asarray(result).dtype, np.inexact)
    return (
        inexact and is_users(caller.f_code.co_filename) and not is_users(call.f_code.co_filename)
    )


METHODS = (Reverse(), ForwardMode())
