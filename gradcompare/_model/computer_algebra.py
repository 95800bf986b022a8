"""An objective whose derivatives are those of computer algebra."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np

from .._foundation.errors import InputError
from .objective import Objective

NEEDS_SYMPY = "sympy_objective needs SymPy: pip install 'gradcompare[sympy]'"


@dataclass(frozen=True, eq=False)
class FromExpressions:
    """Expressions of symbols as a function of the parameters, summed over the data.

    Attributes:
        function: The expressions as a function of all symbols, parameters first.
        data: The values of the other symbols.
        is_value: Whether there is one expression, which gives a scalar.
    """

    function: Any
    data: tuple[Any, ...]
    is_value: bool = False

    def __call__(self, params: Any, data: Sequence[Any] | None = None) -> Any:
        data = self.data if data is None else data
        shape = np.broadcast_shapes(*map(np.shape, data))
        params = jnp.asarray(params)
        results = self.function(*(params[k] for k in range(len(params))), *data)
        sums = [jnp.sum(jnp.broadcast_to(jnp.asarray(each), shape)) for each in results]
        return sums[0] if self.is_value else jnp.stack(sums)


def sympy_objective(
    expression: Any, symbols: Sequence[Any], data: Mapping[Any, Any] | None = None
) -> Objective:
    """Returns an objective with value and gradient by computer algebra, for SymPy's expressions.

    Its gradient is a source that shares nothing with autodiff, and serves as `other=` of `check`.

    Args:
        expression: An expression of SymPy. If some of `data` are arrays, it is that of one of
            their entries, and the objective is the sum over all of them.
        symbols: The symbols of the parameters, in the order of the entries of `x`.
        data: The numbers or arrays that all other symbols of the expression stand for.

    Returns:
        An objective of an array `x`. Its `value` and `gradient` take `x` alone, or `x` and the
        values of `data`, in their order.

    Raises:
        InputError: if SymPy is missing, or the symbols do not fit the expression.

    Examples:
        >>> import gradcompare
        >>> import sympy
        >>> a, b, t, y = sympy.symbols("a b t y")
        >>> squares = (y - a * sympy.exp(-b * t)) ** 2
        >>> decay = gradcompare.sympy_objective(squares, [a, b], {t: [0, 1, 2], y: [3, 2, 1]})
        >>> print(decay.gradient([3.0, 0.5]))
        [-0.142...  0.199...]
        >>> gradcompare.compare(decay, points=1, timing=False).verdict.name
        'AGREE'
    """
    sympy = _sympy()
    expression, symbols = sympy.sympify(expression), list(symbols)
    values = {symbol: np.asarray(value, float) for symbol, value in (data or {}).items()}
    _require_symbols(expression, symbols, list(values))
    every, held = [*symbols, *values], tuple(values.values())

    def function(expressions: list[Any]) -> Any:
        return sympy.lambdify(every, expressions, modules="jax", cse=True)

    def make(rng: np.random.Generator, size: int) -> tuple[Any, Any]:
        point = rng.standard_normal(len(symbols))
        positive = np.array([bool(symbol.is_nonnegative) for symbol in symbols])
        return np.where(positive, np.exp(point), point), held

    slopes = [sympy.diff(expression, symbol) for symbol in symbols]
    return Objective(
        name="sympy",
        value=FromExpressions(function([expression]), held, is_value=True),
        gradient=FromExpressions(function(slopes), held),
        make=make,
        lower=np.where([bool(symbol.is_nonnegative) for symbol in symbols], 0.0, -np.inf),
        sizes=(len(symbols),),
        source="computer algebra by SymPy",
    )


def _sympy() -> ModuleType:
    try:
        return importlib.import_module("sympy")
    except ImportError as error:
        raise InputError(NEEDS_SYMPY) from error


def _require_symbols(expression: Any, symbols: list[Any], others: list[Any]) -> None:
    """Checks that the symbols of an expression are those that are given.

    Raises:
        InputError: if they are not.
    """
    if not symbols:
        raise InputError("symbols is empty; give those of the parameters, in the order of x")
    twice = {s for s in symbols if symbols.count(s) > 1 or s in others}
    unknown = expression.free_symbols - {*symbols, *others}
    if twice:
        raise InputError(f"{_named(twice)} is given twice; give each symbol once")
    if unknown:
        raise InputError(
            f"the expression has {_named(unknown)}, which is neither in symbols nor in data; "
            "give a number or an array for it in data"
        )


def _named(symbols: set[Any]) -> str:
    return ", ".join(sorted(map(str, symbols)))
