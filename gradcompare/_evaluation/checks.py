"""Checks of an objective and its gradient before a comparison."""

from collections.abc import Hashable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .._foundation.errors import InputError, LostWorkerError, Untraceable, outcome_of
from .._foundation.layout import Layout
from .._foundation.user_code import describe, place
from .._introspection.fingerprint import fingerprint
from .._model.estimate import LEAST_NORMAL, SAFETY, Estimate
from .._model.verdict import Verdict
from .evaluator import Evaluator
from .function import Function, Untraced
from .host import as_arrays, error_on_host, require_untouched, with_arrays_of_jax
from .rounding import estimate_with_rounding


def require_valid(evaluator: Evaluator) -> None:
    """Traces the objective and its gradient; calls those that cannot be traced.

    An objective that can only be called makes `evaluator` opaque.

    Raises:
        InputError: if the value or its reference is not a real floating scalar, the gradient
            does not have the structure of the parameters, or one changes its arguments.
    """
    objective, layout = evaluator.problem.objective, evaluator.problem.layout
    value, evaluator.cache.opaque = _shape(evaluator, "value", objective.value)
    _require_scalar(value, f"the value of {objective.name}", layout)
    if objective.gradient is not None:
        gradient, _ = _shape(evaluator, "gradient", objective.gradient)
        _require_gradient(gradient, f"the gradient of {objective.name}", layout)
    if objective.other is not None:
        other, _ = _shape(evaluator, "other", objective.other)
        _require_gradient(other, f"other of {objective.name}", layout)
    _require_quantity(evaluator)
    if objective.reference is not None:
        reference, _ = _shape(evaluator, "reference", objective.reference)
        _require_scalar(reference, f"the reference of {objective.name}", layout)


def _require_quantity(evaluator: Evaluator) -> None:
    """Checks the structure of a derivative other than the gradient.

    Raises:
        InputError: if it does not fit.
    """
    problem = evaluator.problem
    by_hand = getattr(problem.objective, problem.quantity, None)
    if problem.quantity in ("gradient", "directional") or by_hand is None:
        return
    along = problem.direction is not None

    def called(params, data):
        return by_hand(params, problem.direction, data) if along else by_hand(params, data)

    result, _ = _shape(evaluator, problem.quantity, called)
    if result is None:
        raise InputError(f"the {problem.quantity} is None; return the derivative: {FORGOTTEN}")
    problem.output.require_same(result, f"the {problem.quantity} of {problem.objective.name}")


FORGOTTEN = "is a return forgotten?"


def _require_scalar(value: PyTree, what: str, layout: Layout) -> None:
    if getattr(value, "shape", None) == () and jnp.issubdtype(value.dtype, jnp.floating):
        return
    needed = "return one real floating scalar"
    if value is None:
        raise InputError(f"{what} is None; {needed}: {FORGOTTEN}")
    if _is_pair(value, layout):
        raise InputError(
            f"{what} is a pair like (value, gradient), {_leaves(value)}; "
            f"{needed}, or have both checked with gradient=True (--pair)"
        )
    leaves = jax.tree.leaves(value)
    if len(leaves) == 1 and leaves[0] is not value and np.shape(leaves[0]) == ():
        raise InputError(f"{what} is a number inside of a {type(value).__name__}; {needed}")
    several = "" if getattr(value, "shape", ()) == () else ", or use check_jacobian"
    raise InputError(f"{what} is {_leaves(value) or repr(value)}; {needed}{several}")


def _require_gradient(gradient: PyTree, what: str, layout: Layout) -> None:
    if gradient is None:
        raise InputError(f"{what} is None; return the derivative: {FORGOTTEN}")
    if _is_pair(gradient, layout) and jax.tree.structure(gradient) != layout.treedef:
        raise InputError(
            f"{what} is a pair like (value, gradient), {_leaves(gradient)}; return the gradient "
            "alone, or give gradient=True (--pair) and this function as the value"
        )
    layout.require_same(gradient, what)


def _is_pair(result: PyTree, layout: Layout) -> bool:
    """Whether a result looks like a value and its gradient."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        return False
    value, gradient = result
    leaves, treedef = jax.tree.flatten(gradient)
    same = treedef == layout.treedef and tuple(map(np.shape, leaves)) == layout.shapes
    return same and getattr(value, "shape", None) == ()


def _leaves(result: PyTree) -> str:
    return ", ".join(f"{leaf.dtype}{list(leaf.shape)}" for leaf in jax.tree.leaves(result))


def _shape(evaluator: Evaluator, name: str, function: Function) -> tuple[Any, bool]:
    """Returns the shapes of a result, and whether only a call could give them."""

    def called(params, data, direction):
        return function(params, data)

    traced = outcome_of(lambda: jax.make_jaxpr(called, return_shape=True)(*evaluator.host_args))
    if not isinstance(traced, Exception):
        program, shape = traced
        if name == "value":
            evaluator.cache.traced = program
        return shape, False
    host = evaluator.host_args[:2]
    first = outcome_of(lambda: require_untouched(name, function, *host))
    if isinstance(first, InputError):
        raise first
    if isinstance(first, Exception):
        of_jax = with_arrays_of_jax(function)
        second = outcome_of(partial(of_jax, *host))
        if isinstance(second, Exception):
            error = error_on_host(first, second, traced)
            error.add_note(f"raised by {name}")
            raise error
        function, first = of_jax, second
        evaluator.cache.of_jax.add(name)
    reason = Untraced(Untraceable.of(traced), with_place(describe(traced), traced))
    evaluator.cache.untraceable[name] = reason
    evaluator.cache.remark(f"{name}: called on the host, not compiled: {reason.words}")
    arrays = as_arrays(first, f"the {name} of {evaluator.problem.objective.name}")
    if _same_buffer(first, function(*jax.tree.map(np.array, host))):
        evaluator.cache.remark(f"{name} returns the same array on every call; it is copied")
    return arrays, True


def _same_buffer(first: PyTree, second: PyTree) -> bool:
    leaves = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=False)
    return any(isinstance(a, np.ndarray) and a.size and np.shares_memory(a, b) for a, b in leaves)


STOCHASTIC = 1e-3
"""Relative difference of two values at one point above which the objective may be random."""

REORDERED = 1e-6
"""The same of two derivatives by one program: sums in another order, and small noise, differ by
less."""


def value_twice(evaluator: Evaluator) -> tuple[float, float]:
    """Returns the objective at the point by two programs: numbers drawn in tracing differ too."""
    value = evaluator.value()
    try:
        return value, float(evaluator.along(np.zeros(1), evaluator.problem.params)[0])
    except LostWorkerError:  # the line of finite differences says so
        return value, value


def with_place(words: str, error: Exception) -> str:
    """Returns words on an error with the line that raised it, unless they have it."""
    where = place(error)
    return f"{words} at {where}" if where and where not in words else words


def is_random(evaluator: Evaluator, value: float, again: float) -> bool:
    """Whether two values at one point differ by more than their rounding errors.

    At a minimum of zero, one program can compute 0 and another one 1e-32. Where all digits are
    lost, two compilations of the same program differ by any amount. A number below the least
    normal one may be flushed to 0 by one program and not by another.
    """
    difference, largest = abs(value - again), max(abs(value), abs(again))
    if not np.isfinite(difference) or difference <= max(STOCHASTIC * largest, LEAST_NORMAL):
        return False
    if abs(evaluator.value() - value) > STOCHASTIC * largest:
        return True  # the very same program; an error bar measured with it would be as random
    if difference <= SAFETY * float(value_with_bar(evaluator).error[0]):
        return False
    return evaluator.cache.opaque or _is_traced_anew(evaluator)


def require_usable(evaluator: Evaluator) -> None:
    """Checks that the value is finite and the same each time.

    Raises:
        InputError: if it is not.
    """
    value, again = value_twice(evaluator)
    if not np.isfinite(value):
        raise InputError(f"the value is {value} at {evaluator.problem.label}; give another point")
    if is_random(evaluator, value, again):
        raise InputError(
            f"the same point gave {value:.6g} and {again:.6g}: {Verdict.STOCHASTIC.explanation}"
        )


def _is_traced_anew(evaluator: Evaluator) -> bool:
    """Whether each trace of the objective gives another program, as with numbers drawn in it."""
    params, data, _ = evaluator.args
    value = evaluator.problem.objective.value
    # A new function each time: JAX keeps the traces of those that it knows.
    first, second = (
        fingerprint(jax.make_jaxpr(lambda p, d: value(p, d))(params, data)) for _ in range(2)
    )
    return first != second


def differs_when_repeated(evaluator: Evaluator, key: Hashable) -> str:
    """Returns what a program gave in two calls at the point if that differs; empty if not."""
    first, second = (evaluator.run_at(key, evaluator.x) for _ in range(2))
    with np.errstate(invalid="ignore"):
        off = np.where(np.isfinite(first) & np.isfinite(second), np.abs(first - second), 0.0)
        size = np.max(np.abs(first), where=np.isfinite(first), initial=0.0)
    worst = int(np.argmax(off))
    if not off[worst] > REORDERED * size:
        return ""
    name = evaluator.problem.output.name(worst)
    return f"{first[worst]:.6g} and {second[worst]:.6g} at {name}"


def value_with_bar(evaluator: Evaluator) -> Estimate:
    """Returns the objective at the point, with its rounding error."""
    value = evaluator.problem.objective.value
    return estimate_with_rounding(evaluator, "value", lambda p, d, u: value(p, d))
