"""FUNCTION and GRADIENT of `gradcompare check` as arguments of `check`."""

import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from ..._api.registry import find_objectives, find_variables
from ..._foundation.errors import InputError, outcome_of
from ..._foundation.user_code import describe, place
from ..._model.objective import Objective
from .arguments import CheckArguments
from .values import FILES, NamedValues, read_file


def arguments_of_target(
    target: str,
    gradient: str | bool | None,
    places: Sequence[str],
    names: NamedValues,
    other: str | None = None,
) -> CheckArguments | tuple[Objective, ...]:
    """Returns the arguments of `check` for functions, or the objectives in a target.

    Args:
        target: FUNCTION.
        gradient: GRADIENT; True where FUNCTION returns both.
        places: Files and variables that hold the point.
        names: What is known of the arguments by name.
        other: A second derivative, named as GRADIENT is.

    Raises:
        InputError: if there are no such functions, or the point does not fit them.
    """
    _make_importable(target)
    if ":" not in target:
        return find_objectives(target)
    file = target.rpartition(":")[0]
    variables = [text for text in places if not text.endswith(FILES)]
    derivatives = [name for name in (gradient, other) if isinstance(name, str)]
    wanted = [target, *derivatives, *variables]
    objects = find_variables(file + name if name.startswith(":") else name for name in wanted)
    value = objects[0]
    if not callable(value):
        return find_objectives(target)
    functions = dict(zip(derivatives, objects[1:], strict=False))
    for name, function in functions.items():
        if not callable(function):
            raise InputError(f"{name} is not a function; give the gradient of {target}")
    by_hand = functions[gradient] if isinstance(gradient, str) else gradient
    values = objects[1 + len(derivatives) :]
    points = [_point(one, name) for one, name in zip(values, variables, strict=True)]
    read = [read_file(text) for text in places if text.endswith(FILES)]
    points += [one if isinstance(one, dict) else (one,) for one in read]
    if len(points) > 1:
        raise InputError(
            f"--at names {', '.join(places)}; give one of them, and the rest by name, --at lam=0.1"
        )
    arguments = _arguments_of_functions(value, by_hand, points[0] if points else {}, names)
    return replace(arguments, other=None if other is None else functions[other])


def _point(value: Any, name: str) -> tuple:
    """Returns the arguments that a variable holds or that a function makes."""
    if callable(value):
        outcome = outcome_of(value)
        if isinstance(outcome, Exception):
            raise InputError(
                f"{name} cannot make a point: {describe(outcome)} at {place(outcome)}; it is "
                "called without arguments"
            ) from outcome
        value = outcome
    return value if type(value) is tuple else (value,)


def _make_importable(target: str) -> None:
    """Makes the neighbours of a file, or packages in the working directory, importable."""
    file = target.rpartition(":")[0] or target
    folder = str(Path(file).resolve().parent) if file.endswith(".py") else os.getcwd()
    if folder not in sys.path:
        sys.path.append(folder)


def _arguments_of_functions(
    value: Any, gradient: Any, point: Mapping | tuple, names: NamedValues
) -> CheckArguments:
    """Returns the arguments of `check` for two functions.

    Args:
        value: The function.
        gradient: Its gradient, True or None.
        point: A dictionary of arguments by name, or a tuple of them in their order.
        names: What is known of the arguments by name; overrides `point`.

    Raises:
        InputError: if `value` takes other arguments.
    """
    parameters, rest = _positional(value), ()
    if isinstance(point, tuple):
        point, rest = dict(zip(parameters, point, strict=False)), point[len(parameters) :]
    names = names.with_values(_with_first(point, tuple(parameters)))
    if not names.parameters:
        names = replace(names, parameters=tuple(parameters)[:1])
    _require_arguments(value, parameters, names)
    there = names.values.keys() | names.shapes.keys()
    order = list(parameters)
    while order[-1] not in there:
        order.pop()  # its default is used
    arguments = [names.value(n) if n in there else parameters[n].default for n in order]
    numbers = tuple(order.index(name) for name in names.parameters)
    for number in numbers:
        arguments[number] = _floating(arguments[number])
    domains = tuple(names.domain(name) for name in names.parameters)
    one = len(numbers) == 1
    return CheckArguments(
        value,
        gradient,
        (*arguments, *rest),
        numbers[0] if one else numbers,
        (domains[0] if one else domains) if names.domains else None,
        names.drawn(name for name in order if name in there),
    )


def _positional(value: Any) -> dict[str, inspect.Parameter]:
    """Returns the arguments that a function takes by position."""
    try:
        parameters = inspect.signature(value).parameters
    except (TypeError, ValueError) as error:
        raise InputError(f"the arguments of {value!r} are unknown; wrap it in a def") from error
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = {name: one for name, one in parameters.items() if one.kind in kinds}
    if not positional:
        raise InputError(f"{_name(value)} takes no arguments; give a function of the parameters")
    return positional


def _with_first(point: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Renames x0 or x to the first argument, if the point lacks that."""
    for other in ("x0", "x"):
        if names[0] not in point and other in point and other not in names:
            return {names[0] if n == other else n: value for n, value in point.items()}
    return dict(point)


def _require_arguments(
    value: Any, parameters: Mapping[str, inspect.Parameter], names: NamedValues
) -> None:
    """Checks that every argument has a value, and that no other names do."""
    there = names.values.keys() | names.shapes.keys()
    missing = [
        name
        for name, one in parameters.items()
        if name not in there and (one.default is one.empty or name in names.parameters)
    ]
    unknown = [name for name in names.names if name not in parameters]
    if missing or unknown:
        faults = [f"missing: {', '.join(missing)}"] if missing else []
        faults += [f"not an argument: {', '.join(unknown)}"] if unknown else []
        raise InputError(
            f"{_name(value)} takes {', '.join(parameters)}; you gave "
            f"{', '.join(sorted(there)) or 'none of them'} ({'; '.join(faults)}); give each by "
            "its name: in a file, --at point.npz or .json; as a number, --at lam=0.1; or, for "
            "random numbers, --shape X=50,3"
        )


def _floating(tree: PyTree) -> PyTree:
    """Converts arrays of whole numbers to floats, for parameters."""

    def one(leaf):
        whole = isinstance(leaf, np.ndarray) and np.issubdtype(leaf.dtype, np.integer)
        return leaf.astype(np.float64) if whole else leaf

    return jax.tree.map(one, tree)


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
