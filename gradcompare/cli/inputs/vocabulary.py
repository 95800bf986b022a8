"""The vocabulary of formulas: operators, and functions, methods and constants by name.

A formula can call nothing else. Functions that could make a large array from a small formula
have a limit.
"""

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import jax.scipy.special as jss

from ..._foundation.errors import InputError

CONSTANTS = {"pi": math.pi, "e": math.e}

PREFIXES = frozenset(
    [
        *("jnp", "np", "jax.numpy", "numpy", "math", "jax.nn", "nn"),
        *("jnp.linalg", "np.linalg", "jax.numpy.linalg", "numpy.linalg", "linalg"),
        *("jax.scipy.special", "scipy.special", "special", "jax.scipy.linalg", "scipy.linalg"),
    ]
)
"""Prefixes that the name of a function may have; they change nothing."""

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.Invert: operator.invert,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

ATTRIBUTES: dict[str, Callable[[Any], Any]] = {
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "shape": lambda x: x.shape,
    "ndim": lambda x: x.ndim,
    "size": lambda x: x.size,
}

METHODS = frozenset(
    [
        "sum",
        "mean",
        "prod",
        "max",
        "min",
        "var",
        "std",
        "cumsum",
        "dot",
        "trace",
        "transpose",
        "ravel",
        "flatten",
        "reshape",
        "squeeze",
    ]
)
"""Functions that can also be called as methods of their first argument: `x.sum()`."""

LARGEST = 10**7
"""Largest number of entries that `ones` and similar functions may make."""


@dataclass(frozen=True)
class Function:
    """One function of the vocabulary.

    Attributes:
        call: The function itself.
        keywords: The keyword arguments that it accepts.
        most: The largest number of positional arguments, with advice where more are a likely
            mistake.
        gathers: Whether its first argument is a list of arrays, which stays a list.
        text: Whether it accepts text.
    """

    call: Callable[..., Any]
    keywords: tuple[str, ...] = ()
    most: tuple[int, str] | None = None
    gathers: bool = False
    text: bool = False


def _limited(make: Callable[..., Any]) -> Callable[..., Any]:
    """Limits the size of the array that a function makes from a shape."""

    def bounded(*numbers):
        shape = numbers[0] if isinstance(numbers[0], tuple) else numbers
        if make is jnp.eye and len(shape) == 1:
            shape = (*shape, *shape)
        if math.prod(shape) > LARGEST:
            raise InputError(
                f"this makes {math.prod(shape):.3g} entries; make at most {LARGEST:.0e}"
            )
        return make(*numbers)

    return bounded


def _arange(stop: int) -> Any:
    return _limited(jnp.ones)(stop).cumsum() - 1


def _one_shape(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a function take a shape or axes one by one, as NumPy's methods do."""

    def flexible(x, *numbers):
        if not numbers:
            return function(x)
        return function(x, numbers[0] if len(numbers) == 1 else numbers)

    return flexible


def _plain(module: Any, names: str) -> dict[str, Function]:
    return {name: Function(getattr(module, name)) for name in names.split()}


def _reductions(names: str, **fields: Any) -> dict[str, Function]:
    return {n: Function(getattr(jnp, n), ("axis", "keepdims"), **fields) for n in names.split()}


_EITHER = {
    n: (1, f"for the larger or smaller of two, write {n}imum(a, b)") for n in ("max", "min")
}

FUNCTIONS: dict[str, Function] = {
    **_plain(jnp, "abs exp exp2 expm1 log log1p log2 log10 sqrt cbrt square power reciprocal"),
    **_plain(jnp, "sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh"),
    **_plain(jnp, "arcsinh arccosh arctanh sinc hypot sign floor ceil"),
    **_plain(jnp, "maximum minimum where clip logaddexp"),
    **_plain(jnp, "dot vdot inner outer matmul cross diag tril triu ravel squeeze"),
    **_plain(jnp, "zeros_like ones_like"),
    **_plain(jnp.linalg, "slogdet det inv solve cholesky eigvalsh"),
    **_plain(jax.nn, "sigmoid softplus log_sigmoid relu silu"),
    **_plain(jss, "gammaln digamma erf erfc logit expit xlogy betaln"),
    **_reductions("sum prod mean var std"),
    **_reductions("max", most=_EITHER["max"]),
    **_reductions("min", most=_EITHER["min"]),
    "var": Function(jnp.var, ("axis", "keepdims", "ddof")),
    "std": Function(jnp.std, ("axis", "keepdims", "ddof")),
    "logsumexp": Function(jss.logsumexp, ("axis", "keepdims", "b")),
    "softmax": Function(jax.nn.softmax, ("axis",)),
    "log_softmax": Function(jax.nn.log_softmax, ("axis",)),
    "cumsum": Function(jnp.cumsum, ("axis",)),
    "sort": Function(jnp.sort, ("axis",)),
    "diff": Function(jnp.diff, ("axis",)),
    "trace": Function(jnp.trace),
    "norm": Function(jnp.linalg.norm, ("ord", "axis", "keepdims"), text=True),
    "solve_triangular": Function(jsl.solve_triangular, ("lower", "trans")),
    "einsum": Function(jnp.einsum, text=True),
    "transpose": Function(_one_shape(jnp.transpose)),
    "reshape": Function(_one_shape(jnp.reshape)),
    "flatten": Function(jnp.ravel),
    "array": Function(jnp.asarray),
    "stack": Function(jnp.stack, ("axis",), gathers=True),
    "concatenate": Function(jnp.concatenate, ("axis",), gathers=True),
    "eye": Function(_limited(jnp.eye)),
    "ones": Function(_limited(jnp.ones)),
    "zeros": Function(_limited(jnp.zeros)),
    "arange": Function(_arange),
    "len": Function(len),
}
"""All functions by name, without a prefix."""

FUNCTIONS |= {
    other: FUNCTIONS[name]
    for other, name in {
        "asin": "arcsin",
        "acos": "arccos",
        "atan": "arctan",
        "atan2": "arctan2",
        "asinh": "arcsinh",
        "acosh": "arccosh",
        "atanh": "arctanh",
        "lgamma": "gammaln",
        "psi": "digamma",
        "asarray": "array",
        "absolute": "abs",
        "pow": "power",
    }.items()
}
