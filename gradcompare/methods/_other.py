"""A second derivative of the user's own: another autodiff, computer algebra, an older version.

It needs a function, `Objective.other`, so it is not chosen by name; `check(other=f)` adds it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from .._evaluation.rounding import estimate_with_rounding
from .._model.estimate import Estimate
from .._model.objective import Objective, Quantity
from ._base import AbstractEvaluator, AbstractMethod
from .analytic import tree_dot


@dataclass(frozen=True)
class Other(AbstractMethod):
    """`Objective.other`, in the convention of the gradient; its bar is its own rounding error."""

    label: ClassVar = "other"
    symbol: ClassVar = "O"
    source: ClassVar = "other"
    votes: ClassVar = True
    standard: ClassVar = False

    def unsupported(self, objective: Objective, quantity: Quantity) -> str | None:
        if objective.other is None:
            return f"{objective.name} has no other derivative"
        return super().unsupported(objective, quantity)

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        other = evaluator.problem.objective.other
        assert other is not None  # otherwise the method is unsupported

        def gradient(params, data, direction):
            return other(params, data)

        def slope(params, data, direction):
            return tree_dot(other(params, data), direction)

        along = evaluator.problem.quantity == "directional"
        return estimate_with_rounding(evaluator, self, slope if along else gradient)


def with_other(
    methods: Iterable[str | AbstractMethod], other: Callable[..., Any] | None
) -> Iterable[str | AbstractMethod]:
    """Returns the methods, and the other derivative after them if there is one."""
    alone = (methods,) if isinstance(methods, (str, AbstractMethod)) else methods
    return alone if other is None else (*alone, Other())
