"""The derivatives of an objective by the values inside of its program.

A formula for bounded parameters is often derived by the bounded values and not by the parameters:
the chain factor of the last step is left out. For each value v that is no larger than the
parameters, one run of reverse mode gives the derivative by v, and one more what the gradient gets
through v.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from ..._evaluation.evaluator import Evaluator
from ..._foundation.user_code import Place
from ..._introspection.flattening import Flat, Operation
from ..._introspection.jaxprs import dtype_of, is_float
from .graph import SHAPES
from .parts import Traced

RENAMING = (*SHAPES, "slice", "dynamic_slice", "gather", "transpose")
"""Operations whose results hold the same numbers as their operands."""

MOST_INTERMEDIATES = 100
"""Largest number of values by which the derivative is looked at."""

INTERMEDIATES_BUDGET = 1e9
"""Number of operations for the parts through each value: about a second of one core."""


@dataclass(frozen=True)
class Intermediate:
    """A value inside of a program.

    Attributes:
        number: Its number.
        shape: Its shape.
        dtype: Its dtype.
        place: The expression of the user's code that gives it.
    """

    number: int
    shape: tuple[int, ...]
    dtype: Any
    place: Place

    @property
    def size(self) -> int:
        """The number of its entries."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class Intermediates:
    """The values inside of an objective that can be traced, those computed last first.

    Attributes:
        traced: The objective.
        largest: The size of the largest value; that of the parameters for 0.
    """

    traced: Traced
    largest: int = 0

    @cached_property
    def every(self) -> list[Intermediate]:
        """The values outside of loops that are not too large."""
        layout = self.traced.evaluators[0].problem.layout
        found = _intermediates(self.traced.flat, len(layout.paths), self.largest or layout.size)
        return found[: min(MOST_INTERMEDIATES, self.traced.affordable(INTERMEDIATES_BUDGET))]

    @cached_property
    def derivatives(self) -> list[Float[np.ndarray, "p n"]]:
        """The derivative by each of them at every point."""
        ends = np.cumsum([each.size for each in self.every])[:-1]
        rows = [each.run("by", self._by, helper=True) for each in self.traced.evaluators]
        return np.split(np.stack(rows), ends, axis=1)

    def through(self, k: int) -> Float[np.ndarray, "p d"]:
        """Returns what the gradient gets through one of them at every point."""
        one = np.eye(1, len(self.every), k)[0]
        by = self.derivatives

        def at(point: int, each: Evaluator) -> np.ndarray:
            cotangents = tuple(rows[point] for rows in by)
            return each.run("through", self._through, one, cotangents, helper=True)

        return np.stack([at(p, each) for p, each in enumerate(self.traced.evaluators)])

    def jacobian(self, k: int, point: int) -> Float[np.ndarray, "n d"]:
        """Returns the derivative of one of them by the parameters at one point."""
        one, each = np.eye(1, len(self.every), k)[0], self.traced.evaluators[point]
        rows = [np.zeros(value.size) for value in self.every]

        def row(j: int) -> np.ndarray:
            rows[k] = np.eye(1, self.every[k].size, j)[0]
            return each.run("through", self._through, one, tuple(rows), helper=True)

        return np.stack([row(j) for j in range(self.every[k].size)])

    def bends(self, v: Any) -> tuple[Float[np.ndarray, "k p d"], Bool[np.ndarray, " k"]]:
        """Returns the share of second derivatives of each value in the Hessian times a vector.

        With the derivative c by a value u, this is ∇²(cᵀu) v for a c that stays.

        Args:
            v: The vector, in the structure of the parameters.

        Returns:
            The products, and whether the objective is linear in the value.
        """
        count, points = len(self.every), len(self.traced.evaluators)
        rows = [each.run("bends", self._bends, v, helper=True) for each in self.traced.evaluators]
        split = np.stack(rows).reshape(points, count, -1)
        linear = np.all(split[:, :, -1] == 0, axis=0)
        return np.swapaxes(split[:, :, :-1], 0, 1), linear

    def _bends(self, params: Any, data: Any, direction: Any, v: Any) -> Any:
        def values(params: Any) -> list[Any]:
            every = _run(self.traced.flat, jax.tree.leaves((params, data)), {})[1]
            return [every[each.number] for each in self.every]

        still, moved = jax.jvp(values, (params,), (v,))
        by = self._by(params, data, direction)
        weights = [each.reshape(-1) for each in by]

        def bent(one: Any) -> Any:
            def pulled(params: Any) -> Any:
                return self._through(params, data, direction, one, weights)

            along = [s * each for s, each in zip(one, moved, strict=True)]
            product = jax.tree.leaves(jax.jvp(pulled, (params,), (v,))[1])
            curved = jax.jvp(
                lambda moves: self._by(params, data, direction, moves),
                ([jnp.zeros_like(each) for each in still],),
                (along,),
            )[1]
            sizes = jnp.stack([jnp.sum(jnp.abs(each)) for each in curved])
            return jnp.concatenate([*(leaf.reshape(-1) for leaf in product), (one @ sizes)[None]])

        return jax.lax.map(bent, jnp.eye(len(self.every)))

    def _by(self, params: Any, data: Any, direction: Any, start: Any = None) -> Any:
        inputs = jax.tree.leaves((params, data))

        def value(moves: Sequence[Any]) -> Any:
            numbers = (each.number for each in self.every)
            return _run(self.traced.flat, inputs, dict(zip(numbers, moves, strict=True)))[0]

        zeros = [jnp.zeros(each.shape, each.dtype) for each in self.every]
        return jax.grad(value)(zeros if start is None else start)

    def _through(self, params: Any, data: Any, direction: Any, one: Any, by: Sequence[Any]) -> Any:
        def product(params: Any) -> Any:
            _, values = _run(self.traced.flat, jax.tree.leaves((params, data)), {})
            terms = [
                s * jnp.sum(values[each.number].reshape(-1) * row)
                for each, s, row in zip(self.every, one, by, strict=True)
            ]
            return jnp.sum(jnp.stack(terms))

        return jax.grad(product)(params)


def _run(flat: Flat, inputs: Sequence[Any], moves: dict[int, Any]) -> tuple[Any, dict[int, Any]]:
    """Returns the result of a program with some values moved, and all values."""
    values = {**flat.constants, **dict(zip(flat.inputs, inputs, strict=True))}
    for operation in flat.operations:
        results = operation.run([values[number] for number in operation.operands])
        for number, result in zip(operation.results, results, strict=True):
            values[number] = result + moves[number] if number in moves else result
    return values[flat.outputs[0]], values


def _intermediates(flat: Flat, parameters: int, largest: int) -> list[Intermediate]:
    flow, uses = flat.active(flat.inputs[:parameters]), defaultdict(list)
    for operation in flat.operations:
        for number in operation.operands:
            uses[number].append(operation)
    found = []
    for operation in reversed(flat.operations):
        if operation.name in RENAMING:
            continue
        for number, variable in zip(operation.results, operation.equation.outvars, strict=True):
            shape = getattr(variable.aval, "shape", ())
            if number not in flow or not is_float(variable) or math.prod(shape) > largest:
                continue
            place = _expression(operation, uses[number])
            if place is not None and place.text:
                found.append(Intermediate(number, shape, dtype_of(variable), place))
    return found


def _expression(maker: Operation, uses: Sequence[Operation]) -> Place | None:
    """Returns the expression whose result a value is; None if it is a part of one.

    The value of `bounded(q)` is computed inside of `bounded`, and used outside of it.
    """
    calls = _calls(maker.place)
    levels = [_first_difference(calls, _calls(use.place)) for use in uses if use.place]
    level = max(levels, default=len(calls))
    return calls[level] if level < len(calls) else None


def _calls(place: Place | None) -> list[Place]:
    """Returns the expressions that led to one, the outermost first, and it."""
    calls = []
    while place is not None:
        calls.append(place)
        place = place.caller
    return calls[::-1]


def _first_difference(calls: Sequence[Place], others: Sequence[Place]) -> int:
    for level, (one, other) in enumerate(zip(calls, others, strict=False)):
        if (one.file, one.line, one.column, one.text) != (
            other.file, other.line, other.column, other.text
        ):  # fmt: skip
            return level
    return min(len(calls), len(others))
