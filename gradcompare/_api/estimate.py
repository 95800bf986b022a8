"""`estimate`: a numerical derivative of the user's function, with its error bar."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from .._engine.run import estimate_one
from .._engine.settings import Settings, make_settings
from .._foundation.errors import InputError, UnknownNameError
from .._foundation.layout import Layout, PyTree
from .._model.arguments.complex_parts import imaginary
from .._model.arguments.signature import Signature
from .._model.arguments.validation import as_point
from .._model.estimate import Estimate
from .._model.objective import Objective, Quantity
from .._model.problem import Problem
from ..methods._base import AbstractMethod
from .several.quantity import (
    Options,
    objective_of,
    objective_of_pullback,
    objective_of_results,
)

Estimated = Literal[
    "gradient", "directional", "partial", "jacobian", "jvp", "vjp", "hessian", "hvp"
]
"""The derivatives that can be estimated."""

ALONG = ("directional", "jvp", "vjp", "hvp")
"""Those that need a direction."""

SECOND = ("hessian", "hvp")
"""Those that a gradient serves."""


def estimate(
    value: Callable[..., Any],
    x0: PyTree,
    *args: Any,
    argnums: int | Sequence[int] = 0,
    quantity: Estimated | None = None,
    method: str | AbstractMethod = "richardson",
    direction: PyTree | None = None,
    coordinate: str | int | None = None,
    gradient: Callable[..., PyTree] | None = None,
    bounds: tuple[PyTree, PyTree] = (-math.inf, math.inf),
    device: str | None = None,
    memory_bytes: int = Settings.memory_bytes,
    executor: Executor | None = None,
) -> Estimate:
    """Returns a numerical derivative with its error bar: a gradient, or another quantity.

    Args:
        value: `value(x, *args)`, a scalar; for `jacobian`, `jvp` and `vjp` a pytree of arrays. A
            function of JAX is compiled, any other is called on the host.
        x0: The point, an array or a pytree of arrays.
        args: Further arguments of `value`, as for `check`.
        argnums: The numbers of the arguments to differentiate; `x0` is number 0.
        quantity: `gradient`, or `directional` with a direction, by default; `partial`,
            `jacobian`, `jvp`, `vjp`, `hessian` or `hvp`.
        method: A method that needs no hand-written gradient, or its label.
        direction: A direction in the structure of `x0`, for `directional`, `jvp` and `hvp`; for
            `vjp`, in the structure of the result of `value`.
        coordinate: For `partial`, the number of the coordinate in the flat vector, or its name
            in reports, such as `w[3, 1]`.
        gradient: `gradient(x, *args)`, for `hessian` and `hvp`: differences of it are taken
            instead of second differences of `value`, which have half of the digits.
        bounds: The lower and the upper bounds of the parameters, as for `check`.
        device: The default device of JAX by default.
        memory_bytes: Largest temporary memory of the perturbed points together.
        executor: For a `value` on the host, as for `check`.

    Returns:
        An estimate whose `value` and `error` are NumPy float64 in the structure of the
        derivative: that of `x0` for `gradient`, `vjp` and `hvp`, of `jax.jacobian` and
        `jax.hessian` for these, of the result for `jvp`, and a scalar otherwise.

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
        >>> def rotated(x):
        ...     return np.array([x[0] * x[1], x[0] - x[1]])
        >>> jacobian = gradcompare.estimate(rotated, [0.5, 1.0], quantity="jacobian")
        >>> np.round(jacobian.value, 6)
        array([[ 1. ,  0.5],
               [ 1. , -1. ]])
    """
    usual = "gradient" if direction is None else "directional"
    chosen = usual if quantity is None else quantity
    _require_fitting(chosen, direction, coordinate, gradient)
    signature = Signature.of((x0, *args), argnums)
    if imaginary(signature.params) is not None:
        raise InputError(
            "the point has complex numbers; give a function of their real and imaginary parts"
        )
    options: Options = {"bounds": bounds}
    objective, results = _objective(value, chosen, signature, options, direction, gradient)
    kind = _kind(chosen)
    u = _unit(Layout.of(signature.params), coordinate) if chosen == "partial" else direction
    settings = make_settings(
        [method], quantity=kind, device=device, memory_bytes=memory_bytes, executor=executor
    )
    problem = Problem.at(
        objective,
        signature.params,
        signature.data,
        "x0",
        None if chosen == "vjp" else as_point(u),
        kind,
        results,
    )
    reason = settings.methods[0].unsupported(objective, problem.quantity)
    if reason is not None:
        raise InputError(f"method {settings.methods[0].name!r} cannot be used: {reason}")
    flat = estimate_one(problem, settings.methods[0], settings)
    # At a kink there is no derivative: the bar around the middle covers both one-sided ones.
    left, right = flat.one_sided
    error = flat.error + np.nan_to_num(np.abs(right - left)) / 2
    return replace(flat, error=error).unflatten(problem.output)


def _require_fitting(
    quantity: str,
    direction: PyTree | None,
    coordinate: str | int | None,
    gradient: Callable[..., PyTree] | None,
) -> None:
    """Checks that the arguments belong to the quantity.

    Raises:
        InputError: if one is missing, or has no part in it.
    """
    if quantity not in get_args(Estimated):
        raise UnknownNameError("quantity", quantity, get_args(Estimated))
    places = {
        "direction": (direction, ALONG, "one that the derivative is taken along"),
        "coordinate": (coordinate, ("partial",), "its number, or its name such as x[0]"),
    }
    for name, (argument, quantities, what) in places.items():
        if argument is None and quantity in quantities:
            raise InputError(f"{quantity} needs a {name}; give {what}")
        if argument is not None and quantity not in quantities:
            raise InputError(f"a {name} goes with {', '.join(quantities)}, not with {quantity}")
    if gradient is not None and quantity not in SECOND:
        raise InputError(f"a gradient goes with {', '.join(SECOND)}, not with {quantity}")


def _objective(
    fun: Callable[..., Any],
    quantity: str,
    signature: Signature,
    options: Options,
    direction: PyTree | None,
    gradient: Callable[..., PyTree] | None,
) -> tuple[Objective, Layout | None]:
    """Returns the objective of a quantity, and the layout of its results if it has several."""
    if quantity in ("jacobian", "jvp"):
        return objective_of_results(fun, signature, options)
    if quantity == "vjp":
        return objective_of_pullback(fun, signature, options, direction), None
    return objective_of(fun, signature, options, gradient), None


def _kind(quantity: str) -> Quantity:
    """Returns the quantity of the engine: a partial derivative is along a unit vector."""
    match quantity:
        case "partial":
            return "directional"
        case "vjp":
            return "gradient"
        case "directional" | "jacobian" | "jvp" | "hessian" | "hvp":
            return quantity
    return "gradient"


def _unit(layout: Layout, coordinate: str | int | None) -> PyTree:
    """Returns the unit vector of one coordinate."""
    return layout.unflatten(np.eye(1, layout.size, coordinate_number(layout, coordinate))[0])


def coordinate_number(layout: Layout, coordinate: str | int | None) -> int:
    """Returns the number of a coordinate in the flat vector.

    Raises:
        InputError: if there is no such coordinate.
    """
    if isinstance(coordinate, str):
        names = [layout.name(i) for i in range(layout.size)]
        if coordinate not in names:
            raise UnknownNameError("coordinate", coordinate, names)
        coordinate = names.index(coordinate)
    if not isinstance(coordinate, (int, np.integer)) or not -1 < coordinate < layout.size:
        raise InputError(
            f"coordinate is {coordinate!r}; give a name, or a number from 0 to {layout.size - 1}"
        )
    return int(coordinate)
