"""`remainder`: differentiability as it is defined, along one vector."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, Unpack

import numpy as np

from ..._engine.identities.differentiable import remainder_of
from ..._engine.identities.field import Field
from ..._engine.identities.remainder import Remainder
from ..._engine.point.second_opinion.taylor import sized_direction
from ..._engine.settings import Settings, evaluator_of
from ..._foundation.layout import PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._model.arguments.user_functions import Adapted
from ..._model.arguments.validation import ORDER, as_point, require_function
from ..._model.matrix_layout import MatrixLayout
from ..._model.problem import Problem
from ...methods._registry import find_method
from .problems import Options, objective_of, problem_of, settings_of, signature_of


def remainder(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    x0: PyTree,
    *args: Any,
    hessian: Callable[..., PyTree] | None = None,
    direction: PyTree | None = None,
    **options: Unpack[Options],
) -> Remainder:
    """Measures whether f is differentiable at a point with this gradient, by the definition.

    The ratio |f(x + v) − f(x) − gᵀv| / ‖v‖ is computed for one direction of v and lengths from a
    quarter of the size of x down to 10⁻¹¹ of it. It falls with slope 1 if g is right, and
    tends to |(∇f − g)ᵀv| / ‖v‖ if it is wrong. With a Hessian H, the remainder
    |f(x + v) − f(x) − gᵀv − vᵀHv/2| falls with slope 3 if H is right.

    Args:
        value: `value(x, *args)`, a scalar.
        gradient: `gradient(x, *args)`, in the structure of `x`; True where `value` returns the
            pair; None for autodiff.
        x0: The point.
        args: Further arguments of all functions.
        hessian: `hessian(x, *args)`, in the structure of `jax.hessian(value)`.
        direction: The direction of v, in the structure of `x0`; random by default, and every
            coordinate moves by about its size.
        options: `argnums`, `bounds`, `domain`, `seed` and `device`, as for `check`.

    Returns:
        A remainder: print it, or ask for its `.ok`, `.slope` or `.defect`.

    Raises:
        InputError: if an argument cannot be used, or the value at the point is not finite or
            differs from call to call.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return jnp.sum(x**3)
        >>> print(gradcompare.remainder(value, lambda x: 2 * x**2, [1.0, 2.0]))
        value (d = 2): this gradient is wrong along v
          ‖v‖      |f(x+v) − f(x) − gᵀv| / ‖v‖
          ...
          The ratio tends to |(∇f − g)ᵀv| / ‖v‖ = ... ± ..., ... % of the size of gᵀv / ‖v‖.
    """
    signature = signature_of((x0, *args), options)
    objective = objective_of(value, gradient, signature, options)
    if hessian is not None:
        require_function("hessian", hessian, ORDER)
        objective = replace(objective, hessian=Adapted(hessian, signature, "value"))
    problem = problem_of(objective, signature)
    settings = settings_of(gradient, options)
    given = None
    if direction is not None:
        along = Problem.at(objective, problem.params, problem.data, "x0", as_point(direction))
        given = _as_long_as(problem, problem.layout.flatten(along.direction))
    with precision_scope(FLOAT64):
        field = Field.at(problem, settings)
        v = sized_direction(field.evaluator, settings.seed) if given is None else given
        return remainder_of(field, v, None if hessian is None else _matrix(problem, settings))


def _as_long_as(problem: Problem, u: np.ndarray) -> np.ndarray:
    """Returns a direction as long as the point."""
    x = problem.layout.flatten(problem.params)
    size = np.linalg.norm(x) if np.any(x) else 1.0
    u = u / np.max(np.abs(u))  # the squares of very small numbers are 0
    return u * (size / np.linalg.norm(u))


def _matrix(problem: Problem, settings: Settings) -> np.ndarray:
    """Returns the Hessian at the point as one matrix."""
    evaluator = evaluator_of(replace(problem, quantity="hessian"), settings)
    layout = evaluator.problem.output
    assert isinstance(layout, MatrixLayout)
    return layout.matrix(find_method("analytic").estimate(evaluator).value)
