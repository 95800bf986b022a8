"""Bounds that keep a number off 0 or 1, as in `log(clip(p, 1e-15, 1 - 1e-15))`.

Such a bound is a guard of the arithmetic: where it holds, the number has lost more than half of
its digits. A derivation leaves it out, so that no point is sought behind it.
"""

from types import ModuleType
from typing import Any

import numpy as np

GUARD = "a guard that keeps a number off 0 or 1; give a point there as x0 if it matters"


def is_guard(bound: Any, numbers: Any, library: ModuleType = np) -> Any:
    """Whether a bound is nearer to 0 or 1 than half of the digits tell, and is neither.

    Args:
        bound: The bound.
        numbers: The numbers that it bounds, at an ordinary point; they give the scale of 0.
        library: `numpy`, or `jax.numpy` inside of a program.
    """
    kind = library.result_type(numbers, bound)
    if not library.issubdtype(kind, library.floating):
        return library.zeros((), bool)
    digits = library.sqrt(library.finfo(kind).eps)
    size, scale = library.abs(bound), library.median(library.abs(numbers))
    near = (size <= digits * scale) | (library.abs(size - 1) <= digits)
    return library.all(near & (size != 0) & (size != 1))
