"""The functions of NumPy that choose, and the record of a call of each."""

from collections.abc import Callable

import numpy as np

from ...._foundation.user_code import Place
from ..bounds import GUARD, is_guard
from ..kinds import bounded, extreme, signed
from .recording import Record
from .tracked import Tracked, conditioned, plain


def _extreme(record: Record, place: Place, name: str, inputs, operands) -> None:
    a, b = operands[:2]
    literals = [
        float(x) if np.ndim(x) == 0 and not isinstance(y, Tracked) else None
        for x, y in zip(operands[:2], inputs[:2], strict=True)
    ]
    masks = [np.greater(a, b), np.less(a, b)]
    fixed = [not isinstance(x, Tracked) for x in inputs[:2]]
    if any(still and np.all(np.isinf(x)) for still, x in zip(fixed, (a, b), strict=True)):
        return  # a bound at infinity
    pairs = enumerate(zip(fixed, (a, b), (b, a), strict=True))
    notes = {n: GUARD for n, (still, bound, x) in pairs if still and is_guard(bound, x)}
    record.add(
        place, extreme(name, place, *literals), masks if "max" in name else masks[::-1], notes
    )


def _signed(record: Record, place: Place, name: str, inputs, operands) -> None:
    record.add(place, signed(place), [np.less(operands[0], 0), np.greater(operands[0], 0)])


def _clipped(record: Record, place: Place, name: str, inputs, operands) -> None:
    _bounded(record, place, *operands[:3])


def _bounded(record: Record, place: Place, x, low=None, high=None, **options) -> None:
    low = options.get("min", options.get("a_min", low))
    high = options.get("max", options.get("a_max", high))
    lower, between, upper = bounded(place)
    numbers, inside, ends = plain(x), True, []
    for words, end, beyond in ((lower, low, np.less), (upper, high, np.greater)):
        if end is None or np.all(np.isinf(plain(end))):
            continue
        mask = beyond(numbers, plain(end))
        guard = not isinstance(end, Tracked) and is_guard(plain(end), numbers)
        inside = inside & ~mask
        ends.append((words, mask, GUARD if guard else ""))
    if ends:
        words, masks, notes = zip((between, inside, ""), *ends, strict=True)
        record.add(place, words, list(masks), dict(enumerate(notes)))


def _sorted(record: Record, place: Place, x, *rest, **options) -> None:
    record.order(place, np.argsort(plain(x), axis=-1))


def _ranked(record: Record, place: Place, x, *rest, **options) -> None:
    record.order(place, np.argsort(plain(x), axis=None))


def _where(record: Record, place: Place, condition, *choices) -> None:
    if choices and isinstance(condition, Tracked) and condition.origin is not None:
        conditioned(condition)


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
"""Functions of NumPy that choose entry by entry, by their names."""

CALLS: dict[Callable, Callable] = {
    np.where: _where,
    np.clip: _bounded,
    np.select: _selected,
    np.piecewise: _piecewise,
    **dict.fromkeys((np.sort, np.argsort, np.partition, np.argpartition), _sorted),
    **dict.fromkeys((np.median, np.quantile, np.percentile), _ranked),
}
"""Functions of NumPy that choose by whole arrays."""
