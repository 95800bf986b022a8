"""Where the points of a case come from: around one that is given, drawn, or visited."""

import abc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .._foundation.errors import InputError
from .._foundation.layout import Layout
from .._model.objective import Data, Objective, Params, Problem
from .sampling import ValueAt, around, tails_of

MORE = 2
"""How many points are added where the verdict is that it cannot be told."""


class PointSource(abc.ABC):
    """The points of one case, made when they are asked for."""

    @abc.abstractmethod
    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        """Yields the points that are always compared, one at least.

        Args:
            value_at: The objective at a point; it can be called once the first point is out.
        """

    def more(self, value_at: ValueAt) -> Iterator[Problem]:
        """Yields further points, which are compared as long as nothing can be told."""
        return iter(())


@dataclass(frozen=True)
class Neighbourhood(PointSource):
    """A point of the user's own, and points drawn around it.

    Attributes:
        make: Makes the point.
        count: How many points there are, the given one among them.
        seed: Of the points drawn.
        tails: Whether points far out are compared as well.
    """

    make: Callable[[], Problem]
    count: int
    seed: int
    tails: bool = False

    @cached_property
    def start(self) -> Problem:
        """The point; what is wrong with it is found here, where the engine expects it."""
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
class Draws(PointSource):
    """Points of a registered objective, each with its own data, and its special points.

    Attributes:
        objective: What draws them.
        size: The size that it is asked for.
        count: How many are drawn.
        seed: Of the draws.
        directional: Whether each has a direction, drawn as well.
    """

    objective: Objective
    size: int
    count: int
    seed: int
    directional: bool

    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        start = self._draw(0)
        yield start
        if self.objective.special is not None:
            for name, params in self.objective.special(start.params).items():
                yield Problem.at(self.objective, params, start.data, name, start.direction)
        yield from (self._draw(number) for number in range(1, self.count))

    def more(self, value_at: ValueAt) -> Iterator[Problem]:
        return (self._draw(number) for number in range(self.count, self.count + MORE))

    def _draw(self, number: int) -> Problem:
        params, data = self._made(np.random.default_rng([self.seed, number]))
        direction = None
        if self.directional:
            layout, rng = Layout.of(params), np.random.default_rng([self.seed, number, 1])
            direction = layout.unflatten(rng.standard_normal(layout.size))
        label = f"draw {number + 1} of seed {self.seed}"
        return Problem.at(self.objective, params, data, label, direction)

    def _made(self, rng: np.random.Generator) -> tuple[Params, Data]:
        made = self.objective.make(rng, self.size)
        if not isinstance(made, tuple) or len(made) != 2:
            raise InputError(
                f"make of {self.objective.name} gives {type(made).__name__}; return (params, data)"
            )
        return made


@dataclass(frozen=True)
class FixedPoints(PointSource):
    """Points that are known before, such as those that an optimiser visited.

    Attributes:
        makers: Each makes the problem of one point.
    """

    makers: Sequence[Callable[[], Problem]]

    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        return (make() for make in self.makers)
