"""Arrays that record the choices that are made with them, to look into functions of NumPy.

A function that cannot be traced is called once more, with arrays that do all that those of NumPy
do, and remember which entries took which arm where `if`, a mask, `np.where`, `np.maximum`,
`np.clip`, `abs` and their like ask them. What is not made by NumPy is an ordinary number, and no
more is known of it: what `float`, `math`, `np.array`, `np.asarray`, SciPy and JAX return.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from ..._foundation.user_code import Place
from .kinds import bounded, conditional, extreme, signed
from .recording import Caller, Record, asked_by, called_from, rejects

FINITE = (np.isfinite, np.isnan, np.isinf)
"""What asks whether numbers are finite, which rejects a point and is no choice."""

SORTS = (sorted, list.sort, list.index, list.count, list.remove)
"""Python's functions that compare without choosing."""

INPLACE = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor")

TOLERANCE = 1e-9
"""Recorded numbers may be as far from the others: NumPy rounds differently for single numbers."""


def record(
    function: Callable[..., PyTree], params: PyTree, *rest: PyTree, keeps_numbers: bool = False
) -> tuple[Record, PyTree]:
    """Calls a function with copies of its arguments; returns its choices, and its result."""
    found = Record(keeps_numbers=keeps_numbers)

    def recorded(leaf: Any) -> Recorded:
        return _wrapped(np.array(leaf), found)

    with np.errstate(all="ignore"):
        result = function(jax.tree.map(recorded, params), *jax.tree.map(np.array, rest))
    return found, result


def same(recorded: PyTree, plain: PyTree) -> bool:
    """Whether a function returned what it returns when it is not recorded."""
    pairs = zip(jax.tree.leaves(recorded), jax.tree.leaves(plain), strict=True)
    return all(np.allclose(_plain(a), b, rtol=TOLERANCE, atol=0, equal_nan=True) for a, b in pairs)


def is_followed(function: Callable[..., PyTree], params: PyTree, *rest: PyTree) -> bool:
    """Whether a function computes with recorded arrays to the end.

    What it returns then consists of numbers that such arrays held. What is made of them outside
    of NumPy is others.
    """
    found, result = record(function, params, *rest, keeps_numbers=True)
    assert found.numbers is not None
    entries = (np.ravel(_plain(leaf)).tolist() for leaf in jax.tree.leaves(result))
    return all(found.numbers.issuperset(each) for each in entries)


class Recorded(np.ndarray):
    """An array that is recorded, and what is made of it.

    Attributes:
        record: Where.
        made: The comparison, or the like, that made it, where it is true or false.
        thin: Which answer, 0 or 1, single points have: of `==` or `!=`.
        finite: Whether it says which numbers are finite, or not.
    """

    record: Record
    made: Place | None = None
    thin: int | None = None
    finite: bool = False

    def __array_finalize__(self, made_of: Any) -> None:
        self.record = getattr(made_of, "record", None) or Record()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        recorded = next(
            x for x in (*inputs, *(out or ()), options.get("where")) if isinstance(x, Recorded)
        )
        given, plain = [_plain(x) for x in inputs], jax.tree.map(_plain, options)
        if out is not None:
            plain["out"] = tuple(x.view(np.ndarray) for x in out)
        result = getattr(ufunc, method)(*given, **plain)
        name, thin = ufunc.__name__, None
        if method == "__call__" and name in CHOOSES and (place := called_from()) is not None:
            CHOOSES[name](recorded.record, place, name, inputs, given)
        if method == "__call__" and name in ("equal", "not_equal"):
            floating = any(np.asarray(x).dtype.kind == "f" for x in given)
            thin = int(name == "equal") if floating else None
        numeric = not _is_bool(result)
        _counted([*inputs * numeric, options.get("where")])
        return _wrapped(result, recorded.record, thin, ufunc in FINITE or _about_finite(inputs))

    def __array_function__(self, function, types, args, kwargs):
        leaves = jax.tree.leaves((args, kwargs))
        recorded = next(x for x in leaves if isinstance(x, Recorded))
        given, named = jax.tree.map(_plain, (args, kwargs))
        result = function(*given, **named)
        choose = CALLS.get(function)
        if choose is not None and (place := called_from()) is not None:
            choose(recorded.record, place, *args, **kwargs)
        elif not _is_bool(result):
            _counted(leaves)
        return _wrapped(result, recorded.record, finite=_about_finite(leaves))

    def __bool__(self) -> bool:
        answer, caller = bool(_plain(self)), asked_by()
        if caller is not None and not (self.finite or _sorts(caller.function) or rejects(caller)):
            _branched(self, caller, answer)
        return answer

    def astype(self, dtype, *args, **options):
        result = super().astype(dtype, *args, **options)
        _counted([self] * (not _is_bool(result)))
        return result

    def __float__(self) -> float:
        _counted([self])
        return float(_plain(self))

    def __int__(self) -> int:
        _counted([self])
        return int(_plain(self))

    def __index__(self) -> int:
        _counted([self])
        return self.view(np.ndarray).__index__()

    def __getitem__(self, index):
        self._masked(index)
        # One entry is a number of its own, and no view of the array.
        found = _wrapped(self.view(np.ndarray)[jax.tree.map(_plain, index)], self.record)
        if self.dtype == bool:
            found.made, found.thin, found.finite = self.made, self.thin, self.finite
        return found

    def __setitem__(self, index, value) -> None:
        self._masked(index)
        self.view(np.ndarray)[jax.tree.map(_plain, index)] = _plain(value)

    def _masked(self, index: Any) -> None:
        """An array that is cut by a mask takes both arms of it, where the mask is so."""
        for each in index if isinstance(index, tuple) else (index,):
            _counted([each])

    def __round__(self, digits: int = 0):
        return self.round(digits)


def _inplace(name: str) -> Callable:
    ordinary = getattr(np.ndarray, f"__i{name}__")

    def operator(self, other):
        # A number that is changed is another one: `s = t = x[0]; s += 1` leaves t alone.
        return NotImplemented if self.ndim == 0 else ordinary(self, other)

    return operator


for _name in INPLACE:
    setattr(Recorded, f"__i{_name}__", _inplace(_name))


def _plain(thing: Any) -> Any:
    """What is given to NumPy for a recorded array; single numbers as such."""
    return thing.view(np.ndarray)[()] if isinstance(thing, Recorded) else thing


def _is_bool(result: Any) -> bool:
    return isinstance(result, bool) or getattr(getattr(result, "dtype", None), "kind", "") == "b"


def _about_finite(operands: Any) -> bool:
    """Whether all that is recorded among some operands says which numbers are finite."""
    recorded = [x.finite for x in operands if isinstance(x, Recorded)]
    return bool(recorded) and all(recorded)


def _counted(operands: Any) -> None:
    """What is true or false is taken for numbers, or says which entries are: a choice by it."""
    for each in operands:
        if isinstance(each, Recorded) and each.dtype == bool and each.made is not None:
            _conditioned(each)


def _wrapped(result: Any, record: Record, thin: int | None = None, finite: bool = False) -> Any:
    """What NumPy returned, recorded; what is true or false with where it was made."""
    if isinstance(result, (tuple, list)):
        parts = [_wrapped(part, record) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if not isinstance(result, (np.ndarray, np.generic)):
        return result
    made = np.asarray(result).view(Recorded)
    made.record = record
    if made.dtype == bool:
        made.made, made.thin, made.finite = called_from(), thin, finite
    elif record.numbers is not None:
        record.numbers.update(np.ravel(result).tolist())
    return made


def _sorts(function: Any) -> bool:
    """Whether a function of Python sorts, or looks for an entry."""
    of_list = getattr(list, getattr(function, "__name__", ""), None)
    bound = isinstance(getattr(function, "__self__", None), list)
    return (of_list if bound else function) in SORTS


def _branched(condition: Recorded, caller: Caller, answer: bool) -> None:
    """An `if`, or the like, that asks a recorded number; `max(a, b)` asks whether b > a."""
    made = condition.made or caller.place
    words = conditional(made)
    if caller.function in (max, min) and made == caller.place:
        if len(made.literals) != 2:
            return
        words = extreme(caller.function.__name__, made, *made.literals)
    condition.record.add(made, words, [np.array(not answer), np.array(answer)], condition.thin)


def _conditioned(condition: Recorded) -> None:
    mask = condition.view(np.ndarray)
    assert condition.made is not None
    condition.record.add(
        condition.made, conditional(condition.made), [~mask, mask], condition.thin
    )


def _extreme(record: Record, place: Place, name: str, inputs, given) -> None:
    a, b = given[:2]
    literals = [
        float(x) if np.ndim(x) == 0 and not isinstance(y, Recorded) else None
        for x, y in zip(given[:2], inputs[:2], strict=True)
    ]
    masks = [np.greater(a, b), np.less(a, b)]
    words = extreme(name, place, *literals)
    record.add(place, words, masks if "max" in name else masks[::-1])


def _signed(record: Record, place: Place, name: str, inputs, given) -> None:
    record.add(place, signed(place), [np.less(given[0], 0), np.greater(given[0], 0)])


def _clipped(record: Record, place: Place, name: str, inputs, given) -> None:
    _bounded(record, place, *given[:3])


def _bounded(record: Record, place: Place, x, low=None, high=None, **options) -> None:
    x, low, high = (_plain(each) for each in (x, low, high))
    low = options.get("min", options.get("a_min", low))
    high = options.get("max", options.get("a_max", high))
    below = np.less(x, -np.inf if low is None else low)
    above = np.greater(x, np.inf if high is None else high)
    arms = zip((low, x, high), bounded(place), [below, ~(below | above), above], strict=True)
    words, masks = zip(*((said, mask) for end, said, mask in arms if end is not None), strict=True)
    record.add(place, words, list(masks))


def _where(record: Record, place: Place, condition, *choices) -> None:
    if choices and isinstance(condition, Recorded) and condition.made is not None:
        _conditioned(condition)


def _selected(record: Record, place: Place, conditions, *rest, **options) -> None:
    for condition in conditions:
        _where(record, place, condition, True)


def _piecewise(record: Record, place: Place, x, conditions, *rest, **options) -> None:
    _selected(record, place, [conditions] if isinstance(conditions, np.ndarray) else conditions)


CHOOSES: dict[str, Callable] = {
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin"), _extreme),
    **dict.fromkeys(("absolute", "fabs", "sign", "heaviside"), _signed),
    "clip": _clipped,
}
"""The functions of NumPy that choose entry by entry, by their names."""

CALLS: dict[Callable, Callable] = {
    np.where: _where,
    np.clip: _bounded,
    np.select: _selected,
    np.piecewise: _piecewise,
}
"""Those that are called with whole arrays."""
