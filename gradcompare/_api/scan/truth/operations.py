"""The primitive operations of JAX on single numbers of mpmath."""

import math
import operator
from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp
from mpmath.libmp import NoConvergence

LARGEST_MAGNITUDE = 40_000
"""Binary exponent of infinity: the next `exp` of such a number would fill the memory."""

FAR = 1e4
"""Size of an argument beyond which series of special functions take too long."""


class UnsupportedError(Exception):
    """A program, or a point, that cannot be computed with many digits."""


UNKNOWN = (UnsupportedError, ArithmeticError, ValueError, NotImplementedError, KeyError)
"""What the computation with many digits raises where it cannot tell."""


def real(value: Any) -> Any:
    """Returns a number that is real and not too large; else nan or infinity."""
    if isinstance(value, mpmath.mpc):
        return value.real if value.imag == 0 else mp.nan
    large = isinstance(value, mpmath.mpf) and value and mp.isfinite(value)
    if large and mp.mag(value) > LARGEST_MAGNITUDE:
        return mp.sign(value) * mp.inf
    return value


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that gives nan where mpmath raises, as in the branch not taken."""

    def call(*numbers: Any) -> Any:
        try:
            return real(function(*numbers))
        except (ValueError, ArithmeticError, NoConvergence):
            return mp.nan

    return call


def near(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a guarded special function that refuses arguments far out."""

    def call(*numbers: Any) -> Any:
        if any(mp.isfinite(x) and abs(x) > FAR for x in numbers):
            raise UnsupportedError("an argument of a special function is too large")
        return function(*numbers)

    return guarded(call)


def _divide(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        return math.trunc(a / b) if b else 0
    if b == 0:
        return mp.nan if a == 0 or mp.isnan(a) else mp.sign(a) * mp.inf
    return a / b


def _log(x: Any) -> Any:
    return -mp.inf if x == 0 else mp.log(x)


def _power(x: Any, y: Any) -> Any:
    if y == 0:
        return mp.one
    if x == 0:
        return mp.inf if y < 0 else mp.zero
    return mp.power(x, y)


def _remainder(a: Any, b: Any) -> Any:
    return a - b * int(mp.floor(abs(a / b))) * (1 if (a < 0) == (b < 0) else -1)


def _log_gamma(x: Any) -> Any:
    return mp.log(abs(mp.gamma(x))) if x < 0 else mp.loggamma(x)


def _erf_inv(x: Any) -> Any:
    """Returns the inverse error function: mpmath's own, or infinity at its ends."""
    return mp.sign(x) * mp.inf if abs(x) == 1 else mp.erfinv(x)


def _i0e(x: Any) -> Any:
    return mp.besseli(0, x) * mp.exp(-abs(x))


def _i1e(x: Any) -> Any:
    return mp.besseli(1, x) * mp.exp(-abs(x))


def _zeta(s: Any, q: Any) -> Any:
    return mp.zeta(s, q)


def _gamma_p(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def _gamma_q(a: Any, x: Any) -> Any:
    return mp.gammainc(a, x, mp.inf, regularized=True)


def _beta_i(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def _bits(both: Callable, integers: Callable) -> Callable[..., Any]:
    return lambda a, b: both(a, b) if isinstance(a, bool) else integers(int(a), int(b))


def _sign(x: Any) -> Any:
    return (x > 0) - (x < 0) if isinstance(x, int) else mp.sign(x)


EXACT: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "add_any": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
    "abs": abs,
    "sign": _sign,
    "max": lambda a, b: a if a >= b or a != a else b,
    "min": lambda a, b: a if a <= b or a != a else b,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "and": _bits(lambda a, b: a and b, operator.and_),
    "or": _bits(lambda a, b: a or b, operator.or_),
    "xor": _bits(operator.ne, operator.xor),
    "not": lambda a: not a if isinstance(a, bool) else ~a,
    "is_finite": lambda x: bool(mp.isfinite(x)),
    "clamp": lambda low, x, high: min(max(x, low), high),
    "stop_gradient": lambda x: x,
    "copy": lambda x: x,
    "copy_p": lambda x: x,
    "optimization_barrier": lambda x: x,
}
"""Operations that round nothing, or only in the last of many digits."""

ROUNDED: dict[str, Callable[..., Any]] = {
    "div": _divide,
    "rem": _remainder,
    "pow": _power,
    "square": lambda x: x * x,
    "log": _log,
    "log1p": mp.log1p,
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "expm1": mp.expm1,
    "sqrt": mp.sqrt,
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan2": mp.atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "logistic": lambda x: 1 / (1 + mp.exp(-x)),
    "floor": mp.floor,
    "ceil": mp.ceil,
    "erf": mp.erf,
    "erfc": mp.erfc,
}

SPECIAL: dict[str, Callable[..., Any]] = {
    "erf_inv": _erf_inv,
    "lgamma": _log_gamma,
    "digamma": mp.digamma,
    "polygamma": lambda m, x: mp.psi(int(m), x),
    "zeta": _zeta,
    "igamma": _gamma_p,
    "igammac": _gamma_q,
    "regularized_incomplete_beta": _beta_i,
    "bessel_i0e": _i0e,
    "bessel_i1e": _i1e,
}

OPERATIONS = {
    **EXACT,
    **{name: guarded(function) for name, function in ROUNDED.items()},
    **{name: near(function) for name, function in SPECIAL.items()},
}
"""What computes one entry of the result from one entry of each operand."""
