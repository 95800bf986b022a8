"""The function of JAX that an operation belongs to, and the functions that choose.

Both follow from the function itself, under whatever name it was called. The traceback of an
operation has the calls between the user's line and the operation. Each passes through the
machinery of JAX, which is known from operations that need nothing else; the first call outside
of the machinery is the function that the line called. A compiled function leaves no such call,
but its program knows the file and line of the function.
"""

import functools
import inspect
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import JaxprEqn

from .._foundation.user_code import is_ours, is_users
from .jax_internals import frames_of, inner_programs, origin_of
from .jaxprs import equations


@dataclass(frozen=True)
class Chooser:
    """The way in which a function of JAX chooses, for functions that are called to choose.

    Attributes:
        primitives: The operations inside of it that choose; others are guards of its own.
        numbered: Whether it chooses by the number of a branch.
        default_first: Whether the first branch of the program is the default of a list of choices.
        bounded: Whether it keeps a number between two others.
        signed: Whether it chooses by the sign of its first argument alone.
    """

    primitives: frozenset[str] = frozenset()
    numbered: bool = False
    default_first: bool = False
    bounded: bool = False
    signed: bool = False


_SELECT = Chooser(frozenset({"select_n"}))
_BRANCH = Chooser(frozenset({"select_n", "cond"}), numbered=True)
_LIST = Chooser(frozenset({"select_n", "cond"}), numbered=True, default_first=True)
_EXTREME = Chooser(frozenset({"max", "min", "select_n"}))
_BOUND = Chooser(frozenset({"max", "min", "clamp"}), bounded=True)
_BENT = Chooser(frozenset({"max", "min", "clamp", "select_n"}))
_SIGN = Chooser(frozenset({"abs", "sign"}))
_ORDER = Chooser(frozenset({"sort"}))

_CHOOSERS = {
    _SELECT: ("numpy.where", "lax.select", "lax.select_n"),
    _BRANCH: ("lax.cond", "lax.switch"),
    _LIST: ("numpy.select", "numpy.piecewise"),
    _EXTREME: (
        *("numpy.maximum", "numpy.minimum", "numpy.fmax", "numpy.fmin", "lax.max", "lax.min"),
    ),
    _BOUND: ("numpy.clip", "lax.clamp"),
    _BENT: (
        *("nn.relu", "nn.relu6", "nn.leaky_relu", "nn.elu", "nn.celu", "nn.selu"),
        *("nn.hard_tanh", "nn.hard_sigmoid", "nn.hard_swish", "nn.hard_silu"),
        *("nn.sparse_plus", "nn.sparse_sigmoid"),
    ),
    _SIGN: ("numpy.abs", "numpy.absolute", "numpy.fabs", "numpy.sign", "lax.abs", "lax.sign"),
    Chooser(signed=True): ("numpy.heaviside",),
    _ORDER: (
        *("numpy.sort", "numpy.argsort", "numpy.median", "numpy.nanmedian", "lax.sort"),
        *("numpy.quantile", "numpy.nanquantile", "numpy.percentile", "numpy.nanpercentile"),
    ),
}
"""Functions of each kind, as attributes of `jax`."""

Source = tuple[str, int]
"""File and first line of a function, which identify it."""


def library_function(equation: JaxprEqn) -> Source | None:
    """Returns the function of JAX that the user's line called and that made an operation.

    None if the line is this operation and nothing more, as `a > b`.
    """
    # The calls below the user's line, the innermost first.
    inside: list[CodeType] = []
    for code, _ in frames_of(equation):
        if is_users(code.co_filename) or is_ours(code.co_filename):
            break
        inside.append(code)
    for code in reversed(inside):
        if code.co_filename not in _machinery():
            return code.co_filename, code.co_firstlineno
    for program in inner_programs(equation):
        origin = origin_of(getattr(program, "jaxpr", program))
        if origin.file and not is_users(origin.file):
            return origin.file, origin.line
    return None


def asks_for(equation: JaxprEqn, name: str) -> bool:
    """Whether a line asks for an operation of JAX, and for nothing that contains it."""
    functions = (_source_of(f"{module}.{name}") for module in ("lax", "numpy"))
    called = library_function(equation)
    return called is None or called in functions


def chooser(function: Source | None) -> Chooser | None:
    """Returns how a function of JAX chooses; None if it is not called in order to choose."""
    return None if function is None else _choosers().get(function)


@functools.cache
def _choosers() -> dict[Source, Chooser]:
    return {
        source: kind
        for kind, names in _CHOOSERS.items()
        for source in map(_source_of, names)
        if source is not None
    }


def _source_of(name: str) -> Source | None:
    """Returns file and line of a function of JAX; None if this release has none of that name."""
    try:
        function = inspect.unwrap(operator.attrgetter(name)(jax))
    except AttributeError:
        return None
    code = getattr(function, "__code__", None)
    return None if code is None else (code.co_filename, code.co_firstlineno)


@functools.cache
def _machinery() -> frozenset[str]:
    """Returns the files of JAX that every operation passes through."""
    return frozenset(
        code.co_filename
        for probe in _probes()
        for equation in equations(jax.jit(probe).trace(_X).jaxpr.jaxpr)
        if equation.primitive.name in _PROBED
        for code in _below(equation)
    )


_PROBED = ("abs", "max", "custom_jvp_call")

_X = jax.ShapeDtypeStruct((2,), np.float32)


def _below(equation: JaxprEqn) -> Iterator[CodeType]:
    """Yields the calls between this module and an operation."""
    for code, _ in frames_of(equation):
        if code.co_filename == __file__:
            return
        yield code


def _probes() -> Iterator[Callable[..., Any]]:
    """Yields functions of the operations in `_PROBED`, transformed in the usual ways."""
    yield lambda x: jnp.maximum(abs(x), x)
    for change in (jax.jit, jax.vmap, jax.checkpoint, jnp.vectorize):
        yield lambda x, change=change: change(jnp.abs)(x)
    yield lambda x: jax.tree.map(jnp.abs, [x])
    yield lambda x: jax.jvp(jnp.abs, (x,), (x,))
    yield lambda x: jax.vjp(jnp.abs, x)[1](x)
    ruled = jax.custom_jvp(jnp.abs)
    ruled.defjvp(lambda primals, tangents: (ruled(*primals), tangents[0]))
    yield ruled
