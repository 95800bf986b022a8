"""One number in the gradient for all rows, where the value has one for each."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._foundation.layout import indices
from ..._foundation.user_code import Place
from ..._introspection.flattening import Flat
from ..._introspection.jaxprs import is_float
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import inside, others_agree, pointing_to
from ..terms.parts import Traced, gate
from ._base import AbstractHypothesis
from ._exact import agrees

SHARED_BUDGET = 1e9
"""Number of operations for gradients with one number for all: about a second of one core."""

MOST_ARRAYS = 30
"""Largest number of arrays that are looked at; each makes the program larger."""

SUMMARIES = (
    ("the norm of all of it", lambda v: jnp.sqrt(jnp.sum(v**2))),
    ("its sum", jnp.sum),
    ("its mean", jnp.mean),
    ("its largest entry", jnp.max),
    ("its smallest entry", jnp.min),
    ("its first entry", lambda v: v[0]),
    ("its last entry", lambda v: v[-1]),
)
"""What may stand for all entries of an array."""

SIDES = (1, -1)
"""Whether the derivative is divided by the array, as that of a norm is, or multiplied by it."""


class Shared(AbstractHypothesis):
    """a is the gradient with v̄ᵢ vᵢ / s or v̄ᵢ s / vᵢ for v̄ᵢ, where s is one number for all vᵢ.

    Here v̄ᵢ is the derivative by the entry vᵢ of a value inside of the objective.
    """

    rank: ClassVar = 66

    def explain(self, evidence: Evidence) -> Finding | None:
        traced = evidence.traced
        if traced is None or not evidence.declarable:
            return None
        values = _Values(traced)
        tries = [
            (k, s, power)
            for k in range(len(values.every))
            for s in range(len(SUMMARIES))
            for power in SIDES
        ]
        for k, s, power in islice(tries, traced.affordable(SHARED_BUDGET)):
            if _holds(evidence, values, (k, s, power), len(tries)):
                return _finding(evidence, values.every[k].place, SUMMARIES[s][0])
        return None


@dataclass(frozen=True)
class _Value:
    """A vector inside of a program: its number, its length, and its expression."""

    number: int
    place: Place


@dataclass(frozen=True, eq=False)
class _Values:
    """The vectors inside of an objective, and its gradient with one number for all of one."""

    traced: Traced

    @cached_property
    def every(self) -> list[_Value]:
        """The vectors outside of loops through which derivatives flow, the last first."""
        flat = self.traced.flat
        flow = flat.active(flat.inputs[: len(self.traced.evaluators[0].problem.layout.paths)])
        return list(islice(_vectors(flat, flow), MOST_ARRAYS))

    def gradient(self, point: int, choice: tuple[int, int, int]) -> Float[np.ndarray, " d"]:
        """Returns the gradient at a point with one number for all entries of a vector."""
        k, s, power = choice
        weights = np.zeros((len(self.every), len(SUMMARIES)))
        weights[k, s] = power
        each = self.traced.evaluators[point]
        return each.run("shared", self._gradient, weights, helper=True)

    def _gradient(self, params: Any, data: Any, direction: Any, weights: Any) -> Any:
        numbers = {each.number: weights[k] for k, each in enumerate(self.every)}

        def value(params: Any) -> Any:
            return _run(self.traced.flat, jax.tree.leaves((params, data)), numbers)

        return jax.grad(value)(params)


def _vectors(flat: Flat, flow: frozenset[int]) -> Iterator[_Value]:
    seen = set()
    for operation in reversed(flat.operations):
        for number, variable in zip(operation.results, operation.equation.outvars, strict=True):
            shape = getattr(variable.aval, "shape", ())
            vector = len(shape) == 1 and shape[0] > 1
            if not (vector and number in flow and is_float(variable)) or operation.place is None:
                continue
            if operation.place not in seen:  # the last value of an expression is its result
                seen.add(operation.place)
                yield _Value(number, operation.place)


def _run(flat: Flat, inputs: Sequence[Any], numbers: Mapping[int, Any]) -> Any:
    """Returns the result of a program with factors at the derivatives by some values."""
    values = {**flat.constants, **dict(zip(flat.inputs, inputs, strict=True))}
    for operation in flat.operations:
        results = operation.run([values[number] for number in operation.operands])
        for number, result in zip(operation.results, results, strict=True):
            weights = numbers.get(number)
            values[number] = result if weights is None else gate(result, _factor(result, weights))
    return values[flat.outputs[0]]


def _factor(v: Array, weights: Array) -> Array:
    """Returns v / s or s / v for the summary s that has the weight 1 or −1, and ones for none."""
    v = jax.lax.stop_gradient(v)
    every = jnp.stack([summary(v) for _, summary in SUMMARIES])
    power, s = jnp.sum(weights), jnp.sum(jnp.where(weights != 0, every, 0))
    factor = jnp.where(power > 0, v / s, s / v)
    return jnp.where(power == 0, 1.0, factor)


def _holds(evidence: Evidence, values: _Values, choice: tuple[int, int, int], trials: int) -> bool:
    """Whether the gradient under test is that with one number for all, not by chance."""
    gradients = np.zeros(evidence.x.shape)
    for point in range(len(gradients)):
        gradients[point] = values.gradient(point, choice)
        same = evidence.same(gradients)[point] | ~evidence.usable[point]
        # Nearly all that do not hold fail at the first point.
        if not np.all(same[evidence.open]):
            return False
    size = np.abs(gradients).max(initial=0) / max(np.abs(evidence.reference).max(), math.ulp(0))
    bars = 3 * max(size, 1.0) * evidence.reference_bar
    return agrees(evidence, gradients, bars, evidence.open, trials * evidence.rivals)


def _finding(evidence: Evidence, place: Place, summary: str) -> Finding:
    chosen = evidence.open
    return Finding(
        "shared",
        f"{inside(evidence, chosen)}in the derivative through {place}, your gradient has one "
        f"number for all of its entries, {summary}, where each has its own"
        f"{others_agree(evidence, chosen)}",
        correction="use each entry for its own row: check the axis of the norm, sum or mean",
        coordinates=indices(chosen),
        **pointing_to(place),
    )


HYPOTHESES = (Shared(),)
