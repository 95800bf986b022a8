"""Functions on the host in a narrow type, rerun with float64 in its place.

In float16 a value is a staircase, whose steps hide its slope. If float64 stands in for the type
in the value and in the derivatives, the derivation is judged, and not its rounding. Traced
programs are widened alike, in `narrow`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.function import flat
from ..._foundation.errors import outcome_of
from ..._introspection.twin.wide import NARROW, Wide
from ..._model.problem import Problem


@dataclass(frozen=True, eq=False)
class Float64:
    """The same functions and data in float64.

    Attributes:
        functions: The copies that count, by the names of their fields of the objective.
        copies: What has made them.
    """

    functions: dict[str, Callable[..., Any]]
    copies: Wide

    def of(self, problem: Problem) -> Problem:
        """Returns a problem with these functions in the place of its own."""
        objective = replace(problem.objective, **self.functions)
        return replace(problem, objective=objective, data=self.copies.data(problem.data))

    @property
    def sentence(self) -> str:
        """A remark on what was rerun."""
        names = " and ".join(self.functions)
        return (
            f"float64 stands in for {self.copies.narrow} in {names}: the derivation is judged, "
            "not its rounding"
        )


def in_float64(evaluator: Evaluator) -> Float64 | None:
    """Returns what stands in for the functions on the host; None if nothing has to, or can.

    A copy counts if it gives the result of the function within half of the digits of the type,
    that of the gradient only beside that of the value.
    """
    problem = evaluator.problem
    if not evaluator.cache.opaque or problem.retraction is not None:
        return None
    copies = Wide()
    data = copies.data(problem.data)
    functions: dict[str, Callable[..., Any]] = {}
    for name in ("value", "gradient"):
        function = getattr(problem.objective, name)
        if function is None:
            continue
        copy = outcome_of(lambda function=function: copies.of(function))
        if isinstance(copy, Exception):
            return None
        theirs = outcome_of(lambda f=copy: flat(f(problem.params, data)))
        if not copies.narrow:  # it is seen at the latest when the copy of the value runs
            return None
        mine = outcome_of(lambda f=function: flat(f(problem.params, problem.data)))
        if _is_near(mine, theirs, NARROW[copies.narrow]):
            functions[name] = copy
        elif name == "value":
            return None
    return Float64(functions, copies)


def _is_near(mine: Any, theirs: Any, kind: type) -> bool:
    """Whether a result in float64 differs from that in a narrow type, and not by more digits."""
    if isinstance(mine, Exception) or isinstance(theirs, Exception) or mine.shape != theirs.shape:
        return False
    unit, distance = np.linalg.norm(mine), np.linalg.norm(mine - theirs)
    return bool(distance <= np.sqrt(float(jnp.finfo(kind).eps)) * unit) and bool(distance > 0)
