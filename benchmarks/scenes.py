"""An objective at its points, so that wrong gradients are judged without another compilation.

Everything that a check needs beside the gradient under test is the same for every fault: the
points, autodiff, finite differences and their bars. It is computed once for each objective, size
and dtype. A wrong gradient is then only numbers: its values at the points, and at the points
beside them that show its rounding. The vote and the diagnosis are those of the package.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain

import jax
import numpy as np
from jaxtyping import Float

from gradcompare import Objective, Verdict
from gradcompare._engine.case import Study, study
from gradcompare._engine.settings import Case, make_settings
from gradcompare._evaluation.evaluator import Evaluator
from gradcompare._evaluation.rounding import NUDGES, estimate_with_rounding, nudge, nudge_data
from gradcompare._foundation.precision import FLOAT64, cast, find_dtype, precision_scope
from gradcompare._model.estimate import EPS
from gradcompare._model.finding import Finding
from gradcompare._model.problem import Problem
from gradcompare._points.examination import Examination
from gradcompare._points.sampling import ValueAt, around
from gradcompare._points.sources import FixedPoints, PointSource
from gradcompare._results.data import PointResult
from gradcompare._results.judgement.judge import judge
from gradcompare._results.result import Result
from gradcompare.diagnosis.diagnose import diagnose
from gradcompare.diagnosis.evidence.gather import data_leaves, gather
from gradcompare.diagnosis.terms.parts import Traced
from gradcompare.methods._registry import voting_methods

POINTS, SEED = 3, 0

FLOORS = 10
"""Number of detection floors above which a fault must be detected."""

Vector = Float[np.ndarray, " d"]


@dataclass(frozen=True, eq=False)
class Row:
    """Parameters and data of one evaluation, and the right gradient there."""

    x: Vector
    data: object
    g: Vector


Change = Callable[[Row], Vector]
"""A fault: maps a row to the wrong gradient there."""


@dataclass(frozen=True)
class Played:
    """Stands for an evaluator, with its results: at the point, then beside it."""

    values: list[Vector]

    def run(self, key, function, *, moved: int | None = None) -> Vector:
        return self.values[0 if moved is None else moved + 1]

    def epsilon(self, key) -> float:
        return EPS


@dataclass(frozen=True, eq=False)
class Scene:
    """One objective at one size, its points rounded to one dtype, and the right gradient there.

    Attributes:
        objective: The objective, with its right gradient.
        size: The size of the objective.
        dtype: The dtype that can represent the parameters and data.
        study: The study of the right gradient.
        problems: The points.
        spots: The rows of each point: the point first, then those beside it.
    """

    objective: Objective
    size: int
    dtype: str
    study: Study
    problems: tuple[Problem, ...]
    spots: tuple[tuple[Row, ...], ...]

    @property
    def result(self) -> Result:
        return self.study.result

    @property
    def layout(self):
        return self.problems[0].layout

    @property
    def d(self) -> int:
        return self.layout.size

    @cached_property
    def evaluators(self) -> list[Evaluator]:
        """The evaluator of every point."""
        assert self.study.evaluator is not None
        return [self.study.evaluator.at(problem) for problem in self.problems]

    @cached_property
    def traced(self) -> Traced:
        """The parts of the gradient, which do not depend on the fault."""
        return Traced(self.evaluators)

    @cached_property
    def x(self) -> Float[np.ndarray, "p d"]:
        """The parameters at every point."""
        return np.stack([rows[0].x for rows in self.spots])

    @cached_property
    def g(self) -> Float[np.ndarray, "p d"]:
        """The right gradient at every point."""
        return np.stack([rows[0].g for rows in self.spots])

    @cached_property
    def leaves(self) -> list[tuple[str, tuple[int, ...], slice]]:
        """The name, the shape and the place of each array of parameters."""
        sizes = [int(np.prod(shape)) for shape in self.layout.shapes]
        stops = np.cumsum(sizes)
        spans = [slice(int(b - n), int(b)) for n, b in zip(sizes, stops, strict=True)]
        return list(zip(self.layout.paths, self.layout.shapes, spans, strict=True))

    @cached_property
    def data(self) -> dict[str, np.ndarray]:
        """The arrays of the data by their names."""
        return {leaf.name: leaf.values for leaf in data_leaves(self.problems[0])}

    @cached_property
    def pair(self) -> tuple[int, int]:
        """A coordinate with a derivative at every point, and the one that differs most from it."""
        able = np.flatnonzero(np.all(self.g != 0, axis=0))
        i = int(np.random.default_rng(self.d).choice(able)) if able.size else 0
        return i, int(np.argmax(np.min(np.abs(self.g - self.g[:, [i]]), axis=0)))

    def gradient(self, x: Vector, data, dtype=FLOAT64) -> Vector:
        """Returns the right gradient at any x, computed in `dtype`."""
        params, data = cast((self.layout.unflatten(x), data), dtype)
        with precision_scope(dtype):
            return self.layout.flatten(cast(self._compiled(params, data), FLOAT64))

    @cached_property
    def _compiled(self):
        return jax.jit(self.objective.gradient)

    def wrong(self, change: Change) -> list[list[Vector]]:
        """Returns the wrong gradient at all rows of all points."""
        with np.errstate(all="ignore"):
            return [[np.asarray(change(row)) for row in rows] for rows in self.spots]

    def judged(self, wrong: list[list[Vector]]) -> Result:
        """Returns the result of a check of a wrong gradient, from its values."""
        points = []
        for point, values in zip(self.result.points, wrong, strict=True):
            hand = estimate_with_rounding(Played(values), None, None)
            estimates = {**point.estimates, point.sources["analytic"]: hand}
            judgement = judge(point.value, {**point.votes, "analytic": hand})
            points.append(replace(point, estimates=estimates, judgement=judgement))
        result = replace(self.result, points=tuple(points))
        if result.verdict is not Verdict.ANALYTIC_WRONG:
            return result
        with precision_scope(FLOAT64):
            return replace(result, diagnosis=self._diagnosis(points))

    def _diagnosis(self, points: list[PointResult]) -> tuple[Finding, ...]:
        pairs = zip(self.evaluators, points, strict=True)
        evidence = gather([Examination(evaluator, point) for evaluator, point in pairs])
        if evidence is None:
            return ()
        if evidence.traced is not None and len(evidence.x) == len(points):
            evidence = replace(evidence, traced=self.traced)
        return diagnose(evidence)

    def checked(self, change: Change) -> Result:
        """Returns the result of a whole check with the wrong gradient, on the host."""

        def gradient(params, data):
            x = self.layout.flatten(params)
            row = Row(x, data, self.gradient(x, data))
            return self.layout.unflatten(np.asarray(change(row)))

        wrong = replace(self.objective, gradient=gradient)
        problems = [replace(problem, objective=wrong) for problem in self.problems]
        makers = [partial(replace, problem) for problem in problems]
        return _study(Case(wrong, self.size, FixedPoints(makers))).result

    def above_floor(self, wrong: list[list[Vector]]) -> bool:
        """Returns whether the fault is above ten floors in a verified coordinate."""
        for point, right, values in zip(self.result.points, self.g, wrong, strict=True):
            sure = ~point.votes["differences"].kinked
            sure[list(point.judgement.unverified)] = False
            change = np.abs(values[0] - right)[sure]
            if not np.all(change <= FLOORS * point.judgement.floor):
                return True
        return False


def make_scene(objective: Objective, size: int, dtype: str = "float64") -> Scene:
    """Draws the points as `check` does, around a first one, and checks the right gradient."""
    source = RoundedPoints(objective, size, find_dtype(dtype))
    outcome = _study(Case(objective, size, source))
    scene = Scene(objective, size, dtype, outcome, tuple(source.drawn), ())
    return replace(scene, spots=tuple(tuple(_rows(scene, problem)) for problem in source.drawn))


@dataclass(frozen=True)
class RoundedPoints(PointSource):
    """The points of `check`, rounded to a dtype, and kept."""

    objective: Objective
    size: int
    dtype: np.dtype
    drawn: list[Problem] = field(default_factory=list)

    def first(self, value_at: ValueAt) -> Iterator[Problem]:
        arguments = self.objective.make(np.random.default_rng([SEED, 0]), self.size)
        start = Problem.at(self.objective, *self._rounded(arguments), "x0")
        for problem in chain([start], around(start, range(1, POINTS), SEED, value_at)):
            self.drawn.append(replace(problem, params=self._rounded(problem.params)))
            yield self.drawn[-1]

    def _rounded(self, tree):
        return cast(cast(tree, self.dtype), FLOAT64)


def _study(case: Case) -> Study:
    with precision_scope(FLOAT64):
        return study(case, make_settings(voting_methods(), timing=False))


def _rows(scene: Scene, problem: Problem) -> Iterator[Row]:
    """Yields the point, and the points beside it at which the package measures rounding."""
    x = problem.layout.flatten(problem.params)
    yield Row(x, problem.data, scene.gradient(x, problem.data))
    for seed in range(NUDGES):
        moved = np.clip(nudge(x, seed, EPS), *problem.bounds)
        data = jax.tree.map(lambda leaf, seed=seed: nudge_data(leaf, seed, EPS), problem.data)
        yield Row(moved, data, scene.gradient(moved, data))
