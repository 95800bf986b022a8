"""`estimate`: a numerical derivative of the user's function, with its error bar."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np

from .._engine.run import estimate_one
from .._engine.settings import Settings, make_settings
from .._foundation.errors import InputError
from .._foundation.layout import PyTree
from .._model.arguments.complex_parts import imaginary
from .._model.arguments.signature import Signature
from .._model.arguments.user_functions import as_objective
from .._model.arguments.validation import as_point
from .._model.estimate import Estimate
from .._model.problem import Problem
from ..methods._base import AbstractMethod


def estimate(
    value: Callable[..., Any],
    x0: PyTree,
    *args: Any,
    argnums: int | Sequence[int] = 0,
    method: str | AbstractMethod = "richardson",
    direction: PyTree | None = None,
    bounds: tuple[PyTree, PyTree] = (-math.inf, math.inf),
    device: str | None = None,
    memory_bytes: int = Settings.memory_bytes,
    executor: Executor | None = None,
) -> Estimate:
    """Returns a numerical gradient with its error bar, or a directional derivative.

    Args:
        value: `value(x, *args)`, a scalar. A function of JAX is compiled, any other is called on
            the host.
        x0: The point, an array or a pytree of arrays.
        args: Further arguments of `value`, as for `check`.
        argnums: The numbers of the arguments to differentiate; `x0` is number 0.
        method: A method that needs no hand-written gradient, or its label.
        direction: A direction in the structure of `x0`; estimates the derivative along it.
        bounds: The lower and the upper bounds of the parameters, as for `check`.
        device: The default device of JAX by default.
        memory_bytes: Largest temporary memory of the perturbed points together.
        executor: For a `value` on the host, as for `check`.

    Returns:
        An estimate whose `value` and `error` are in the structure of `x0`, NumPy float64;
        with `direction` they are scalars.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import numpy as np
        >>> import gradcompare
        >>> estimate = gradcompare.estimate(lambda x: float(np.sum(np.sin(x))), [0.5, 1.0])
        >>> estimate.value
        array([0.87758..., 0.54030...])
        >>> bool(np.all(np.abs(estimate.value - np.cos([0.5, 1.0])) <= estimate.error))
        True
        >>> print(estimate)
        derivative[0]  0.87758... ± ...
        derivative[1]  0.54030... ± ...
        ... values of f
    """
    signature = Signature.of((x0, *args), argnums)
    objective = as_objective(value, None, signature, bounds)
    settings = make_settings(
        [method],
        quantity="gradient" if direction is None else "directional",
        device=device,
        memory_bytes=memory_bytes,
        executor=executor,
    )
    point, u = signature.params, as_point(direction)
    if imaginary(point) is not None:
        raise InputError(
            "the point has complex numbers; give a function of their real and imaginary parts"
        )
    problem = Problem.at(objective, point, signature.data, "x0", u)
    reason = settings.methods[0].unsupported(objective, problem.quantity)
    if reason is not None:
        raise InputError(f"method {settings.methods[0].name!r} cannot be used: {reason}")
    flat = estimate_one(problem, settings.methods[0], settings)
    # At a kink there is no derivative: the bar around the middle covers both one-sided ones.
    left, right = flat.one_sided
    error = flat.error + np.nan_to_num(np.abs(right - left)) / 2
    return replace(flat, error=error).unflatten(problem.output)
