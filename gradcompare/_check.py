"""`check` and `estimate`: one function of the user's own, in SciPy's order of arguments."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice, takewhile
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ._compare import make_plan
from ._engine import estimate_one, run
from ._errors import InputError
from ._estimate import Estimate
from ._method import AbstractMethod
from ._objective import Objective, Problem
from ._plan import MORE, Case, Finite, Plan, Unsettled
from ._points import around
from ._registry import voting_methods
from ._result import Comparison


def check(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    methods: Iterable[str | AbstractMethod] | None = None,
    direction: PyTree | None = None,
    bounds: tuple[PyTree, PyTree] = (-math.inf, math.inf),
    dtype: str = "float64",
    device: str | None = None,
    seed: int = 0,
    points: int = Plan.points,
    timing: bool = False,
    repeats: int = Plan.repeats,
    memory_bytes: int = Plan.memory_bytes,
    on_error: Literal["row", "raise"] = "raise",
) -> Comparison:
    """Checks a gradient against autodiff and finite differences.

    Args:
        value: `value(x, *args)`, a scalar, in JAX operations.
        gradient: `gradient(x, *args)`, in the structure of `x`; None to check autodiff.
        x0: The point, an array or a pytree of arrays.
        args: What else `value` and `gradient` take. Arrays of numbers and floats are passed
            to the compiled programs as data; everything else is fixed in them.
        methods: Methods or their labels; one voter for each source by default.
        direction: In the structure of `x0`: compares the directional derivatives along it.
        bounds: The lower and the upper bounds of the parameters, each a number or a pytree
            like `x0`. `value` is never evaluated outside.
        dtype: What the implementations are timed in, and their accuracy measured.
        device: The default device of JAX by default.
        seed: Of the points drawn.
        points: How many points are looked at: `x0`, and others drawn around it.
        timing: Whether to measure running times as well.
        repeats: In how many blocks at least each method is timed.
        memory_bytes: How much temporary memory perturbed points may take together.
        on_error: `raise` raises on unusable input; `row` reports it as the verdict `ERROR`.

    Returns:
        A comparison with one result: ask for its `.ok` or `.verdict`, or print it.

    Raises:
        InputError: if an argument cannot be used.
    """
    objective, data = _as_objective(value, gradient, args, bounds)
    plan = make_plan(
        voting_methods() if methods is None else methods,
        quantity="gradient" if direction is None else "directional",
        dtype=dtype,
        device=device,
        seed=seed,
        points=points,
        timing=timing,
        repeats=repeats,
        memory_bytes=memory_bytes,
        on_error=on_error,
    )

    def problems(finite: Finite, unsettled: Unsettled) -> Iterator[Problem]:
        first = Problem.at(objective, _as_point(x0), data, "x0", _as_point(direction))
        yield first
        drawn = around(first, points - 1 + MORE, seed, finite)
        yield from islice(drawn, points - 1)
        yield from takewhile(lambda _: unsettled(), drawn)

    return run([Case(objective, None, problems)], plan)


def estimate(
    value: Callable[..., Any],
    x0: PyTree,
    *args: Any,
    method: str | AbstractMethod = "richardson",
    direction: PyTree | None = None,
    bounds: tuple[PyTree, PyTree] = (-math.inf, math.inf),
    device: str | None = None,
    memory_bytes: int = Plan.memory_bytes,
) -> Estimate:
    """Returns a numerical gradient with its error bar, or a directional derivative.

    Args:
        value: `value(x, *args)`, a scalar, in JAX operations.
        x0: The point, an array or a pytree of arrays.
        args: What else `value` takes, as for `check`.
        method: A method that needs no hand-written gradient, or its label.
        direction: In the structure of `x0`: the derivative along it is estimated.
        bounds: The lower and the upper bounds of the parameters, as for `check`.
        device: The default device of JAX by default.
        memory_bytes: How much temporary memory perturbed points may take together.

    Returns:
        An estimate whose `value` and `error` are in the structure of `x0`, NumPy float64;
        with `direction` they are scalars.

    Raises:
        InputError: if an argument cannot be used.
    """
    objective, data = _as_objective(value, None, args, bounds)
    plan = make_plan(
        [method],
        quantity="gradient" if direction is None else "directional",
        device=device,
        memory_bytes=memory_bytes,
    )
    problem = Problem.at(objective, _as_point(x0), data, "x0", _as_point(direction))
    reason = plan.methods[0].unsupported(objective, problem.quantity)
    if reason is not None:
        raise InputError(f"method {plan.methods[0].name!r} cannot be used: {reason}")
    flat = estimate_one(problem, plan.methods[0], plan)
    # At a kink there is no derivative to be within the bar of the middle.
    left, right = flat.one_sided
    error = flat.error + np.nan_to_num(np.abs(right - left)) / 2
    return replace(flat, error=error).unflatten(problem.output)


def _as_objective(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | None,
    args: tuple,
    bounds: tuple[PyTree, PyTree],
) -> tuple[Objective, tuple]:
    """Puts the arguments that can be data of a compiled program apart from the others."""
    if not isinstance(bounds, tuple) or len(bounds) != 2 or any(b is None for b in bounds):
        raise InputError(
            f"bounds is {bounds!r}; give a pair (lower, upper), each a number or like x0, "
            "-inf and inf where there is none"
        )
    leaves, treedef = jax.tree.flatten(args)
    is_data = [_is_data(leaf) for leaf in leaves]
    data = tuple(leaf for leaf, dynamic in zip(leaves, is_data, strict=True) if dynamic)

    def with_data(function):
        def wrapped(x, data):
            given = iter(data)
            pairs = zip(leaves, is_data, strict=True)
            filled = [next(given) if dynamic else leaf for leaf, dynamic in pairs]
            return function(x, *jax.tree.unflatten(treedef, filled))

        return wrapped

    for name, function in (("value", value), ("gradient", gradient)):
        if not callable(function) and (name, function) != ("gradient", None):
            raise InputError(f"{name} is {function!r}; give a function {name}(x, *args)")
    name = getattr(value, "__name__", type(value).__name__)
    objective = Objective(
        name="objective" if "<" in name else name,
        value=with_data(value),
        gradient=None if gradient is None else with_data(gradient),
        make=lambda rng, size: (None, data),
        lower=_as_point(bounds[0]),
        upper=_as_point(bounds[1]),
    )
    return objective, data


def _is_data(leaf: Any) -> bool:
    if isinstance(leaf, float):
        return True
    # The keys of random numbers have a dtype of their own, and stay fixed.
    return isinstance(leaf, (np.ndarray, np.generic, jax.Array)) and jnp.issubdtype(
        leaf.dtype, np.number
    )


def _as_point(x: PyTree) -> PyTree:
    """Reads a list or tuple of numbers as SciPy does, as one array of floats."""
    if isinstance(x, (list, tuple)) and x and all(type(v) in (int, float) for v in x):
        return np.asarray(x, np.float64)
    return x
