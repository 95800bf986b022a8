"""Sources of the points of a case: around the user's point, drawn, or fixed."""

import abc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .._foundation.errors import InputError
from .._foundation.layout import Layout
from .._model.arguments.several import results_at
from .._model.objective import Data, Objective, Params, Quantity
from .._model.problem import Problem
from .sampling import ValueAt, around, tails_of

MORE = 2
"""Number of points that are added if the verdict is inconclusive."""


ALONG = ("directional", "jvp", "hvp")
"""Kinds of derivatives that have a direction."""

OF_RESULTS = ("jacobian", "jvp")
"""Kinds of derivatives of a function with several results."""


class PointSource(abc.ABC):
    """A source of the points of one case, which makes them on demand."""

    @abc.abstractmethod
    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        """Yields the points that are always compared, at least one.

        Args:
            value_at: The objective at a point; callable after the first point.
        """

    def more(self, value_at: ValueAt) -> Iterator[Problem]:
        """Yields further points, which are compared as long as a point is inconclusive."""
        return iter(())


@dataclass(frozen=True)
class Neighbourhood(PointSource):
    """A point of the user's own, and points drawn around it.

    Attributes:
        make: Makes the point.
        count: The number of points, including the user's.
        seed: The seed of the other points.
        tails: Whether points far out are compared as well.
    """

    make: Callable[[], Problem]
    count: int
    seed: int
    tails: bool = False

    @cached_property
    def start(self) -> Problem:
        """The point; an invalid one raises its error here, where the engine expects it."""
        return self.make()

    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        yield self.start
        yield from around(self.start, range(1, self.count), self.seed, value_at)
        if self.tails:
            yield from tails_of(self.start, self.seed, value_at)

    def more(self, value_at: ValueAt) -> Iterator[Problem]:
        numbers = range(self.count, self.count + MORE)
        yield from around(self.start, numbers, self.seed, value_at)


@dataclass(frozen=True)
class First(PointSource):
    """The first point of another source, alone.

    Attributes:
        source: The other source.
    """

    source: PointSource

    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        yield next(self.source.first(value_at))


@dataclass(frozen=True)
class Draws(PointSource):
    """Points of a registered objective, each with its own data, and its special points.

    Attributes:
        objective: The objective, whose `make` draws them.
        size: The size of the objective.
        count: The number of draws.
        seed: The seed of the draws.
        quantity: The kind of derivative; where it has a direction, each draw has one of its own.
    """

    objective: Objective
    size: int
    count: int
    seed: int
    quantity: Quantity

    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        start = self._draw(0)
        yield start
        if self.objective.special is not None:
            for name, params in self.objective.special(start.params).items():
                yield Problem.at(
                    self.objective,
                    params,
                    start.data,
                    name,
                    start.direction,
                    start.quantity,
                    start.results,
                )
        yield from (self._draw(number) for number in range(1, self.count))

    def more(self, value_at: ValueAt) -> Iterator[Problem]:
        return (self._draw(number) for number in range(self.count, self.count + MORE))

    def _draw(self, number: int) -> Problem:
        params, data = self._make(np.random.default_rng([self.seed, number]))
        direction, results = None, None
        if self.quantity in ALONG:
            layout, rng = Layout.of(params), np.random.default_rng([self.seed, number, 1])
            direction = layout.unflatten(rng.standard_normal(layout.size))
        if self.quantity in OF_RESULTS:
            assert self.objective.residuals is not None
            results = results_at(self.objective.residuals, params, data, "r")
        label = f"draw {number + 1} of seed {self.seed}"
        return Problem.at(self.objective, params, data, label, direction, self.quantity, results)

    def _make(self, rng: np.random.Generator) -> tuple[Params, Data]:
        pair = self.objective.make(rng, self.size)
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise InputError(
                f"make of {self.objective.name} gives {type(pair).__name__}; return (params, data)"
            )
        return pair


@dataclass(frozen=True)
class FixedPoints(PointSource):
    """Points that are known in advance, such as those that an optimiser visited.

    Attributes:
        makers: Each makes the problem of one point.
    """

    makers: Sequence[Callable[[], Problem]]

    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        return (make() for make in self.makers)
