"""An objective at its points, so that any wrong gradient can be judged without compiling anew.

What a check needs beside the gradient under test is the same for every fault: the points,
autodiff, finite differences and their bars. They are worked out once for each objective, size and
dtype. A wrong gradient then is only numbers: its values at the points, and at the points beside
them from which the bar of its rounding is read. Judge and diagnosis are those of the package.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import jax
import numpy as np
from jaxtyping import Float

from gradcompare import Objective, Verdict
from gradcompare._engine.case import Study, study
from gradcompare._engine.settings import Case, make_settings
from gradcompare._evaluation.evaluator import Evaluator
from gradcompare._evaluation.perturbation import nudge, nudge_data
from gradcompare._evaluation.rounding import NUDGES, estimate_with_rounding
from gradcompare._foundation.precision import FLOAT64, cast, find_dtype, precision_scope
from gradcompare._model.estimate import EPS
from gradcompare._model.finding import Finding
from gradcompare._model.objective import Problem
from gradcompare._points.sampling import around
from gradcompare._results.data import PointResult
from gradcompare._results.judge import judge
from gradcompare._results.result import Result
from gradcompare.diagnosis.diagnose import diagnose
from gradcompare.diagnosis.evidence.gather import data_leaves, gather
from gradcompare.diagnosis.terms.parts import Traced
from gradcompare.methods._registry import voting_methods

POINTS, SEED = 3, 0

FLOORS = 10
"""A fault above so many detection floors has to be found."""

Vector = Float[np.ndarray, " d"]


@dataclass(frozen=True, eq=False)
class Row:
    """A place where the gradient is taken: parameters and data, and the right gradient there."""

    x: Vector
    data: object
    g: Vector


Change = Callable[[Row], Vector]
"""A fault: from a place to the wrong gradient there."""


@dataclass(frozen=True)
class Played:
    """What a program would have returned, in its stead: at the point, then beside it."""

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
        size: The size it was made with.
        dtype: What the parameters and data can be represented in.
        study: What the check of the right gradient found.
        problems: The points.
        spots: For each point, the rows there: the point first, and those beside it.
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
        """The programs of every point."""
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
        """The right gradient anywhere, computed in `dtype`."""
        params, data = cast((self.layout.unflatten(x), data), dtype)
        with precision_scope(dtype):
            return self.layout.flatten(cast(self._compiled(params, data), FLOAT64))

    @cached_property
    def _compiled(self):
        return jax.jit(self.objective.gradient)

    def wrong(self, change: Change) -> list[list[Vector]]:
        """The wrong gradient at all rows of all points."""
        with np.errstate(all="ignore"):
            return [[np.asarray(change(row)) for row in rows] for rows in self.spots]

    def judged(self, wrong: list[list[Vector]]) -> Result:
        """The result of the check of a wrong gradient, of which the values are given."""
        points, sources = [], self.result.sources
        for point, values in zip(self.result.points, wrong, strict=True):
            hand = estimate_with_rounding(Played(values), None, None)
            estimates = {**point.estimates, sources["analytic"]: hand}
            votes = {s: estimates[name] for s, name in sources.items() if name in estimates}
            judgement = judge(point.value, votes)
            points.append(replace(point, estimates=estimates, judgement=judgement))
        result = replace(self.result, points=tuple(points))
        if result.verdict is not Verdict.ANALYTIC_WRONG:
            return result
        with precision_scope(FLOAT64):
            return replace(result, diagnosis=self._diagnosis(points))

    def _diagnosis(self, points: list[PointResult]) -> tuple[Finding, ...]:
        evidence = gather(self.evaluators, points, self.result.sources)
        if evidence is None:
            return ()
        if evidence.traced is not None and len(evidence.x) == len(points):
            evidence = replace(evidence, traced=self.traced)
        return diagnose(evidence)

    def checked(self, change: Change) -> Result:
        """The same by a whole check of the objective with the wrong gradient, on the host."""

        def gradient(params, data):
            x = self.layout.flatten(params)
            row = Row(x, data, self.gradient(x, data))
            return self.layout.unflatten(np.asarray(change(row)))

        wrong = replace(self.objective, gradient=gradient)
        problems = [replace(problem, objective=wrong) for problem in self.problems]
        return _study(Case(wrong, self.size, lambda finite, unsettled: problems)).result

    def above_floor(self, wrong: list[list[Vector]]) -> bool:
        """Whether the fault is larger than ten floors in a coordinate that was verified."""
        sources = self.result.sources
        for point, right, values in zip(self.result.points, self.g, wrong, strict=True):
            sure = ~point.estimates[sources["differences"]].kinked
            sure[list(point.judgement.unverified)] = False
            change = np.abs(values[0] - right)[sure]
            if not np.all(change <= FLOORS * point.judgement.floor):
                return True
        return False


def make_scene(objective: Objective, size: int, dtype: str = "float64") -> Scene:
    """Draws the points as `check` does, around a first one, and checks the right gradient."""
    narrow, drawn = find_dtype(dtype), []

    def rounded(tree):
        return cast(cast(tree, narrow), FLOAT64)

    def problems(finite, unsettled) -> Iterator[Problem]:
        made = objective.make(np.random.default_rng([SEED, 0]), size)
        first = Problem.at(objective, *rounded(made), "x0")
        for problem in chain([first], around(first, POINTS - 1, SEED, finite)):
            drawn.append(replace(problem, params=rounded(problem.params)))
            yield drawn[-1]

    found = _study(Case(objective, size, problems))
    scene = Scene(objective, size, dtype, found, tuple(drawn), ())
    return replace(scene, spots=tuple(tuple(_rows(scene, problem)) for problem in drawn))


def _study(case: Case) -> Study:
    with precision_scope(FLOAT64):
        return study(case, make_settings(voting_methods(), timing=False))


def _rows(scene: Scene, problem: Problem) -> Iterator[Row]:
    """The point, and the points beside it at which the package measures rounding."""
    x = problem.layout.flatten(problem.params)
    yield Row(x, problem.data, scene.gradient(x, problem.data))
    for seed in range(NUDGES):
        moved = np.clip(nudge(x, seed, EPS), *problem.bounds)
        data = jax.tree.map(lambda leaf, seed=seed: nudge_data(leaf, seed, EPS), problem.data)
        yield Row(moved, data, scene.gradient(moved, data))
