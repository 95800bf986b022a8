"""The arguments that `gradcompare check` passes to `check`, for formulas and for functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jaxtyping import PyTree


@dataclass(frozen=True)
class CheckArguments:
    """A function, its gradient, and the point at which to compare them.

    Attributes:
        value: The function.
        gradient: Its gradient, True where `value` returns both, or None.
        point: The arguments of both.
        argnums: Which of them are parameters.
        domain: The domains of the parameters, or None.
        drawn: A line about the random numbers; empty if there are none.
        formulas: The formulas by their options, for the record.
        other: A second derivative by the user, or None.
    """

    value: Callable[..., Any]
    gradient: Any
    point: tuple[PyTree, ...]
    argnums: int | tuple[int, ...] = 0
    domain: PyTree = None
    drawn: str = ""
    formulas: dict[str, str] = field(default_factory=dict)
    other: Callable[..., Any] | None = None
