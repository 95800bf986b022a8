"""What stands for a function or a module of NumPy and SciPy: the same of JAX for traced arrays.

A substitute calls NumPy as long as no argument is traced, and the function of JAX of the same name
and module otherwise: `scipy.special.expit` is `jax.scipy.special.expit` then.
"""

import importlib
import math
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import jax.scipy.special
import numpy as np

from .arrays import AnyArray, HostArray, NoTwinError, is_any_traced, type_like

HOMES = {"numpy": "jax.numpy", "scipy": "jax.scipy"}
"""The packages with a counterpart in JAX."""

RANDOM = (np.random.Generator, np.random.RandomState)

CONSTANTS = (int, float, complex, str, tuple, list, dict, np.generic, type(None))

WRITERS = (np.fill_diagonal, np.copyto, np.put, np.place, np.putmask, np.put_along_axis)
"""Functions that change their argument, as `at` of a universal function does."""

SCALARS = frozenset(kind for kind in np.sctypeDict.values() if issubclass(kind, np.inexact))
"""The types of numbers that a function may convert a traced number to."""

_SPECIAL = jax.scipy.special
MATH = {
    "lgamma": _SPECIAL.gammaln,
    "gamma": _SPECIAL.gamma,
    "erf": _SPECIAL.erf,
    "erfc": _SPECIAL.erfc,
    "fsum": jnp.sum,
    "pow": jnp.power,
    "atan2": jnp.arctan2,
    "atan": jnp.arctan,
    "asin": jnp.arcsin,
    "acos": jnp.arccos,
}
"""Functions of `math` that have another name in JAX."""


class Substitute:
    """A function, a distribution or a module of NumPy, and its counterpart in JAX, if any."""

    def __init__(self, name: str, plain: Any, traced: Any) -> None:
        self._name, self._plain, self._traced = name, plain, traced

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not is_any_traced(args, kwargs):
            return result_of(self._name, self._plain(*args, **kwargs))
        return _with_arrays(self._required(), args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        if not is_any_traced(key):
            return result_of(self._name, self._plain[key])
        return self._required()[key]

    def __getattr__(self, name: str) -> Any:
        plain = getattr(self._plain, name)
        traced = getattr(self._traced, name, None)
        return substitute(f"{self._name}.{name}", plain, traced)

    def _required(self) -> Any:
        if (
            any(self._plain is each for each in WRITERS)
            or getattr(self._plain, "__name__", "") == "at"
        ):
            raise NoTwinError(f"{self._name} writes to an array in place")
        if self._traced is None:
            raise NoTwinError(f"JAX has no {self._name}")
        return self._traced


def result_of(name: str, result: Any) -> Any:
    """Returns what a function of NumPy gave, so that it can meet traced arrays."""
    return Substitute(name, result, None) if isinstance(result, RANDOM) else HostArray.of(result)


def _with_arrays(function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Calls a function of JAX; with arrays instead of lists if it takes no lists, unlike NumPy."""
    lists = [isinstance(arg, (list, tuple)) and is_any_traced(arg) for arg in args]
    if not any(lists):
        return function(*args, **kwargs)
    try:
        return function(*args, **kwargs)
    except TypeError:
        joined = (jnp.asarray(a) if is_list else a for a, is_list in zip(args, lists, strict=True))
        return function(*joined, **kwargs)


def substitute(name: str, plain: Any, traced: Any) -> Any:
    """Returns what stands for a thing of NumPy; the thing itself if it needs no other."""
    if isinstance(plain, ModuleType):
        return of_module(plain) or plain
    if plain is np.ndarray:
        return AnyArray
    if isinstance(plain, type):
        return type_like(plain) if plain in SCALARS else plain
    if isinstance(plain, CONSTANTS):
        return plain
    return Substitute(name, plain, traced)


def of_module(module: ModuleType) -> Substitute | None:
    """Returns what stands for a module of NumPy, of SciPy or `math`; None for any other."""
    if module is math:
        traced = ModuleType("math")
        vars(traced).update({n: getattr(jnp, n, None) for n in dir(math)} | MATH)
        return Substitute("math", math, traced)
    top, _, inner = module.__name__.partition(".")
    if top not in HOMES:
        return None
    try:
        traced = importlib.import_module(".".join(filter(None, [HOMES[top], inner])))
    except ImportError:
        traced = None
    return Substitute(module.__name__, module, traced)


def by_identity() -> dict[int, Any]:
    """Returns what stands for each function of NumPy and SciPy, by the identity of the function.

    It serves those that a user's module imports by themselves, under whatever name.
    """
    found: dict[int, Any] = {}
    for name, module in list(sys.modules.items()):
        public = not any(part.startswith("_") for part in name.split("."))
        home = of_module(module) if public and _has_counterpart(name) else None
        if home is None:
            continue
        for member, plain in vars(module).items():
            if not member.startswith("_") and not isinstance(plain, (ModuleType, *CONSTANTS)):
                found.setdefault(id(plain), getattr(home, member))
    return found


def _has_counterpart(name: str) -> bool:
    top, _, inner = name.partition(".")
    return name == "math" or (top in HOMES and inner.count(".") == 0)
