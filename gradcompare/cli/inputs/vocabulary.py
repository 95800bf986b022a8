"""What a formula may consist of: operators, and functions, methods and constants by name.

Nothing that is not listed here can be called from a formula. A function that could make a large
array out of a small formula is bounded.
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
"""What may stand before the name of a function, and changes nothing."""

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
"""The functions that may also be written after their first argument: `x.sum()`."""

LARGEST = 10**7
"""At most so many entries are made out of nothing, by `ones` and its like."""


@dataclass(frozen=True)
class Function:
    """One function of the vocabulary.

    Attributes:
        call: The function itself.
        keywords: The keyword arguments it may be given.
        most: At most how many positional arguments, and what to do instead where that is
            a likely mistake.
        gathers: Whether its first argument is a list of arrays, not to be made into one.
        text: Whether it may be given text.
    """

    call: Callable[..., Any]
    keywords: tuple[str, ...] = ()
    most: tuple[int, str] | None = None
    gathers: bool = False
    text: bool = False


def _made(make: Callable[..., Any]) -> Callable[..., Any]:
    """Bounds a function that makes an array of a shape."""

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
    return _made(jnp.ones)(stop).cumsum() - 1


def _one_shape(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a function of a shape or axes take them one by one, as the methods do."""

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
    "eye": Function(_made(jnp.eye)),
    "ones": Function(_made(jnp.ones)),
    "zeros": Function(_made(jnp.zeros)),
    "arange": Function(_arange),
    "len": Function(len),
}
"""Every function by its plain name."""

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
