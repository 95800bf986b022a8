"""One operation of a program with random rounding.

The program runs twice at once: plainly, and with its results moved. Everything that is no real
number, such as a comparison, an index or the order of a sort, is taken from the plain run, so
that no branch flips and no tie breaks because of the rounding.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Jaxpr, JaxprEqn
from jaxtyping import Array

from ..._introspection.jax_internals import CUSTOM, bind, sorted_axis, summed_axes
from ..._introspection.jaxprs import MOVES, dtype_of
from ..._introspection.rewriting.replacement import run_one
from .noise import WORSE, Noise, is_exact, is_inexact, is_whole

EXACT = frozenset(
    (
        *MOVES,
        *("max", "min", "clamp", "real", "imag", "conj", "complex", "pad", "split"),
        *("reduce_max", "reduce_min", "cummax", "cummin", "dynamic_update_slice", "scatter"),
        *("reduce_window_max", "reduce_window_min", "bitcast_convert_type", "iota"),
        *("optimization_barrier", "device_put", "stop_gradient", "stack", "unstack", "tile"),
        *("top_k", "approx_top_k", "select_and_gather_add"),
    )
)
"""Operations that round nothing: they move numbers, choose among them, or change a sign."""

DECIDES = frozenset(("sign", "floor", "ceil", "round", "nextafter", "is_finite", "rng_uniform"))
"""Operations that jump: their results are those of the plain run."""

ELEMENTWISE = frozenset(
    (
        *("add", "sub", "mul", "div", "add_any", "rem", "pow", "integer_pow", "square", "atan2"),
        *("exp", "exp2", "log", "expm1", "log1p", "tanh", "logistic", "sin", "cos", "tan"),
        *("asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "sqrt", "rsqrt"),
        *("cbrt", "erf", "erfc", *WORSE),
    )
)
"""Operations on each entry alone."""

SUMS = ("reduce_sum", "dot_general")

SMALLEST_SUM = 8
"""Number of terms from which a sum is divided into parts that are added on their own."""


class Twin(NamedTuple):
    """A number of the plain run, and that of the run with random rounding."""

    plain: Any
    moved: Any


def run_twice(
    jaxpr: Jaxpr, equation: JaxprEqn, twins: Sequence[Twin], noise: Noise, number: int
) -> list[Twin]:
    """Runs one operation plainly and with random rounding."""
    name = equation.primitive.name

    def run(operands: Sequence[Any]) -> list[Any]:
        # `bind` expects a rule of the user's in another form than the program's.
        alone = run_one(jaxpr, equation, operands) if name in CUSTOM else bind(equation, operands)
        return alone

    plain, before = run([t.plain for t in twins]), [t.moved for t in twins]
    inexact = [is_inexact(dtype_of(v)) for v in equation.outvars]
    if name in DECIDES or not any(inexact) or not any(_is_inexact(x) for x in before):
        return [Twin(result, result) for result in plain]
    if name == "sort":
        return _sorted(equation, twins, plain)
    if name in EXACT:
        moved = run(before)
    elif name == "convert_element_type":
        (result,) = run(before)
        moved = [_converted(before[0], result, noise, number)]
    elif name in ELEMENTWISE:
        (result,) = run(before)
        exact = is_exact(name, before, result)
        factor = WORSE.get(name, 1.0)
        moved = [result if exact is True else noise.rounded(result, number, exact, factor)]
    elif name in SUMS:
        moved = [_summed(equation, before, noise, number)]
    elif name == "cumsum":
        moved = run([_carried(before[0], plain[0], noise, number)])
    else:
        results = run([_stirred(x, noise, number) for x in before])
        moved = [_stirred(x, noise, number + 1) for x in results]
    pairs = zip(plain, moved, inexact, strict=True)
    return [Twin(p, m if real else p) for p, m, real in pairs]


def _is_inexact(x: Any) -> bool:
    return is_inexact(getattr(x, "dtype", np.asarray(x).dtype if np.isscalar(x) else None))


def _stirred(x: Any, noise: Noise, number: int) -> Any:
    """Rounds the entries that are no whole numbers, as for an algorithm that is backward stable.

    Its result is the exact one of arguments that differ by rounding (Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, section 1.5).
    """
    if not _is_inexact(x):
        return x
    return noise.rounded(jnp.asarray(x), number, is_whole(x))


def _carried(x: Array, sums: Array, noise: Noise, number: int) -> Array:
    """Adds to each term of a running sum the rounding of the sum so far."""
    return jnp.asarray(x) + (noise.rounded(sums, number, is_whole(sums)) - sums)


def _converted(before: Any, result: Array, noise: Noise, number: int) -> Array:
    """Rounds a conversion to a narrower type, where it loses digits."""
    if not _is_inexact(before) or not _is_inexact(result):
        return result
    before = jnp.asarray(before)
    if jnp.finfo(before.dtype).eps >= jnp.finfo(result.dtype).eps:
        return result
    return noise.rounded(result, number, _as_before(result, before) == before)


def _as_before(result: Array, before: Array) -> Array:
    """Converts a result back to the type before."""
    if jnp.iscomplexobj(result) and not jnp.iscomplexobj(before):
        result = jnp.real(result)
    return result.astype(before.dtype)


def _sorted(equation: JaxprEqn, twins: Sequence[Twin], plain: Sequence[Any]) -> list[Twin]:
    """Sorts the moved numbers into the order of the plain ones."""
    axis = sorted_axis(equation)
    shape = jnp.shape(twins[0].plain)
    places = lax.broadcasted_iota(jnp.int32, shape, axis % len(shape))
    order = bind(equation, [*(t.plain for t in twins), places])[-1]
    moved = [jnp.take_along_axis(jnp.asarray(t.moved), order, axis) for t in twins]
    return [Twin(p, m if _is_inexact(m) else p) for p, m in zip(plain, moved, strict=True)]


def _summed(equation: JaxprEqn, operands: Sequence[Any], noise: Noise, number: int) -> Array:
    """Returns a sum of moved terms, in parts that are added then.

    Each part takes its terms from the whole range. The parts have few terms, so that the error of
    this sum is small, and its distance to the plain one is the error of that.
    """
    axes = max(summed_axes(equation), key=lambda pair: operands[0].shape[pair[0]], default=None)
    if len(operands) > 1:  # products are rounded as well
        operands = [_stirred(operands[0], noise, number), *operands[1:]]
    count = 1 if axes is None else _parts_of(operands, axes, equation.outvars[0].aval)
    if count == 1:
        (result,) = bind(equation, operands)
    else:
        assert axes is not None
        parts = [_divided(x, axis, count) for x, axis in zip(operands, axes, strict=True)]
        where = tuple(axis + 1 for axis in axes)
        (each,) = jax.vmap(lambda *xs: bind(equation, xs), in_axes=where)(*parts)
        result = jnp.sum(each, axis=0, dtype=each.dtype)
    return noise.rounded(result, number + 1, is_whole(result))


def _parts_of(operands: Sequence[Any], axes: Sequence[int], total: Any) -> int:
    """Returns the number of parts of a sum: √n, and fewer if the results fill the memory."""
    terms = operands[0].shape[axes[0]]
    if terms < SMALLEST_SUM:
        return 1
    room = sum(x.size for x in operands) // max(1, total.size)
    return max(1, min(int(np.sqrt(terms)), room))


def _divided(x: Array, axis: int, count: int) -> Array:
    """Divides an axis into terms and parts, an axis behind it; zeros fill the last terms."""
    length = -(-x.shape[axis] // count)
    missing = count * length - x.shape[axis]
    if missing:
        padding = [(0, missing if i == axis else 0) for i in range(x.ndim)]
        x = jnp.pad(x, padding)
    shape = (*x.shape[:axis], length, count, *x.shape[axis + 1 :])
    return x.reshape(shape)
