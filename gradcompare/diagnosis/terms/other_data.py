"""Both derivatives at every point with other data: replaced by ones, or cut to fewer rows.

The derivative of the value is that of autodiff, or of finite differences where the value is called
on the host. A formula that left something out often is the right one for other data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import outcome_of
from ..._foundation.layout import Layout
from ..._foundation.limits.silence import without_warnings
from ..._model.arguments.user_functions import Adapted
from ..._model.estimate import Estimate
from ..._model.problem import Problem
from ...methods._base import AbstractMethod, estimate_as_declared
from ...methods.analytic import Analytic
from ...methods.autodiff import Reverse
from ...methods.richardson import Richardson
from .parts import Traced

VALUES_BUDGET = 20_000
"""Number of values of a function on the host for derivatives with other data."""

VALUES_PER_COORDINATE = 20
"""Approximate number of values of a derivative by finite differences, for each coordinate."""

OPERATIONS_BUDGET = 1e9
"""Number of operations for derivatives with other data: about a second of one core."""


@dataclass(frozen=True)
class DataLeaf:
    """One array of the data.

    Attributes:
        name: Its name in the user's code.
        argument: The position of its argument, counted from 1; 0 if there is none.
        values: Its numbers.
    """

    name: str
    argument: int
    values: np.ndarray

    @property
    def numeric(self) -> bool:
        """Whether it holds real numbers, all of them finite."""
        kind, values = self.values.dtype.kind, self.values
        return kind in "fiu" and values.size > 0 and bool(np.all(np.isfinite(values)))


def leaves_of(problem: Problem) -> list[DataLeaf]:
    """Returns the arrays of the data of a problem, in the order of its leaves."""
    value = problem.objective.value
    if not isinstance(value, Adapted):
        return list(named(problem.data, "data"))
    names, leaves = value.parameters, []
    for number, argument in enumerate(value.signature.arguments):
        if number not in value.signature.numbers:
            name = names[number] if number < len(names) else f"arg{number}"
            leaves += named(argument.part, name, number + 1)
    return leaves


def with_leaves(problem: Problem, changes: Mapping[int, np.ndarray]) -> Problem:
    """Returns a problem with some arrays of its data replaced, by their numbers."""
    leaves, tree = jax.tree.flatten(problem.data)
    new = [changes.get(k, leaf) for k, leaf in enumerate(leaves)]
    return replace(problem, data=tree.unflatten(new))


def named(tree: Any, root: str, argument: int = 0) -> Iterator[DataLeaf]:
    """Yields the arrays of a tree, with their names."""
    paths = Layout.of(tree, root).paths
    for path, leaf in zip(paths, jax.tree.leaves(tree), strict=True):
        yield DataLeaf(path, argument, np.asarray(leaf))


@dataclass(frozen=True, eq=False)
class OtherData:
    """The value and the gradient under test, with other data.

    Attributes:
        evaluators: The programs of each point.
    """

    evaluators: Sequence[Evaluator]

    @cached_property
    def leaves(self) -> list[DataLeaf]:
        """The arrays of the data."""
        return leaves_of(self.evaluators[0].problem)

    @cached_property
    def function(self) -> str:
        """The name of the user's function; empty if it has none."""
        value = self.evaluators[0].problem.objective.value
        name = getattr(value.function, "__name__", "") if isinstance(value, Adapted) else ""
        return "" if "<" in name else name

    @property
    def on_host(self) -> bool:
        """Whether the value is called on the host."""
        return self.evaluators[0].cache.opaque

    @cached_property
    def affordable(self) -> int:
        """The number of derivatives at one point within the budget."""
        if self.on_host:
            d = self.evaluators[0].problem.layout.size
            return int(VALUES_BUDGET / (VALUES_PER_COORDINATE * d))
        # A derivative with its error bar takes four gradients.
        return int(OPERATIONS_BUDGET / (4 * Traced(self.evaluators).cost))

    def at(self, point: int, changes: dict[int, np.ndarray]) -> Evaluator:
        """Returns the programs of a point with some arrays of the data replaced."""
        each = self.evaluators[point]
        there = each.at(with_leaves(each.problem, changes))
        # What the value does not like of these data is nothing to tell the user.
        return replace(there, cache=there.cache.begun())

    def of_value(self, evaluator: Evaluator) -> Estimate | None:
        """Returns the derivative of the value; None if it has none there."""
        return _estimate(Richardson() if evaluator.cache.opaque else Reverse(), evaluator)

    def of_formula(self, evaluator: Evaluator) -> Estimate | None:
        """Returns the gradient under test; None if it fails."""
        return _estimate(Analytic(), evaluator)


def _estimate(method: AbstractMethod, evaluator: Evaluator) -> Estimate | None:
    """Returns an estimate, or None if the user's functions fail or are not finite there.

    What they warn of is not shown: the user did not choose these data.
    """
    with np.errstate(all="ignore"), without_warnings():
        estimate = outcome_of(lambda: estimate_as_declared(method, evaluator))
    if isinstance(estimate, Exception) or not np.all(np.isfinite(estimate.value)):
        return None
    return estimate
