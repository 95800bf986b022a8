"""`symmetry`: whether a vector field can be the gradient of any function."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack

from ..._engine.identities.symmetry import Symmetry, symmetry_of
from ..._engine.settings import evaluator_of
from ..._foundation.errors import require_count
from ..._foundation.layout import PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._model.arguments.several import Combination, random_direction
from ..._model.arguments.user_functions import Adapted
from ..._model.arguments.validation import ORDER, require_function
from ..._model.problem import Problem
from .problems import Options, objective_of, settings_of, signature_of

PAIRS = 3
"""Number of pairs of random directions."""


def symmetry(
    gradient: Callable[..., PyTree],
    x0: PyTree,
    *args: Any,
    pairs: int = PAIRS,
    **options: Unpack[Options],
) -> Symmetry:
    """Looks whether a gradient can be one, without its function: uᵀJv = vᵀJu for random u and v.

    J is the Jacobian of the gradient, which is symmetric for the gradient of any function with
    continuous second derivatives. A symmetric J does not show that the gradient is that of *your*
    function.

    Args:
        gradient: `gradient(x, *args)`, in the structure of `x`. Its Jacobian is computed by
            autodiff; for a function on the host, by differences of the gradient.
        x0: The point.
        args: Further arguments.
        pairs: The number of pairs of random directions.
        options: `argnums`, `bounds`, `domain`, `seed` and `device`, as for `check`.

    Returns:
        The products: print them, or ask for `.ok`, `.answer` or `.worst`, the two coordinates of
        the largest asymmetry, where there are at most 64.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def gradient(x):  # of x[0]² x[1], with a factor forgotten
        ...     return jnp.stack([x[0] * x[1], x[0] ** 2])
        >>> print(gradcompare.symmetry(gradient, [1.0, 3.0]))
        gradient (d = 2): this field is the gradient of no function
          uᵀJv ...
          The largest asymmetry: ∂g[x[0]]/∂x[1] = 1, but ∂g[x[1]]/∂x[0] = 2.
    """
    require_count("pairs", pairs)
    signature = signature_of((x0, *args), options)
    require_function("gradient", gradient, ORDER)
    field = Adapted(gradient, signature, "gradient")
    objective = objective_of(gradient, None, signature, options)
    if objective.name == "objective":  # a lambda, which has no name
        objective = replace(objective, name="gradient")
    settings = settings_of(None, options)
    with precision_scope(FLOAT64):
        start = Problem.at(objective, signature.params, signature.data, "x0")
        weights = random_direction(start.layout, 0)
        objective = replace(objective, value=Combination(field, weights), residuals=field)
        whole = replace(objective, gradient=field)  # so that its structure is checked
        evaluator = evaluator_of(replace(start, objective=whole), settings)
        problem = replace(start, objective=objective, quantity="jvp", results=start.layout)
        evaluator = evaluator.at(problem)
        return symmetry_of(evaluator, int(pairs), settings.seed)
