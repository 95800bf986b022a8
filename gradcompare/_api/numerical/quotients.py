"""Difference quotients of a function at one point after another: compiled, or on the host."""

from abc import ABC, abstractmethod
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from ..._evaluation.compiled import CompiledFunction
from ..._evaluation.evaluator import Evaluator
from ..._evaluation.host import with_arrays_of_jax
from ..._evaluation.near.calls import called_at
from ..._foundation.errors import GradcompareError, InputError
from ..._foundation.precision import FLOAT64
from ..._foundation.wording import given
from ..._model.estimate import EPS
from ..._model.problem import Problem
from ...methods._quotients import Formula, traced_values


@dataclass(frozen=True, kw_only=True)
class Quotients(ABC):
    """The quotients of one function for arguments of one kind.

    Attributes:
        problem: The function at the first point.
        formula: The formula.
        step: A fixed step; None for the rule of the formula.
    """

    problem: Problem
    formula: Formula
    step: float | None

    def at(self, params: PyTree, data: PyTree) -> PyTree:
        """Returns the gradient at another point, in the structure of the parameters.

        Raises:
            InputError: if the point is not finite, or out of the bounds.
        """
        problem, (lower, upper) = self.problem, self.problem.bounds
        x = problem.layout.flatten(params)
        if not np.all((lower <= x) & (x <= upper) & np.isfinite(x)):
            Problem.at(problem.objective, params, data, problem.label)  # raises the error
        h = self.formula.step(np.maximum(np.abs(x), 1), EPS, self.step)
        rooms = (np.inf, np.inf) if self.formula.imaginary else (x - lower, upper - x)
        data = jax.tree.map(in_float64, data)
        sides = (np.minimum(h, room) for room in rooms)
        return problem.layout.unflatten(self.quotients(x, data, *sides))

    @abstractmethod
    def quotients(
        self,
        x: Float[np.ndarray, " d"],
        data: PyTree,
        below: Float[np.ndarray, " d"],
        above: Float[np.ndarray, " d"],
    ) -> Float[np.ndarray, " d"]:
        """Returns the quotients with these steps."""


def in_float64(leaf: Any) -> np.ndarray | Array:
    """Returns an array with its floating numbers in float64; as it is if they are."""
    array = leaf if isinstance(leaf, jax.Array) else np.asarray(leaf)
    narrow = array.dtype != FLOAT64 and jnp.issubdtype(array.dtype, jnp.floating)
    return np.asarray(array).astype(FLOAT64) if narrow else array


@dataclass(frozen=True, kw_only=True)
class CompiledQuotients(Quotients):
    """The same, compiled.

    Attributes:
        program: Takes the point, the data and the steps.
    """

    program: CompiledFunction

    @classmethod
    def of(cls, evaluator: Evaluator, formula: Formula, step: float | None) -> "CompiledQuotients":
        """Compiles the quotients of a function that JAX can trace."""
        problem, chunk = evaluator.problem, evaluator.chunk
        layout, value = problem.layout, problem.objective.value

        def function(x, data, below, above):
            def f(x: Array) -> Array:
                result = value(layout.unflatten(x), data)
                _require_number(result)
                formula.require_fitting(result)
                return result

            return formula.quotients(traced_values(f, x, chunk), x, below, above)

        x = evaluator.x
        args = jax.device_put((x, evaluator.host_args[1], x, x), evaluator.device)
        program = CompiledFunction.build(function, args, widens=lambda: True)
        return cls(problem=problem, formula=formula, step=step, program=program)

    def quotients(self, x, data, below, above):
        return np.asarray(self.program.run(x, data, below, above))


@dataclass(frozen=True, kw_only=True)
class CalledQuotients(Quotients):
    """The same, from calls on the host.

    Attributes:
        of_jax: Whether the function needs arrays of JAX.
        executor: Calls it at several points at a time.
    """

    of_jax: bool
    executor: Executor | None

    @classmethod
    def of(cls, evaluator: Evaluator, formula: Formula, step: float | None) -> "CalledQuotients":
        """Returns the quotients of a function that can only be called."""
        return cls(
            problem=evaluator.problem,
            formula=formula,
            step=step,
            of_jax="value" in evaluator.cache.of_jax,
            executor=evaluator.executor,
        )

    def quotients(self, x, data, below, above):
        value = self.problem.objective.value
        value = with_arrays_of_jax(value) if self.of_jax else value
        call = partial(_called, value, jax.tree.map(np.asarray, data))
        values = partial(self._values, call, x)
        return np.asarray(self.formula.quotients(values, x, below, above))

    def _values(self, call, x, *rows):
        points = []
        for row in rows:
            for i, entry in enumerate(row):
                y = x.astype(row.dtype)
                y[i] = entry
                points.append(self.problem.layout.unflatten(y))
        if self.executor is None:
            results = np.array([call(point) for point in points])
        else:
            results = np.array(called_at(call, points, self.executor, _raise))
        self.formula.require_fitting(results)
        return np.split(results, np.cumsum([len(row) for row in rows])[:-1])


def _called(value, data, params):
    result = value(params, data)
    _require_number(result)
    return np.asarray(result)[()]


def _require_number(result: Any) -> None:
    """Checks a value at a further point, where it may be another thing than at the first.

    Raises:
        InputError: if it is no number.
    """
    if result is None or np.shape(result) != ():
        kind = given(result) if result is None else f"an array of shape {np.shape(result)}"
        raise InputError(f"value returns a number at one call and {kind} at another")


def _raise(kind: str, words: str) -> None:
    raise GradcompareError(f"value raises {words}")
