"""Whether an objective and its gradient are what a comparison needs, found out at its start."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ._errors import InputError, describe, guarded, is_untraceable
from ._host import require_untouched
from ._precision import cast
from ._program import Function
from ._programs import Programs
from ._tree import Layout


def require_valid(programs: Programs) -> None:
    """Traces the objective and its gradient; what cannot be traced is called instead.

    An objective that can only be called makes `programs` opaque.

    Raises:
        InputError: if the value or its reference is not a real floating scalar, the gradient
            is not in the structure of the parameters, or one of them changes its arguments.
    """
    objective, layout = programs.problem.objective, programs.problem.layout
    value, programs.cache.opaque = _shape(programs, "value", objective.value)
    _require_scalar(value, f"the value of {objective.name}", layout)
    if objective.gradient is not None:
        gradient, _ = _shape(programs, "gradient", objective.gradient)
        _require_gradient(gradient, f"the gradient of {objective.name}", layout)
    if objective.reference is not None:
        reference, _ = _shape(programs, "reference", objective.reference)
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


def _shape(programs: Programs, name: str, function: Function) -> tuple[Any, bool]:
    """Returns the shapes of a result, and whether the function had to be called for them."""
    params, data, _ = programs.args
    traced = guarded(lambda: jax.eval_shape(function, params, data))
    if not isinstance(traced, Exception):
        return traced, False
    problem = programs.problem
    host = cast((problem.params, problem.data), programs.dtype)
    first = guarded(lambda: require_untouched(name, function, *host))
    if isinstance(first, InputError):
        raise first
    if isinstance(first, Exception):
        failed = first if is_untraceable(traced) else traced
        failed.add_note(f"raised by {name}")
        raise failed
    programs.cache.untraceable[name] = describe(traced)
    programs.cache.remark(f"{name}: called on the host, not compiled: {describe(traced)}")
    if _same_buffer(first, function(*jax.tree.map(np.array, host))):
        programs.cache.remark(f"{name} returns the same array on every call; it is copied")
    return jax.tree.map(np.asarray, first), True


def _same_buffer(first: PyTree, second: PyTree) -> bool:
    leaves = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return any(isinstance(a, np.ndarray) and a.size and np.shares_memory(a, b) for a, b in leaves)
