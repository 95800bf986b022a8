"""The functions of NumPy that choose, and the record of a call of each."""

from collections.abc import Callable

import numpy as np

from ...._foundation.user_code import Place
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
    words = extreme(name, place, *literals)
    record.add(place, words, masks if "max" in name else masks[::-1])


def _signed(record: Record, place: Place, name: str, inputs, operands) -> None:
    record.add(place, signed(place), [np.less(operands[0], 0), np.greater(operands[0], 0)])


def _clipped(record: Record, place: Place, name: str, inputs, operands) -> None:
    _bounded(record, place, *operands[:3])


def _bounded(record: Record, place: Place, x, low=None, high=None, **options) -> None:
    x, low, high = (plain(each) for each in (x, low, high))
    low = options.get("min", options.get("a_min", low))
    high = options.get("max", options.get("a_max", high))
    below = np.less(x, -np.inf if low is None else low)
    above = np.greater(x, np.inf if high is None else high)
    branches = zip((low, x, high), bounded(place), [below, ~(below | above), above], strict=True)
    words, masks = zip(
        *((words, mask) for end, words, mask in branches if end is not None), strict=True
    )
    record.add(place, words, list(masks))


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
