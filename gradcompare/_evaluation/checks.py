"""Whether an objective and its gradient are what a comparison needs, found out at its start."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .._foundation.errors import InputError, Untraceable, outcome_of
from .._foundation.layout import Layout
from .._foundation.precision import cast
from .._foundation.user_code import describe
from .._model.estimate import SAFETY, Estimate
from .evaluator import Evaluator, Untraced
from .function import Function
from .host import require_untouched
from .rounding import estimate_with_rounding


def require_valid(evaluator: Evaluator) -> None:
    """Traces the objective and its gradient; what cannot be traced is called instead.

    An objective that can only be called makes `evaluator` opaque.

    Raises:
        InputError: if the value or its reference is not a real floating scalar, the gradient
            is not in the structure of the parameters, or one of them changes its arguments.
    """
    objective, layout = evaluator.problem.objective, evaluator.problem.layout
    value, evaluator.cache.opaque = _shape(evaluator, "value", objective.value)
    _require_scalar(value, f"the value of {objective.name}", layout)
    if objective.gradient is not None:
        gradient, _ = _shape(evaluator, "gradient", objective.gradient)
        _require_gradient(gradient, f"the gradient of {objective.name}", layout)
    if objective.reference is not None:
        reference, _ = _shape(evaluator, "reference", objective.reference)
        _require_scalar(reference, f"the reference of {objective.name}", layout)


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
    raise InputError(f"{what} is {_leaves(value) or repr(value)}; {needed}")


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
    """Returns the shapes of a result, and whether the function had to be called for them."""
    params, data, _ = evaluator.args
    traced = outcome_of(lambda: jax.eval_shape(function, params, data))
    if not isinstance(traced, Exception):
        return traced, False
    problem = evaluator.problem
    host = cast((problem.params, problem.data), evaluator.dtype)
    first = outcome_of(lambda: require_untouched(name, function, *host))
    if isinstance(first, InputError):
        raise first
    if isinstance(first, Exception):
        failed = first if Untraceable.of(traced) is not None else traced
        failed.add_note(f"raised by {name}")
        raise failed
    why = Untraced(Untraceable.of(traced), describe(traced))
    evaluator.cache.untraceable[name] = why
    evaluator.cache.remark(f"{name}: called on the host, not compiled: {why.words}")
    if _same_buffer(first, function(*jax.tree.map(np.array, host))):
        evaluator.cache.remark(f"{name} returns the same array on every call; it is copied")
    return jax.tree.map(np.asarray, first), True


def _same_buffer(first: PyTree, second: PyTree) -> bool:
    leaves = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return any(isinstance(a, np.ndarray) and a.size and np.shares_memory(a, b) for a, b in leaves)


STOCHASTIC = 1e-3
"""Two values at one point that differ by more than this fraction come from a random objective."""


def value_twice(evaluator: Evaluator) -> tuple[float, float]:
    """The objective at the point, by two programs: what is drawn while tracing shows as well."""
    return evaluator.value(), float(evaluator.along(np.zeros(1), evaluator.problem.params)[0])


def is_random(evaluator: Evaluator, value: float, again: float) -> bool:
    """Whether two values at one point are apart by more than rounding makes of them.

    At a minimum of zero, one program can find 0 where another one finds 1e-32.
    """
    apart, largest = abs(value - again), max(abs(value), abs(again))
    if not np.isfinite(apart) or apart <= STOCHASTIC * largest:
        return False
    if abs(evaluator.value() - value) > STOCHASTIC * largest:
        return True  # the very same program; a bar measured on it would be as random
    return not apart <= SAFETY * float(value_with_bar(evaluator).error[0])


def value_with_bar(evaluator: Evaluator) -> Estimate:
    """The objective at the point, with its rounding error."""
    value = evaluator.problem.objective.value
    return estimate_with_rounding(evaluator, "value", lambda p, d, u: value(p, d))
