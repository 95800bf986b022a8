"""Functions of mpmath for well-known names.

A name only proposes: the function counts if its values are those of the function under test.
"""

from collections.abc import Callable
from typing import Any

from mpmath import mp

from .operations import guarded, near


def _spence(x: Any) -> Any:
    return mp.polylog(2, 1 - x)


def _log_ndtr(x: Any) -> Any:
    return mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)


def _xlogy(x: Any, y: Any) -> Any:
    return mp.zero if x == 0 else x * mp.log(y)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "acosh": mp.acosh,
    "arccosh": mp.acosh,
    "arcsinh": mp.asinh,
    "arctanh": mp.atanh,
    "asinh": mp.asinh,
    "atanh": mp.atanh,
    "beta": mp.beta,
    "betainc": lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
    "betaln": lambda a, b: mp.log(mp.beta(a, b)),
    "digamma": mp.digamma,
    "entr": lambda x: -x * mp.log(x) if x > 0 else mp.zero,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erfinv": mp.erfinv,
    "exp1": mp.e1,
    "expi": mp.ei,
    "expit": lambda x: 1 / (1 + mp.exp(-x)),
    "expm1": mp.expm1,
    "expn": lambda n, x: mp.expint(n, x),
    "factorial": mp.factorial,
    "gamma": mp.gamma,
    "gammainc": lambda a, x: mp.gammainc(a, 0, x, regularized=True),
    "gammaincc": lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True),
    "gammaln": lambda x: mp.log(abs(mp.gamma(x))) if x < 0 else mp.loggamma(x),
    "hyp1f1": mp.hyp1f1,
    "hyp2f1": mp.hyp2f1,
    "i0": lambda x: mp.besseli(0, x),
    "i0e": lambda x: mp.besseli(0, x) * mp.exp(-abs(x)),
    "i1": lambda x: mp.besseli(1, x),
    "i1e": lambda x: mp.besseli(1, x) * mp.exp(-abs(x)),
    "kl_div": lambda x, y: x * mp.log(x / y) - x + y,
    "lambertw": mp.lambertw,
    "log1p": mp.log1p,
    "log_ndtr": _log_ndtr,
    "log_sigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "logit": lambda x: mp.log(x / (1 - x)),
    "ndtr": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "ndtri": lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1),
    "poch": lambda z, m: mp.gamma(z + m) / mp.gamma(z),
    "polygamma": lambda n, x: mp.psi(int(n), x),
    "rel_entr": lambda x, y: x * mp.log(x / y),
    "sinc": lambda x: mp.sincpi(x),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "spence": _spence,
    "tanh": mp.tanh,
    "xlog1py": lambda x, y: x * mp.log1p(y),
    "xlogy": _xlogy,
    "zeta": lambda s, q: mp.zeta(s, q),
}


_ELEMENTARY = frozenset(
    {
        *("acosh", "arccosh", "arcsinh", "arctanh", "asinh", "atanh", "entr", "erf", "erfc"),
        *("expit", "expm1", "kl_div", "log1p", "log_ndtr", "log_sigmoid", "logit", "ndtr"),
        *("rel_entr", "sinc", "softplus", "tanh", "xlog1py", "xlogy"),
    }
)
"""Functions that take no series far out."""


def named(name: str) -> Callable[..., Any] | None:
    """Returns the function of mpmath that a name proposes, if there is one."""
    function = _FUNCTIONS.get(name)
    if function is None or name in _ELEMENTARY:
        return None if function is None else guarded(function)
    return near(function)
