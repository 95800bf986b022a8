"""The same functions at a tighter tolerance, as the user says how."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._engine.tolerance.arguments import DIVISOR
from .._foundation.errors import InputError
from .._foundation.wording import given
from .._model.arguments.signature import Signature
from .._model.arguments.user_functions import Adapted, as_objective
from .._model.objective import Objective
from .._model.problem import Problem

Tighter = str | tuple[Callable[..., Any], Callable[..., Any]]


def tightened(
    objective: Objective, signature: Signature, tighter: Tighter, args: Sequence[Any]
) -> Callable[[Problem], Problem]:
    """Returns the function that gives a problem a tighter tolerance.

    Args:
        objective: The user's functions.
        signature: The division of their arguments.
        tighter: The name of an argument, or a pair (value, gradient).
        args: The arguments, the point first.

    Raises:
        InputError: if there is no such argument, or it is no float.
    """
    if not isinstance(tighter, str):
        return _with_functions(objective, signature, tighter)
    number = _number(objective, tighter, len(args))
    there = Signature.of(_divided(args, number, tighter), signature.argnums)
    return lambda problem: replace(problem, data=there.data)


def _with_functions(
    objective: Objective, signature: Signature, pair: Any
) -> Callable[[Problem], Problem]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(map(callable, pair)):
        raise InputError(
            f"tighter is {given(pair)}; give the name of an argument, such as 'rtol', or a pair "
            "(value, gradient) of functions"
        )
    value, gradient = pair
    bounds = (objective.lower, objective.upper)
    other = as_objective(value, gradient, signature, bounds)
    kept = replace(objective, value=other.value, gradient=other.gradient)
    return lambda problem: replace(problem, objective=kept)


def _number(objective: Objective, name: str, count: int) -> int:
    """Returns the number of the argument with this name, which is not the point."""
    assert isinstance(objective.value, Adapted)
    names = objective.value.parameters
    if name not in names[1:count]:
        raise InputError(
            f"tighter is {name!r}, and the arguments after the point are "
            f"{', '.join(names[1:count]) or 'none'}; name one of them"
        )
    return names.index(name)


def _divided(args: Sequence[Any], number: int, name: str) -> list[Any]:
    tolerance = np.asarray(args[number])
    if tolerance.dtype.kind != "f":
        raise InputError(
            f"tighter is {name!r}, which is {args[number]!r}; name a float that is a tolerance"
        )
    smaller = tolerance / DIVISOR
    return [*args[:number], smaller if smaller.ndim else float(smaller), *args[number + 1 :]]
