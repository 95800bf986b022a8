"""The parts of a gradient: what goes through each term of the objective, and each use of a value.

The chain rule sums over all paths through the program, from a parameter to the objective. A part
is the sum over those paths that go through one operand of one operation. To have it, the
operand gets a gate: an operation that changes no value and multiplies the derivative by s; the
gradient with s = 1 less the gradient with s = 0 is the part. A derivation that forgot a term, or
halved it, is wrong by a multiple of one part, the same multiple at every point.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from .._estimate import Estimate
from .._flat import Flat, flatten
from .._programs import Programs
from ._edges import Edge, edges_of

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


@jax.custom_jvp
def _gate(x, s):
    """Returns x, whose derivative is multiplied by s."""
    return x


@_gate.defjvp
def _gate_jvp(primals, tangents):
    return primals[0], primals[1] * tangents[0]


def find_parts(programs: Sequence[Programs]) -> tuple[Part, ...]:
    """Returns the parts of the gradient of an objective that can be traced.

    Args:
        programs: One for each point.
    """
    first = programs[0]
    objective, layout = first.problem.objective, first.problem.layout
    params, data, _ = first.args
    flat = flatten(jax.make_jaxpr(objective.value)(params, data))
    inputs = flat.inputs[: len(jax.tree.leaves(params))]
    edges = edges_of(flat, dict(zip(inputs, layout.paths, strict=True)))
    gates = {edge.key: k for k, edge in enumerate(edges)}

    def gradient(params, data, direction, s):
        def value(params):
            return _run(flat, jax.tree.leaves((params, data)), gates, s)

        return jax.grad(value)(params)

    def at(each: Programs, s) -> Float[np.ndarray, " d"]:
        found = each.run("parts", gradient, s, helper=True)
        plain = Estimate(found, np.zeros(found.shape))
        return objective.convention.applied(plain, each.x, layout).value

    s = np.ones(len(edges))
    whole = np.stack([at(each, s) for each in programs])
    parts, started = [], time.perf_counter()
    for k, edge in enumerate(edges):
        if time.perf_counter() - started > SECONDS:
            break
        s[k] = 0
        values = whole - np.stack([at(each, s) for each in programs])
        s[k] = 1
        if np.any(values):
            parts.append(Part(edge, values))
    return tuple(parts)


def _run(flat: Flat, inputs: Sequence[Any], gates: Mapping[tuple[int, int], int], s) -> Any:
    """The objective, with gates before some operands."""
    known = {**flat.constants, **dict(zip(flat.inputs, inputs, strict=True))}
    for number, operation in enumerate(flat.operations):
        operands = [known[k] for k in operation.operands]
        for position, operand in enumerate(operands):
            gate = gates.get((number, position))
            operands[position] = operand if gate is None else _gate(operand, s[gate])
        known |= zip(operation.results, operation.run(operands), strict=True)
    return known[flat.outputs[0]]
