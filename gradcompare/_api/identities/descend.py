"""`descend`: gradient descent with the gradient of each source, from one start."""

import math
from collections.abc import Callable
from typing import Any, Literal, Unpack

import numpy as np

from ..._engine.descent.result import Descent
from ..._engine.descent.runs import Limits, descents
from ..._engine.identities.field import Field
from ..._engine.settings import Settings
from ..._foundation.errors import InputError, require_between, require_count
from ..._foundation.layout import PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._model.objective import Objective
from ..._model.problem import Problem
from .problems import Options, objective_of, problem_of, settings_of, signature_of

ITERATIONS = 100
"""Largest number of steps."""

TOLERANCE = 1e-6
"""Ratio of the gradient to that at the start at which a descent is at its end."""


def descend(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    x0: PyTree,
    *args: Any,
    iterations: int = ITERATIONS,
    tolerance: float = TOLERANCE,
    **options: Unpack[Options],
) -> Descent:
    """Descends from one start with your gradient, with autodiff and with central differences.

    Before, the slope along −g is compared with f: f′(x; u) = gᵀu, and a small step has to change f
    by what is predicted. Each descent halves its steps until f falls by enough (Armijo).

    Args:
        value: `value(x, *args)`, a scalar.
        gradient: `gradient(x, *args)`, in the structure of `x`; True where `value` returns the
            pair; None for autodiff.
        x0: The start.
        args: Further arguments of both functions.
        iterations: Largest number of steps.
        tolerance: A descent ends where the largest entry of the gradient is this share of that at
            the start.
        options: `argnums`, `bounds`, `domain`, `seed` and `device`, as for `check`.

    Returns:
        The descents: print them, or ask for `.ok` or `.runs`.

    Raises:
        InputError: if an argument cannot be used, or the value at the point is not finite or
            differs from call to call.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return jnp.sum((x - 1) ** 4)
        >>> def gradient(x):
        ...     return -4 * (x - 1) ** 3  # a wrong sign
        >>> print(gradcompare.descend(value, gradient, [2.0, 3.0]))
        value (d = 2): f does not change along −g as the gradient predicts
          f′(x; u) = -32.2... for u = −g / ‖g‖; f shows 32.2... ± ...
          gradient    steps    values    f at the end  ...
          analytic    0        51        17            ... no step along −g decreases f
          reverse     ...
          central     ...
    """
    signature = signature_of((x0, *args), options)
    objective = objective_of(value, gradient, signature, options)
    settings, limits = settings_of(gradient, options), _limits(iterations, tolerance)
    return _descended(problem_of(objective, signature), settings, limits)


def descend_objective(
    objective: Objective,
    size: int | None = None,
    *,
    seed: int = 0,
    iterations: int = ITERATIONS,
    tolerance: float = TOLERANCE,
) -> Descent:
    """Descends from a point that an objective draws, at a size or its own first one.

    Raises:
        InputError: if the gradient is declared to be that of something else.
    """
    if not objective.convention.plain:
        raise InputError(
            f"{objective.name} declares a gradient in another convention, along which f need not "
            "fall; name another objective"
        )
    rng = np.random.default_rng([require_count("seed", seed, 0), 0])
    params, data = objective.make(rng, objective.sizes[0] if size is None else size)
    problem = Problem.at(objective, params, data, f"draw 1 of seed {seed}")
    return _descended(problem, settings_of(objective.gradient, {}), _limits(iterations, tolerance))


def _limits(iterations: int, tolerance: float) -> Limits:
    require_count("iterations", iterations)
    require_between("tolerance", tolerance, -math.ulp(0.0), 1, "a number from 0 to below 1")
    return Limits(int(iterations), float(tolerance))


def _descended(problem: Problem, settings: Settings, limits: Limits) -> Descent:
    with precision_scope(FLOAT64):
        return descents(Field.at(problem, settings), limits)
