"""What is asked for on the command line about two functions, as arguments of `check`."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from ..._foundation.errors import InputError
from .values import Given


@dataclass(frozen=True)
class Asked:
    """A function, its gradient, and where they are compared.

    Attributes:
        value: The function.
        gradient: Its gradient, True where `value` gives both, or None.
        arguments: What both are called with.
        argnums: Which of the arguments are parameters.
        domain: The domains of the parameters, or None.
        drawn: What of this is drawn at random, in a line, or nothing.
        formulas: The formulas, for the record.
    """

    value: Callable[..., Any]
    gradient: Any
    arguments: tuple[PyTree, ...]
    argnums: int | tuple[int, ...] = 0
    domain: PyTree = None
    drawn: str = ""
    formulas: dict[str, str] = field(default_factory=dict)


def of_functions(value: Any, gradient: Any, point: Mapping | tuple, given: Given) -> Asked:
    """Returns what two functions ask for.

    Args:
        value: The function.
        gradient: Its gradient, True or None.
        point: A dictionary of arguments by name, or a tuple of them in their order.
        given: What else is given by name.

    Raises:
        InputError: if that is not what `value` takes.
    """
    takes, rest = _arguments_of(value), ()
    if isinstance(point, tuple):
        point, rest = dict(zip(takes, point, strict=False)), point[len(takes) :]
    given = replace(
        given,
        values={**_with_first(point, tuple(takes)), **given.values},
        parameters=given.parameters or tuple(takes)[:1],
    )
    _require_taken(value, takes, given)
    there = given.values.keys() | given.shapes.keys()
    names = list(takes)
    while names[-1] not in there:
        names.pop()  # the default will do
    arguments = [given.value(n) if n in there else takes[n].default for n in names]
    numbers = tuple(names.index(name) for name in given.parameters)
    for number in numbers:
        arguments[number] = _floating(arguments[number])
    domains = tuple(given.domain(name) for name in given.parameters)
    one = len(numbers) == 1
    return Asked(
        value,
        gradient,
        (*arguments, *rest),
        numbers[0] if one else numbers,
        (domains[0] if one else domains) if given.domains else None,
        given.drawn(name for name in names if name in there),
    )


def _arguments_of(value: Any) -> dict[str, inspect.Parameter]:
    """What a function takes by position."""
    try:
        takes = inspect.signature(value).parameters
    except (TypeError, ValueError) as error:
        raise InputError(f"{value!r} does not tell its arguments; wrap it in a def") from error
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = {name: one for name, one in takes.items() if one.kind in positional}
    if not found:
        raise InputError(f"{_name(value)} takes no arguments; give a function of the parameters")
    return found


def _with_first(point: Mapping[str, Any], takes: tuple[str, ...]) -> dict[str, Any]:
    """Reads the first argument under its name, or as x0 or x."""
    for other in ("x0", "x"):
        if takes[0] not in point and other in point and other not in takes:
            return {takes[0] if n == other else n: value for n, value in point.items()}
    return dict(point)


def _require_taken(value: Any, takes: Mapping[str, inspect.Parameter], given: Given) -> None:
    """Checks that there is something for every argument, and for nothing else."""
    there = given.values.keys() | given.shapes.keys()
    missing = [
        name
        for name, one in takes.items()
        if name not in there and (one.default is one.empty or name in given.parameters)
    ]
    superfluous = [name for name in given.names if name not in takes]
    if missing or superfluous:
        said = [f"missing: {', '.join(missing)}"] if missing else []
        said += [f"superfluous: {', '.join(superfluous)}"] if superfluous else []
        raise InputError(
            f"{_name(value)} takes {', '.join(takes)}; given are "
            f"{', '.join(sorted(there)) or 'none'} ({'; '.join(said)}); give each by its name: "
            "in a file, --at point.npz or .json; a number, --at lam=0.1; or, to be drawn, "
            "--shape X=50,3"
        )


def _floating(tree: PyTree) -> PyTree:
    """Takes whole numbers for floats, where they are parameters."""

    def one(leaf):
        whole = isinstance(leaf, np.ndarray) and np.issubdtype(leaf.dtype, np.integer)
        return leaf.astype(np.float64) if whole else leaf

    return jax.tree.map(one, tree)


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
