"""One objective at one size, in one dtype and on one device, with its compiled programs."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import jax
import numpy as np

from ..._engine.settings import Settings, evaluator_of
from ..._evaluation.evaluator import Evaluator
from ..._evaluation.function import AbstractFunction
from ..._evaluation.twin import with_twin
from ..._foundation.errors import outcome_of
from ..._foundation.precision import FLOAT64, cast, precision_scope
from ..._model.estimate import Estimate
from ..._model.objective import Objective
from ..._model.verdict import Verdict
from ..._points.sources import Draws
from ...methods._base import AbstractMethod, estimate_as_declared
from ...methods._registry import find_method

VALUE = "value"
"""Name of the objective itself among the methods, and key of its program."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The programs of one objective at one point.

    Attributes:
        exact: The functions in float64, at the point rounded to the dtype.
        evaluator: The functions in the dtype that is measured; `exact` if that is float64.
    """

    exact: Evaluator
    evaluator: Evaluator

    @classmethod
    def of(cls, objective: Objective, size: int, settings: Settings) -> "Subject":
        """Draws the point, whose functions are compiled at their first use."""
        with precision_scope(FLOAT64):
            draws = Draws(objective, size, 1, settings.seed, "gradient")
            problem = next(draws.first(lambda problem: 0.0))
            rounded = cast(cast((problem.params, problem.data), settings.dtype), FLOAT64)
            problem = replace(problem, params=rounded[0], data=rounded[1])
            exact = with_twin(evaluator_of(problem, settings))
        if settings.dtype == FLOAT64:
            return cls(exact, exact)
        return cls(exact, replace(exact, dtype=settings.dtype, cache=exact.cache.emptied()))

    @property
    def d(self) -> int:
        """The number of parameters."""
        return self.exact.problem.layout.size

    @cached_property
    def value_program(self) -> AbstractFunction:
        """The objective as the user wrote it."""
        self.evaluator.value()
        return self.evaluator.functions[VALUE].written

    def estimate(self, method: AbstractMethod) -> Estimate:
        """Returns the derivative by a method, in the dtype that is measured."""
        return estimate_as_declared(method, self.evaluator)

    def program(self, method: AbstractMethod) -> AbstractFunction | None:
        """Returns the program of a method that made an estimate; None if it has not just one."""
        program = self.evaluator.functions.get(method)
        return None if program is None else program.written

    def error(self, method: str, derivative: np.ndarray) -> float | None:
        """Returns the largest error, relative to the largest entry of the reference.

        None if there is no other derivative in float64 to compare with, or it is not finite.
        """
        reference = self._reference_for(method)
        if reference is None:
            return None
        with np.errstate(all="ignore"):
            error = float(np.max(np.abs(derivative - reference)) / np.max(np.abs(reference)))
        return error if np.isfinite(error) else None

    def _reference_for(self, method: str) -> np.ndarray | None:
        same = self.exact is self.evaluator
        if method == VALUE:
            with precision_scope(FLOAT64):
                return None if same else np.array([self.exact.value()])
        expected = self.exact.problem.objective.expected
        names = ["reverse", "analytic"]
        if expected is Verdict.AUTODIFF_WRONG:
            names.reverse()
        elif not expected.ok:
            names = names[:1]
        others = [name for name in names if not (same and name == method)]
        return next((r for r in map(self._exact_by, others) if r is not None), None)

    def _exact_by(self, label: str) -> np.ndarray | None:
        """Returns the derivative in float64 by a method; None if it has none."""
        method, problem = find_method(label), self.exact.problem
        if method.unsupported(problem.objective, problem.quantity):
            return None
        with precision_scope(FLOAT64):
            outcome = outcome_of(partial(estimate_as_declared, method, self.exact))
        usable = isinstance(outcome, Estimate) and np.all(np.isfinite(outcome.value))
        return outcome.value if isinstance(outcome, Estimate) and usable else None

    def peak_bytes(self, key: Hashable) -> int | None:
        """Returns the memory of a program with its arguments, as the compiler counts it.

        That of the largest program, if the method has not just one.
        """
        functions = self.evaluator.functions
        programs = [functions[key]] if key in functions else list(functions.values())
        sizes = [p.written.peak_bytes for p in programs]
        known = [size for size in sizes if size is not None]
        leaves = jax.tree.leaves(self.evaluator.host_args)
        return max(known) + sum(np.asarray(leaf).nbytes for leaf in leaves) if known else None
