"""Parameters of operations that hold a type or a program."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

from .types import is_narrow, wide

Program = Jaxpr | ClosedJaxpr


def with_wide_parameters(
    equation: JaxprEqn, widened: Callable[[Any], Any], **changes: Any
) -> JaxprEqn:
    """Returns an operation with float64 in place of narrower types in its parameters.

    Args:
        equation: The operation.
        widened: Widens a program among its parameters.
        **changes: Its new operands and results.
    """

    def changed(value: Any) -> Any:
        if isinstance(value, Program):
            return widened(value)
        if isinstance(value, tuple):
            parts = [changed(each) for each in value]
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return wide(value) if _is_dtype(value) else value

    params = {name: changed(value) for name, value in equation.params.items()}
    results = [getattr(v.aval, "dtype", None) for v in equation.outvars]
    if "precision" in params and any(map(is_narrow, results)):
        params["precision"] = None  # it may name an algorithm for a narrow type
    return equation.replace(params=params, **changes)


def _is_dtype(value: Any) -> bool:
    return isinstance(value, np.dtype)
