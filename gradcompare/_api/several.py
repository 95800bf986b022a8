"""Checks of derivatives other than the gradient of a scalar."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypedDict, Unpack

from .._engine.run import run
from .._engine.settings import Case, make_settings
from .._foundation.layout import Layout, PyTree
from .._model.arguments.several import (
    Combination,
    Product,
    Pullback,
    layout_of_results,
    random_direction,
)
from .._model.arguments.user_functions import Adapted, Signature, as_objective
from .._model.arguments.validation import ORDER, as_point, require_function
from .._model.objective import Objective, Quantity
from .._model.problem import Problem
from .._points.sources import Neighbourhood
from .._results.result import Comparison
from ..methods._base import AbstractMethod
from ..methods._registry import voting_methods


class Options(TypedDict, total=False):
    """The options that these checks have in common; each is as in `check`.

    Attributes:
        argnums: The numbers of the arguments to differentiate.
        methods: Methods or their labels.
        bounds: The lower and the upper bounds of the parameters.
        domain: Bounds by name.
        points: Number of points.
        tails: Whether to add points far out.
        seed: Seed of the points, and of a direction that is not given.
        device: The device.
        memory_bytes: Largest temporary memory of the perturbed points together.
        executor: Calls a function on the host at many points at a time.
        on_error: Whether unusable input raises an error, or is a row of the result.
    """

    argnums: int | Sequence[int]
    methods: Iterable[str | AbstractMethod] | None
    bounds: tuple[PyTree, PyTree]
    domain: PyTree | None
    points: int
    tails: bool
    seed: int
    device: str | None
    memory_bytes: int
    executor: Executor | None
    on_error: Literal["row", "raise"]


def check_jacobian(
    fun: Callable[..., PyTree],
    jac: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the Jacobian of a function with several results, such as residuals or constraints.

    Args:
        fun: `fun(x, *args)`, an array or a pytree of arrays.
        jac: `jac(x, *args)`, in the structure of `jax.jacobian(fun)`: for arrays, the shape of
            the result followed by that of `x`. None to check autodiff.
        x0: The point, an array or a pytree of arrays.
        args: Further arguments of both functions.
        options: See `check`.

    Returns:
        A comparison with one result, whose entries are named by row and column.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def circle(x):
        ...     return jnp.stack([x[0] ** 2 + x[1] ** 2 - 1, x[0] - x[1]])
        >>> def slopes(x):
        ...     return jnp.array([[2 * x[0], 2 * x[1]], [1.0, -1.0]])
        >>> gradcompare.check_jacobian(circle, slopes, [0.6, 0.8]).verdict.name
        'AGREE'
    """
    by_hand = _adapted("jac", jac, Adapted, (x0, *args), options)
    return _of_results(fun, {"jacobian": by_hand}, (x0, *args), None, options)


def check_jvp(
    fun: Callable[..., PyTree],
    jvp: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    direction: PyTree | None = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the product of a Jacobian with a vector, as a rule of forward mode computes it.

    Args:
        fun: `fun(x, *args)`, an array or a pytree of arrays.
        jvp: `jvp(x, v, *args)`, in the structure of the result of `fun`.
        x0: The point.
        args: Further arguments of both functions.
        direction: v, in the structure of `x0`; random by default.
        options: See `check`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> check = gradcompare.check_jvp(jnp.sin, lambda x, v: jnp.cos(x) * v, [0.6, 0.8])
        >>> check.verdict.name
        'AGREE'
    """
    by_hand = _adapted("jvp", jvp, Product, (x0, *args), options)
    return _of_results(fun, {"jvp": by_hand}, (x0, *args), direction, options)


def check_vjp(
    fun: Callable[..., PyTree],
    vjp: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    cotangent: PyTree | None = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the product of a vector with a Jacobian, as a rule of reverse mode computes it.

    Args:
        fun: `fun(x, *args)`, an array or a pytree of arrays.
        vjp: `vjp(x, u, *args)`, in the structure of `x`.
        x0: The point.
        args: Further arguments of both functions.
        cotangent: u, in the structure of the result of `fun`; random by default.
        options: See `check`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> check = gradcompare.check_vjp(jnp.sin, lambda x, u: jnp.cos(x) * u, [0.6, 0.8])
        >>> check.verdict.name
        'AGREE'
    """
    signature = _signature((x0, *args), options)
    require_function("fun", fun, ORDER)
    results = layout_of_results(fun, signature, _name(fun))
    u = as_point(cotangent)
    if u is None:
        u = results.unflatten(random_direction(results, options.get("seed", 0)))
    results.require_same(u, "the cotangent")
    product = _adapted("vjp", vjp, Product, (x0, *args), options)
    objective = replace(
        _objective(fun, (x0, *args), options),
        value=Combination(Adapted(fun, signature, "value"), results.flatten(u)),
        gradient=None if product is None else Pullback(product, u),
    )
    return _run(objective, "gradient", (x0, *args), options)


def check_hessian(
    value: Callable[..., Any],
    hessian: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    gradient: Callable[..., PyTree] | None = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the matrix of second derivatives of a scalar.

    Args:
        value: `value(x, *args)`, a scalar.
        hessian: `hessian(x, *args)`, in the structure of `jax.hessian(value)`: for an array, a
            matrix. None to check autodiff.
        x0: The point.
        args: Further arguments of all functions.
        gradient: `gradient(x, *args)`. With it, differences of the gradient are compared, and the
            gradient itself is checked first; without, second differences of `value`, which have
            about half of the digits.
        options: See `check`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return x[0] ** 2 * x[1]
        >>> def hessian(x):
        ...     return jnp.array([[2 * x[1], 2 * x[0]], [2 * x[0], 0.0]])
        >>> gradcompare.check_hessian(value, hessian, [0.6, 0.8]).verdict.name
        'AGREE'
    """
    by_hand = _adapted("hessian", hessian, Adapted, (x0, *args), options)
    objective = replace(_objective(value, (x0, *args), options, gradient), hessian=by_hand)
    return _run(objective, "hessian", (x0, *args), options)


def check_hvp(
    value: Callable[..., Any],
    hvp: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    direction: PyTree | None = None,
    gradient: Callable[..., PyTree] | None = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the product of the Hessian of a scalar with a vector.

    Args:
        value: `value(x, *args)`, a scalar.
        hvp: `hvp(x, v, *args)`, in the structure of `x`.
        x0: The point.
        args: Further arguments of all functions.
        direction: v, in the structure of `x0`; random by default.
        gradient: `gradient(x, *args)`; as in `check_hessian`.
        options: See `check`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return jnp.sum(x**3)
        >>> gradcompare.check_hvp(value, lambda x, v: 6 * x * v, [0.6, 0.8]).verdict.name
        'AGREE'
    """
    by_hand = _adapted("hvp", hvp, Product, (x0, *args), options)
    objective = replace(_objective(value, (x0, *args), options, gradient), hvp=by_hand)
    return _run(objective, "hvp", (x0, *args), options, direction)


def _of_results(
    fun: Callable[..., PyTree],
    by_hand: Mapping[Quantity, Callable[..., PyTree] | None],
    arguments: tuple,
    direction: PyTree | None,
    options: Options,
) -> Comparison:
    """Checks a derivative of a function with several results."""
    signature = _signature(arguments, options)
    require_function("fun", fun, ORDER)
    results = layout_of_results(fun, signature, _name(fun))
    residuals = Adapted(fun, signature, "value")
    objective = replace(
        _objective(fun, arguments, options),
        value=Combination(residuals, random_direction(results, 0)),
        residuals=residuals,
        **by_hand,
    )
    (quantity,) = by_hand
    return _run(objective, quantity, arguments, options, direction, results)


def _signature(arguments: tuple, options: Options) -> Signature:
    return Signature.of(arguments, options.get("argnums", 0))


def _name(fun: Callable) -> str:
    name = getattr(fun, "__name__", type(fun).__name__)
    return "f" if "<" in name else name


def _adapted(
    name: str,
    function: Callable[..., PyTree] | None,
    kind: Callable[..., Callable[..., PyTree]],
    arguments: tuple,
    options: Options,
) -> Any:
    """Returns the derivative under test as the engine calls it; None if there is none."""
    if function is None:
        return None
    require_function(name, function, ORDER)
    signature = _signature(arguments, options)
    return kind(function, signature) if kind is Product else kind(function, signature, "value")


def _objective(
    value: Callable[..., Any],
    arguments: tuple,
    options: Options,
    gradient: Callable[..., PyTree] | None = None,
) -> Objective:
    bounds = options.get("bounds", (-math.inf, math.inf))
    signature = _signature(arguments, options)
    return as_objective(value, gradient, signature, bounds, options.get("domain"))


def _run(
    objective: Objective,
    quantity: Quantity,
    arguments: tuple,
    options: Options,
    direction: PyTree | None = None,
    results: Layout | None = None,
) -> Comparison:
    """Checks one quantity; before a second derivative, the gradient from which it is computed."""
    names = ("seed", "points", "device", "memory_bytes", "executor", "on_error")
    chosen = {name: option for name, option in options.items() if name in names}
    methods = options.get("methods")
    settings = make_settings(
        voting_methods() if methods is None else methods,
        **{"on_error": "raise", **chosen},
        quantity=quantity,
        timing=False,
        seeks=True,
    )
    signature = _signature(arguments, options)
    along = quantity in ("jvp", "hvp")

    def start(quantity: Quantity, direction: PyTree | None) -> Problem:
        params = signature.params
        if along and direction is None and quantity != "gradient":
            layout = Layout.of(params)
            direction = layout.unflatten(random_direction(layout, settings.seed))
        u = as_point(direction)
        return Problem.at(objective, params, signature.data, "x0", u, quantity, results)

    quantities: list[Quantity] = [quantity]
    if quantity in ("hessian", "hvp") and objective.gradient is not None:
        quantities = ["gradient", quantity]
    cases = []
    for each in quantities:
        u = None if each == "gradient" else direction
        source = Neighbourhood(
            partial(start, each, u), settings.points, settings.seed, options.get("tails", False)
        )
        cases.append(Case(objective, None, source))
    return run(cases, settings)
