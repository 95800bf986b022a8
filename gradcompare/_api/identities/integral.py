"""`integral`: the line integral of a gradient against the function."""

import math
from collections.abc import Callable
from typing import Any, Literal, Unpack

from ..._engine.identities.field import Field
from ..._engine.identities.integral import LineIntegral, integral_of
from ..._foundation.errors import require_between, require_count
from ..._foundation.layout import PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from .problems import Options, objective_of, problem_of, settings_of, signature_of

RADIUS = 0.1
"""Distance of the corners from the point, relative to each coordinate."""

SEGMENTS = 4
"""Number of edges of the polygon."""


def integral(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    x0: PyTree,
    *args: Any,
    radius: float = RADIUS,
    segments: int = SEGMENTS,
    **options: Unpack[Options],
) -> LineIntegral:
    """Compares f(b) − f(a) with the integral of the gradient from a to b: a check without a step.

    It serves where finite differences do not: an f with noise, from a solver, or in float32. The
    integrals run along the edges of a polygon, from `x0` over random points back to `x0`.

    Args:
        value: `value(x, *args)`, a scalar.
        gradient: `gradient(x, *args)`, in the structure of `x`; True where `value` returns the
            pair; None for autodiff.
        x0: The point.
        args: Further arguments of both functions.
        radius: The distance of the other corners from `x0`, relative to each coordinate. A larger
            one serves for a larger noise. It is halved where f is not finite.
        segments: The number of edges, at least 3.
        options: `argnums`, `bounds`, `domain`, `seed`, `device` and `accuracy`, as for `check`.

    Returns:
        The integrals: print them, or ask for `.ok`, `.answer`, `.gaps`, `.bars`, `.digits` or
        `.error`, the error of the gradient relative to its norm.

    Raises:
        InputError: if an argument cannot be used, or the value at the point is not finite or
            differs from call to call.

    Examples:
        >>> import numpy as np
        >>> import gradcompare
        >>> def value(x):
        ...     return float(np.sum(np.sin(x)) + 1e-5 * np.sin(1e9 * x[0]))  # noisy
        >>> x0 = np.linspace(0.2, 1.0, 5)
        >>> gradcompare.integral(value, np.cos, x0).answer
        'right'
        >>> print(gradcompare.integral(value, lambda x: 0.9 * np.cos(x), x0))
        value (d = 5): f is not the integral of this gradient
          corners    f(b) − f(a)    ∫ g·dl    gap
          0 → 1      ...
          ...
          Along 4 lines within 10 % of x, the integral of the gradient is off by at least ...
          ...
    """
    require_count("segments", segments, 3)
    require_between("radius", radius, 0, math.inf, "a positive number, such as 0.1")
    signature = signature_of((x0, *args), options)
    objective = objective_of(value, gradient, signature, options)
    settings = settings_of(gradient, options)
    with precision_scope(FLOAT64):
        field = Field.at(problem_of(objective, signature), settings)
        return integral_of(field, radius, int(segments), settings.seed, objective.accuracy)
