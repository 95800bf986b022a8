"""The points of one case, examined one after another with the same programs."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .._evaluation.evaluator import Evaluator
from .._evaluation.twin import with_twin
from .._foundation.errors import InputError, optional, outcome_of
from .._foundation.limits.arrays import settled
from .._foundation.precision import FLOAT64, cast
from .._model.objective import Data
from .._model.problem import Problem
from .._model.verdict import Verdict
from .._points.coverage import Coverage
from .._points.examination import Examination
from .._points.sampling import towers
from .._points.sources import PointSource
from .limits.watch import Watch
from .point.examination import examine
from .point.twin import TwinRefusedError, require_valid_twin
from .point.wide import Float64, in_float64
from .settings import Programs, Settings


class Examiner:
    """Examines the points of one case with the functions that were compiled for the first.

    Attributes:
        settings: The settings.
        programs: The programs that other cases share.
        watch: The time of the case.
        refused: The reason why a function of NumPy is not rerun with jax.numpy, if it was before.
        evaluator: The functions.
        wide: The functions that stand in for those in a narrow type; None if none do.
    """

    def __init__(
        self,
        settings: Settings,
        programs: Programs,
        watch: Watch,
        refused: TwinRefusedError | None = None,
    ) -> None:
        self.settings, self.programs, self.refused = settings, programs, refused
        self.watch = watch
        self.evaluator: Evaluator | None = None
        self.wide: Float64 | None = None
        self._data: tuple[Data, Data] | None = None

    def of(self, source: PointSource) -> Coverage:
        """Examines the points of a source, and those that reach other branches."""
        return self.cover(self.examine_all(source))

    def examine_all(self, source: PointSource) -> list[Examination]:
        """Examines the points of a source, and more of them while one is inconclusive."""
        points = [self.examine(problem) for problem in source.first(self.value_at)]
        more = source.more(self.value_at)
        while _undecided(points) and (problem := next(more, None)) is not None:
            points.append(self.examine(problem))
        return points

    def examine(self, problem: Problem) -> Examination:
        """Compares the derivatives at a point, rounded to numbers of the dtype."""
        problem = self.prepared(problem)
        if self.evaluator is None:
            self.evaluator = self._evaluator_of(problem)
            problem = self.prepared(problem)
        here = self.evaluator.at(problem)
        self.watch.begin(here)
        result = examine(here, self.settings.methods)
        # Afterwards, since f may depend on what was called before.
        require_valid_twin(here, result)
        result = result if self.refused is None else self.refused.told(result)
        self.watch.seen.append(Examination(here, result))
        return self.watch.seen[-1]

    def prepared(self, problem: Problem) -> Problem:
        """Returns a problem with its numbers rounded, and functions in float64 if these count."""
        problem = self.watch.along(self._rounded(problem))
        return problem if self.wide is None else self.wide.of(problem)

    def _rounded(self, problem: Problem) -> Problem:
        """Rounds the numbers of a problem to the dtype, so that all methods use the same point."""
        dtype = self.settings.dtype
        with np.errstate(over="ignore"):
            params, direction = cast(cast((problem.params, problem.direction), dtype), FLOAT64)
            data = self._rounded_data(problem.data)
        x = problem.layout.flatten(params)
        if not np.all(np.isfinite(x)):
            name = problem.layout.name(int(np.flatnonzero(~np.isfinite(x))[0]))
            raise InputError(f"the point does not fit in {dtype} at {name}; give smaller numbers")
        return replace(problem, params=params, data=data, direction=direction)

    def _rounded_data(self, data: Data) -> Data:
        """Rounds data; where the next point has the same, it gets the same arrays."""
        if self._data is None or all(data is not each for each in self._data):
            narrow = settled(data, self.settings.dtype)
            self._data = (data, settled(narrow, FLOAT64))
        return self._data[1]

    def _evaluator_of(self, problem: Problem) -> Evaluator:
        evaluator = self.programs.at(problem, self.settings)
        self.wide = in_float64(evaluator)
        if self.wide is not None:
            evaluator = Programs().at(self.wide.of(problem), self.settings)
            evaluator.cache.remark(self.wide.sentence)
        if self.refused is not None:
            evaluator.cache.no_twin = str(self.refused)
            return evaluator
        autodiff = any(method.source == "autodiff" for method in self.settings.methods)
        return with_twin(evaluator) if autodiff else evaluator

    def value_at(self, problem: Problem) -> float:
        """Returns the objective at a point; NaN if it raises, as outside of its domain."""
        assert self.evaluator is not None  # the first problem is not drawn around another
        value = outcome_of(self.evaluator.at(self.prepared(problem)).value)
        return value if isinstance(value, float) else math.nan

    def cover(self, points: list[Examination]) -> Coverage:
        """Adds points that reach other branches, if the settings ask for the search."""
        by_hand = [method for method in self.settings.methods if method.source == "analytic"]
        coverage = optional(
            "the search for branches",
            lambda: Coverage.of(points, ["value", *by_hand]),
            Coverage(points, failure="a step of gradcompare failed"),
        )
        if self.settings.seeks and self.settings.points > 1:
            ordinary = max(abs(point.result.value) for point in points)
            coverage.extend(self.settings.seed, self._usable(ordinary), self.examine)
        return coverage

    def _usable(self, ordinary: float) -> Callable[[Problem], bool]:
        """Returns the test whether a point that was sought shows anything.

        Args:
            ordinary: The size of the objective at the other points.
        """

        def usable(problem: Problem) -> bool:
            try:
                value = self.value_at(problem)
            except InputError:  # numbers soon leave the range of a narrow dtype
                return False
            return math.isfinite(value) and not towers(value, ordinary)

        return usable


def _undecided(points: list[Examination]) -> bool:
    return any(point.result.judgement.verdict is Verdict.INCONCLUSIVE for point in points)
