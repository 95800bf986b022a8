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


def require_valid(programs: Programs) -> None:
    """Traces the objective and its gradient; what cannot be traced is called instead.

    An objective that can only be called makes `programs` opaque.

    Raises:
        InputError: if the value is not a real floating scalar, the gradient is not in the
            structure of the parameters, or one of them changes its arguments.
    """
    objective = programs.problem.objective
    value, programs.cache.opaque = _shape(programs, "value", objective.value)
    leaves = [f"{leaf.dtype}{list(leaf.shape)}" for leaf in jax.tree.leaves(value)]
    scalar = getattr(value, "shape", None) == () and jnp.issubdtype(value.dtype, jnp.floating)
    if not scalar:
        raise InputError(
            f"the value of {objective.name} is {', '.join(leaves) or repr(value)}; "
            "return one real floating scalar"
        )
    if objective.gradient is not None:
        gradient, _ = _shape(programs, "gradient", objective.gradient)
        programs.problem.layout.require_same(gradient, f"the gradient of {objective.name}")


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
