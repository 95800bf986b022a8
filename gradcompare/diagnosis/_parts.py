"""The parts of a gradient: what goes through each term of the objective, and each use of a value.

The chain rule sums over all paths through the program, from a parameter to the objective. A part
is the sum over those paths that go through one operand of one operation. To have it, the
operand gets a gate: an operation that changes no value and multiplies the derivative by s; the
gradient with s = 1 less the gradient with s = 0 is the part. A derivation that forgot a term, or
halved it, is wrong by a multiple of one part, the same multiple at every point.

Before a sum over samples, s is an array: what goes through one sample is a part as well.
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._estimate import Estimate
from .._flat import Flat, flatten
from .._programs import Programs
from ._edges import Edge, Sum, edges_of, sums_of

SECONDS = 1.0
"""So long parts are worked out, terms first."""


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the gradient.

    Attributes:
        edge: What it goes through.
        values: The part at every point.
    """

    edge: Edge
    values: Float[np.ndarray, "p d"]


@dataclass(frozen=True, eq=False)
class Samples:
    """What goes through a sum over samples.

    Attributes:
        sum: The sum.
        rest: The gradient without anything that goes through it, at every point.
        first: What the first sample adds to that.
        last: What the last one adds.
        whole: What all of them add.
    """

    sum: Sum
    rest: Float[np.ndarray, "p d"]
    first: Float[np.ndarray, "p d"]
    last: Float[np.ndarray, "p d"]
    whole: Float[np.ndarray, "p d"]


@dataclass(frozen=True, eq=False)
class Traced:
    """The gradient by autodiff, and its parts, of an objective that can be traced.

    Attributes:
        programs: The programs of each point.
    """

    programs: Sequence[Programs]

    @cached_property
    def flat(self) -> Flat:
        """The objective as one list of operations."""
        params, data, _ = self.programs[0].args
        return flatten(jax.make_jaxpr(self.programs[0].problem.objective.value)(params, data))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts that are not zero, terms first."""
        s = np.ones(len(self._edges))
        whole, started, parts = self._everywhere(s), time.perf_counter(), []
        for k, edge in enumerate(self._edges):
            if time.perf_counter() - started > SECONDS:
                break
            s[k] = 0
            values = whole - self._everywhere(s)
            s[k] = 1
            if np.any(values):
                parts.append(Part(edge, values))
        return tuple(parts)

    @cached_property
    def samples(self) -> tuple[Samples, ...]:
        """The sums over samples: over as many things as an array of the data has rows."""
        data = jax.tree.leaves(self.programs[0].problem.data)
        rows = {np.shape(leaf)[0] for leaf in data if np.ndim(leaf)}
        sums = [each for each in sums_of(self.flat, self._names) if each.length in rows]
        masks = [np.ones(each.length) for each in sums]

        def at(each: Programs) -> Float[np.ndarray, " d"]:
            return self._gradient(each, "samples", masks, [each.gates for each in sums])

        def everywhere(mask: np.ndarray, chosen: Any) -> Float[np.ndarray, "p d"]:
            mask[:] = 0
            mask[chosen] = 1
            return np.stack([at(each) for each in self.programs])

        found = []
        for each, mask in zip(sums, masks, strict=True):
            rest = everywhere(mask, [])
            parts = [everywhere(mask, chosen) - rest for chosen in (0, -1, slice(None))]
            found.append(Samples(each, rest, *parts))
        return tuple(found)

    def gradient(self, point: int, x: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
        """The gradient at x, with the data of one of the points."""
        each = self.programs[point]
        params = each.problem.layout.unflatten(x)
        moved = each.at(dataclasses.replace(each.problem, params=params))
        return self._through_edges(moved, np.ones(len(self._edges)))

    @cached_property
    def _names(self) -> dict[int, str]:
        """The parameters, by the numbers of the inputs that they are."""
        layout = self.programs[0].problem.layout
        return dict(zip(self.flat.inputs, layout.paths, strict=False))

    @cached_property
    def _edges(self) -> list[Edge]:
        return edges_of(self.flat, self._names)

    def _everywhere(self, s: Float[np.ndarray, " e"]) -> Float[np.ndarray, "p d"]:
        return np.stack([self._through_edges(each, s) for each in self.programs])

    def _through_edges(self, each: Programs, s: Float[np.ndarray, " e"]):
        return self._gradient(each, "parts", s, [[(edge.key, 0)] for edge in self._edges])

    def _gradient(self, each: Programs, key: str, s: Any, gates) -> Float[np.ndarray, " d"]:
        """The gradient with gates; `gates` says for every s before which operands it stands."""

        def gradient(params, data, direction, s):
            factors = {
                operand: jnp.expand_dims(factor, tuple(range(1, 1 + behind)))
                for factor, before in zip(s, gates, strict=True)
                for operand, behind in before
            }

            def value(params):
                return _run(self.flat, jax.tree.leaves((params, data)), factors)

            return jax.grad(value)(params)

        found = each.run(key, gradient, s, helper=True)
        plain = Estimate(found, np.zeros(found.shape))
        problem = each.problem
        return problem.objective.convention.applied(plain, each.x, problem.layout).value


def _run(flat: Flat, inputs: Sequence[Any], factors: Mapping[tuple[int, int], Any]) -> Any:
    """The objective, with gates before some operands."""
    known = {**flat.constants, **dict(zip(flat.inputs, inputs, strict=True))}
    for number, operation in enumerate(flat.operations):
        operands = [known[k] for k in operation.operands]
        for position, operand in enumerate(operands):
            factor = factors.get((number, position))
            operands[position] = operand if factor is None else _gate(operand, factor)
        known |= zip(operation.results, operation.run(operands), strict=True)
    return known[flat.outputs[0]]


@jax.custom_jvp
def _gate(x, s):
    """Returns x, whose derivative is multiplied by s."""
    return x


@_gate.defjvp
def _gate_jvp(primals, tangents):
    return primals[0], primals[1] * tangents[0]
