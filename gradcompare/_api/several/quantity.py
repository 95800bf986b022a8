"""What the checks of these derivatives have in common."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypedDict

import numpy as np

from ..._engine.settings import Case, make_settings
from ..._foundation.errors import InputError, UnknownNameError, require_count
from ..._foundation.layout import Layout, PyTree
from ..._model.arguments.several import (
    Combination,
    Product,
    Pullback,
    layout_of_results,
    random_direction,
)
from ..._model.arguments.signature import Signature
from ..._model.arguments.user_functions import Adapted, as_objective
from ..._model.arguments.validation import ORDER, as_point, require_function, require_parameters
from ..._model.objective import Objective, Quantity
from ..._model.problem import Problem, laid_out
from ..._model.sparse.pattern import Pattern
from ..._results.result import Comparison
from ...methods._base import AbstractMethod
from ...methods._registry import voting_methods
from .points import cases_at, run_at_points, signatures_at


class Options(TypedDict, total=False):
    """The options that these checks have in common; each is as in `check`.

    Attributes:
        argnums: The numbers of the arguments to differentiate.
        methods: Methods or their labels.
        bounds: The lower and the upper bounds of the parameters.
        domain: Bounds by name.
        points: Number of points.
        tails: Whether to add points far out.
        at: Further points of the user's own.
        seed: Seed of the points, and of a direction that is not given.
        device: The device.
        memory_bytes: Largest temporary memory of the perturbed points together.
        executor: Calls a function on the host at many points at a time.
        on_error: Whether unusable input raises an error, or is a row of the result.
        seconds: The time limit.
        progress: Whether to show a progress bar.
    """

    argnums: int | Sequence[int]
    methods: Iterable[str | AbstractMethod] | None
    bounds: tuple[PyTree, PyTree]
    domain: PyTree | None
    points: int
    tails: bool
    at: PyTree | None
    seed: int
    device: str | None
    memory_bytes: int
    executor: Executor | None
    on_error: Literal["row", "raise"]
    seconds: float | None
    progress: bool | None


def signature_of(arguments: tuple, options: Mapping[str, Any], known: type = Options) -> Signature:
    """Returns the division of the arguments of a call.

    Args:
        arguments: The arguments.
        options: The options of the call.
        known: The class that lists them.

    Raises:
        InputError: if there is no such option.
    """
    for name in options.keys() - known.__annotations__.keys():
        raise UnknownNameError("option", name, known.__annotations__)
    return Signature.of(arguments, options.get("argnums", 0))


MATRIX = partial(Adapted, returns="value")
"""A user's matrix as the engine calls it: as it is."""


def name_of(fun: Callable) -> str:
    """Returns the name of the results of a function."""
    name = getattr(fun, "__name__", type(fun).__name__)
    return "f" if "<" in name else name


def adapted(
    name: str,
    function: Callable[..., PyTree] | None,
    kind: Callable[[Callable[..., PyTree], Signature], Callable[..., PyTree]],
    signature: Signature,
) -> Any:
    """Returns the derivative under test as the engine calls it; None if there is none."""
    if function is None:
        return None
    require_function(name, function, ORDER)
    return kind(function, signature)


def objective_of(
    value: Callable[..., Any],
    signature: Signature,
    options: Options,
    gradient: Callable[..., PyTree] | None = None,
) -> Objective:
    """Returns the objective of a user's value and gradient, with the bounds of the options."""
    bounds = options.get("bounds", (-math.inf, math.inf))
    return as_objective(value, gradient, signature, bounds, options.get("domain"))


def objective_of_results(
    fun: Callable[..., PyTree], signature: Signature, options: Options
) -> tuple[Objective, Layout]:
    """Returns the objective of a function with several results, and the layout of these.

    Raises:
        InputError: if it is no function, or its result is not one of several numbers.
    """
    require_function("fun", fun, ORDER)
    require_parameters(*signature.selected)
    laid_out(signature.params)  # before the function is called there
    results = layout_of_results(fun, signature, name_of(fun))
    residuals = Adapted(fun, signature, "value")
    whole = Combination(residuals, random_direction(results, 0))
    return replace(
        objective_of(fun, signature, options), value=whole, residuals=residuals
    ), results


def objective_of_pullback(
    fun: Callable[..., PyTree],
    signature: Signature,
    options: Options,
    cotangent: PyTree | None,
    product: Product | None = None,
) -> Objective:
    """Returns the objective uᵀ fun(x), whose gradient is the vector-Jacobian product.

    Args:
        fun: The function.
        signature: The division of its arguments.
        options: The options of the check.
        cotangent: u, in the structure of the result; random for None.
        product: The product by hand.

    Raises:
        InputError: if `cotangent` does not fit the result.
    """
    objective, results = objective_of_results(fun, signature, options)
    u = as_point(cotangent)
    if u is None:
        seed = require_count("seed", options.get("seed", 0), 0)
        u = results.unflatten(random_direction(results, seed))
    results.require_same(u, "the cotangent")
    weights = results.flatten(u)
    if not np.all(np.isfinite(weights)) or not np.any(weights):
        raise InputError("the cotangent is zero or not finite; give finite numbers, not all zero")
    assert objective.residuals is not None
    return replace(
        objective,
        value=Combination(objective.residuals, weights),
        residuals=None,
        gradient=None if product is None else Pullback(product, u, results),
    )


def run_quantity(
    objective: Objective,
    quantity: Quantity,
    signature: Signature,
    options: Options,
    direction: PyTree | None = None,
    results: Layout | None = None,
    pattern: Pattern | None = None,
    at: Callable[[Signature, str, Quantity], Problem] | None = None,
) -> Comparison:
    """Checks one quantity; before a second derivative, the gradient from which it is computed.

    Args:
        objective: The functions.
        quantity: The quantity.
        signature: The division of the arguments.
        options: The options of the check.
        direction: The direction of a product; random for None.
        results: The layout of the results of a function with several.
        pattern: The pattern of a sparse matrix.
        at: Makes the problem at a point with its name, where `objective` is of other parameters.
    """
    names = ("seed", "points", "device", "memory_bytes", "executor", "on_error", "seconds")
    chosen = {name: option for name, option in options.items() if name in names}
    methods = options.get("methods")
    settings = make_settings(
        voting_methods() if methods is None else methods,
        **{"on_error": "raise", **chosen},
        progress=options.get("progress"),
        quantity=quantity,
        timing=False,
        seeks=True,
    )
    along = quantity in ("jvp", "hvp")

    def start(
        quantity: Quantity, direction: PyTree | None, there: Signature, label: str
    ) -> Problem:
        if at is not None:
            return at(there, label, quantity)
        params = there.params
        if along and direction is None and quantity != "gradient":
            layout = Layout.of(params)
            direction = layout.unflatten(random_direction(layout, settings.seed))
        u = as_point(direction)
        problem = Problem.at(objective, params, there.data, label, u, quantity, results)
        if pattern is None or quantity == "gradient":
            return problem
        return problem.probed(pattern, settings.seed)

    quantities: list[Quantity] = [quantity]
    if quantity in ("hessian", "hvp") and objective.gradient is not None:
        quantities = ["gradient", quantity]
    signatures, cases = signatures_at(signature, options.get("at")), []
    for each in quantities:
        begin = partial(start, each, None if each == "gradient" else direction)
        tails = options.get("tails", False)
        case = partial(Case, objective, None)
        cases += cases_at(signatures, begin, case, settings, tails=tails)
    return run_at_points(cases, [*signatures] * len(quantities), settings)
