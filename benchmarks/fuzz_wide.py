"""Functions written for `xp` (NumPy or jax.numpy), evaluated with 60 digits by `decimal`.

The arrays are NumPy's, of `Decimal` objects, so that `+`, `*`, `@` and indexing work as they do
for floats. Only what NumPy cannot do for objects is written here. Casts to narrow types are left
out: the derivative is that of the function without them.
"""

import decimal
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
from jaxtyping import Float

DIGITS = 60
CONTEXT = decimal.Context(
    prec=DIGITS, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[decimal.FloatOperation]
)
"""Infinities and NaN are results, as in NumPy; a float among the numbers is an error."""


@cache
def pi(digits: int) -> Decimal:
    """Returns π by Machin's formula, π/4 = 4 arctan(1/5) − arctan(1/239)."""
    with decimal.localcontext(CONTEXT) as context:
        context.prec = digits + 10
        return 4 * (4 * _arccot(5) - _arccot(239))


def _arccot(n: int) -> Decimal:
    power = total = Decimal(1) / n
    k = 1
    while abs(power) > Decimal(10) ** -decimal.getcontext().prec:
        k, power = k + 2, -power / n**2
        total += power / k
    return total


def sin(x: Decimal) -> Decimal:
    """Returns the sine by its series, after the argument is reduced to [−π/4, π/4] / 2⁵."""
    return _reduced(x, 0)


def cos(x: Decimal) -> Decimal:
    return _reduced(x, 1)


def _reduced(x: Decimal, quarters: int) -> Decimal:
    # Where a float would be infinite, π would be needed to any number of digits.
    if not x.is_finite() or x.adjusted() > sys.float_info.max_10_exp:
        return Decimal("nan")
    with decimal.localcontext(CONTEXT) as context:
        context.prec += max(0, x.adjusted()) + 10
        half = pi(context.prec) / 2
        turns = (x / half).to_integral_value()
        rest, quarters = x - turns * half, (int(turns) + quarters) % 4
        result = _cos(rest) if quarters % 2 else _sin(rest)
    return +(-result if quarters >= 2 else result)


def _sin(x: Decimal) -> Decimal:
    return _series(x, 1, x)


def _cos(x: Decimal) -> Decimal:
    return _series(x, 0, Decimal(1))


def _series(x: Decimal, k: int, term: Decimal) -> Decimal:
    total = term
    while term and term.adjusted() > total.adjusted() - decimal.getcontext().prec:
        k, term = k + 2, -term * x * x / ((k + 1) * (k + 2))
        total += term
    return total


def expm1(x: Decimal) -> Decimal:
    """Returns exp(x) − 1 with as many digits more as cancel."""
    with decimal.localcontext(CONTEXT) as context:
        context.prec += _cancelled(x)
        result = x.exp() - 1
    return +result


def log1p(x: Decimal) -> Decimal:
    with decimal.localcontext(CONTEXT) as context:
        context.prec += _cancelled(x)
        result = (1 + x).ln()
    return +result


def tanh(x: Decimal) -> Decimal:
    shrunk = expm1(-2 * abs(x))
    return (-shrunk / (2 + shrunk)).copy_sign(x)


def _cancelled(x: Decimal) -> int:
    return min(max(0, -x.adjusted()), 700) if x.is_finite() and x else 0


def logaddexp(a: Decimal, b: Decimal) -> Decimal:
    return max(a, b) + log1p((-abs(a - b)).exp())


def elementwise(function: Callable[..., Decimal], arguments: int) -> Callable:
    """Returns a function of arrays of decimals and of integers, such as the 0 in max(x, 0).

    The results are decimals: a sum of integers divided by an integer would be a float.
    """
    return np.frompyfunc(lambda *a: function(*map(Decimal, a)), arguments, 1)


DECIMALS = np.frompyfunc(Decimal.from_float, 1, 1)
WIDE = SimpleNamespace(
    sin=elementwise(sin, 1),
    cos=elementwise(cos, 1),
    exp=elementwise(Decimal.exp, 1),
    log=elementwise(Decimal.ln, 1),
    sqrt=elementwise(Decimal.sqrt, 1),
    expm1=elementwise(expm1, 1),
    log1p=elementwise(log1p, 1),
    tanh=elementwise(tanh, 1),
    logaddexp=elementwise(logaddexp, 2),
    floor=elementwise(lambda x: x.to_integral_value(decimal.ROUND_FLOOR), 1),
    maximum=elementwise(max, 2),
    minimum=elementwise(min, 2),
    where=np.where,
    sum=np.sum,
    sign=np.sign,
    abs=np.abs,
    ones_like=lambda x: np.full_like(x, Decimal(1)),
    asarray=lambda x, dtype=None: x,
    clip=elementwise(lambda x, low, high: min(max(x, low), high), 3),
)
LONG = SimpleNamespace(
    **{**vars(WIDE), **{name: getattr(np, name) for name in vars(WIDE) if name != "asarray"}}
)
"""Extended precision, 19 digits: enough for long sums in which nothing cancels, and faster."""


def widened(value: Any, long: bool) -> Any:
    """Returns floats and arrays of floats with more digits; everything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return (
            value.astype(np.longdouble) if long else np.frompyfunc(Decimal.from_float, 1, 1)(value)
        )
    if isinstance(value, float):
        return np.longdouble(value) if long else Decimal.from_float(value)
    return value


def exact(formula: Callable, long: bool = False) -> Callable[..., Float[np.ndarray, " d"]]:
    """Returns a function that evaluates a formula written for `xp` with more digits.

    Args:
        formula: A function of arrays that calls the functions of a global module `xp`.
        long: Whether extended precision is enough.
    """
    names = {name: widened(value, long) for name, value in formula.__globals__.items()}
    function = FunctionType(formula.__code__, {**names, "xp": LONG if long else WIDE})
    kept: dict[bytes, np.ndarray] = {}
    wide_data: dict[int, Any] = {}

    def evaluated(x, *data):
        x = np.asarray(x, np.float64)
        if (key := x.tobytes()) not in kept:
            rest = [_once(wide_data, number, a, long) for number, a in enumerate(data)]
            with decimal.localcontext(CONTEXT), np.errstate(all="ignore"):
                kept[key] = np.asarray(function(widened(x, long), *rest)).astype(np.float64)
        return kept[key].copy()

    return evaluated


def _once(wide_data: dict[int, Any], number: int, array: Any, long: bool) -> Any:
    """Widens an argument at the first call only: the data of a program do not change."""
    if number not in wide_data:
        wide_data[number] = widened(np.asarray(array), long)
    return wide_data[number]
