"""Arrays that record the choices made with them, for functions of NumPy.

A function that cannot be traced is called once more, with arrays that behave like those of NumPy,
and record which entries took which branch in `if`, masks, `np.where`, `np.maximum`, `np.clip`,
`abs` and the like. Results of other code are ordinary numbers and record nothing: those of
`float`, `math`, `np.array`, `np.asarray`, SciPy and JAX.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from ..kinds import conditional, extreme
from .functions import CALLS, CHOOSES
from .guards import rejects
from .recording import Caller, Kept, Orders, Record, called_from, direct_caller
from .steps import is_inexact, outside, step, stepping
from .tracked import Tracked, counted, plain

FINITE = (np.isfinite, np.isnan, np.isinf)
"""Tests whether numbers are finite, which reject a point and are no choices."""

SORTS = (sorted, list.sort, list.index, list.count, list.remove)
"""Functions of Python that compare without choosing."""

INPLACE = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor")

TOLERANCE = 1e-9
"""Relative tolerance of recorded results: NumPy rounds single numbers differently."""


def record(
    function: Callable[..., PyTree],
    params: PyTree,
    *rest: PyTree,
    orders: Orders | None = None,
    keeps: Kept | None = None,
) -> tuple[Record, PyTree]:
    """Calls a function with copies of its arguments; returns its choices and its result."""
    recording = Record(orders, keeps=keeps)

    def recorded(leaf: Any) -> Recorded:
        return _wrapped(np.array(leaf), recording)

    with np.errstate(all="ignore"):
        result = function(jax.tree.map(recorded, params), *jax.tree.map(np.array, rest))
    return recording, result


def same(recorded: PyTree, other: PyTree) -> bool:
    """Whether a recorded call returned the result of an ordinary one."""
    pairs = zip(jax.tree.leaves(recorded), jax.tree.leaves(other), strict=True)
    return all(np.allclose(plain(a), b, rtol=TOLERANCE, atol=0, equal_nan=True) for a, b in pairs)


def is_followed(function: Callable[..., PyTree], params: PyTree, *rest: PyTree) -> bool:
    """Whether a function computes with recorded arrays to the end.

    Its result then consists of numbers that such arrays held; code outside of NumPy makes others.
    """
    recording, result = record(function, params, *rest, keeps="numbers")
    assert recording.numbers is not None
    return all(recording.numbers.hold(plain(leaf)) for leaf in jax.tree.leaves(result))


class Recorded(Tracked):
    """An array that records operations on it."""

    def __array_finalize__(self, origin: Any) -> None:
        self.record = getattr(origin, "record", None) or Record()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        recorded = next(
            x for x in (*inputs, *(out or ()), options.get("where")) if isinstance(x, Recorded)
        )
        operands, others = [plain(x) for x in inputs], jax.tree.map(plain, options)
        if out is not None:
            others["out"] = tuple(x.view(np.ndarray) for x in out)
        result = getattr(ufunc, method)(*operands, **others)
        name, thin = ufunc.__name__, None
        outside(recorded.record, inputs)
        stepping(recorded.record, ufunc, inputs, result)
        if method == "__call__" and name in CHOOSES and (place := called_from()) is not None:
            CHOOSES[name](recorded.record, place, name, inputs, operands)
        if method == "__call__" and name in ("equal", "not_equal"):
            floating = any(np.asarray(x).dtype.kind == "f" for x in operands)
            thin = int(name == "equal") if floating else None
        counted([options.get("where"), *(() if _is_bool(result) else inputs)])
        return _wrapped(result, recorded.record, thin, ufunc in FINITE or _about_finite(inputs))

    def __array_function__(self, function, types, args, kwargs):
        leaves = jax.tree.leaves((args, kwargs))
        recorded = next(x for x in leaves if isinstance(x, Recorded))
        arguments, options = jax.tree.map(plain, (args, kwargs))
        result = function(*arguments, **options)
        choose = CALLS.get(function)
        outside(recorded.record, leaves)
        if choose is None:
            stepping(recorded.record, function, leaves, result)
        if choose is not None and (place := called_from()) is not None:
            choose(recorded.record, place, *args, **kwargs)
        elif not _is_bool(result):
            counted(leaves)
        return _wrapped(result, recorded.record, finite=_about_finite(leaves))

    def __bool__(self) -> bool:
        answer, caller = bool(plain(self)), direct_caller()
        if caller is not None and not (self.finite or _sorts(caller.function) or rejects(caller)):
            _branched(self, caller, answer)
        return answer

    def astype(self, dtype, *args, **options):
        result = super().astype(dtype, *args, **options)
        if is_inexact(self) and result.dtype.kind in "iu":
            step(self.record)
        if not _is_bool(result):
            counted([self])
        return result

    def argsort(self, *args, **options):
        return np.argsort(self, *args, **options)

    def sort(self, *args, **options) -> None:
        self.view(np.ndarray)[...] = plain(np.sort(self, *args, **options))

    def __float__(self) -> float:
        counted([self])
        return float(plain(self))

    def argmax(self, *args: Any, **options: Any) -> Any:
        return np.argmax(self, *args, **options)

    def argmin(self, *args: Any, **options: Any) -> Any:
        return np.argmin(self, *args, **options)

    def searchsorted(self, *args: Any, **options: Any) -> Any:
        return np.searchsorted(self, *args, **options)

    def round(self, *args: Any, **options: Any) -> Any:
        return np.round(self, *args, **options)

    def __int__(self) -> int:
        counted([self])
        if is_inexact(self):
            step(self.record)
        return int(plain(self))

    def __index__(self) -> int:
        counted([self])
        return self.view(np.ndarray).__index__()

    def __getitem__(self, index):
        self._masked(index)
        outside(self.record, index if isinstance(index, tuple) else (index,))
        # One entry is a number, not a view of the array.
        entry = _wrapped(self.view(np.ndarray)[jax.tree.map(plain, index)], self.record)
        if self.dtype == bool:
            entry.origin, entry.thin, entry.finite = self.origin, self.thin, self.finite
        return entry

    def __setitem__(self, index, value) -> None:
        self._masked(index)
        outside(self.record, (index, value))
        self.view(np.ndarray)[jax.tree.map(plain, index)] = plain(value)

    def _masked(self, index: Any) -> None:
        """Records the masks in an index: entries inside and outside take its two branches."""
        for each in index if isinstance(index, tuple) else (index,):
            counted([each])

    def __round__(self, digits: int = 0):
        return self.round(digits)


def _inplace(name: str) -> Callable:
    ordinary = getattr(np.ndarray, f"__i{name}__")

    def operator(self, other):
        # Numbers are immutable: `s = t = x[0]; s += 1` must leave t unchanged.
        return NotImplemented if self.ndim == 0 else ordinary(self, other)

    return operator


for _name in INPLACE:
    setattr(Recorded, f"__i{_name}__", _inplace(_name))


def _is_bool(result: Any) -> bool:
    return isinstance(result, bool) or getattr(getattr(result, "dtype", None), "kind", "") == "b"


def _about_finite(operands: Any) -> bool:
    """Whether all recorded operands are tests of finiteness."""
    recorded = [x.finite for x in operands if isinstance(x, Recorded)]
    return bool(recorded) and all(recorded)


def _wrapped(result: Any, record: Record, thin: int | None = None, finite: bool = False) -> Any:
    """Returns a result of NumPy as a recorded array; booleans get the place of their origin."""
    if isinstance(result, (tuple, list)):
        parts = [_wrapped(part, record) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if not isinstance(result, (np.ndarray, np.generic)):
        return result
    array = np.asarray(result).view(Recorded)
    array.record = record
    if array.dtype == bool:
        array.origin, array.thin, array.finite = called_from(), thin, finite
    elif record.numbers is not None:
        record.numbers.add(np.asarray(result))
    return array


def _sorts(function: Any) -> bool:
    """Whether a function of Python sorts, or looks for an entry."""
    of_list = getattr(list, getattr(function, "__name__", ""), None)
    bound = isinstance(getattr(function, "__self__", None), list)
    return any((of_list if bound else function) is each for each in SORTS)


def _branched(condition: Recorded, caller: Caller, answer: bool) -> None:
    """Records an `if` or the like on a recorded number; `max(a, b)` tests whether b > a."""
    place = condition.origin or caller.place
    words = conditional(place)
    if (caller.function is max or caller.function is min) and place == caller.place:
        if len(place.literals) != 2:
            return
        words = extreme(caller.function.__name__, place, *place.literals)
    condition.record.add(place, words, [np.array(not answer), np.array(answer)], condition.notes)
