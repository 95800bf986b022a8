"""The parts of a gradient that go through each term of the objective and each use of a value.

The chain rule sums over all paths through the program, from a parameter to the objective. A part
is the sum over those paths that go through one operand of one operation. To compute it, the
operand gets a gate, which changes no value and multiplies the derivative by s: the part is the
gradient with s = 1 minus the gradient with s = 0. A derivation that forgot or halved a term is
wrong by a multiple of one part, the same multiple at every point.

A term inside of an expression, such as ν in (ν + 1) g(x), is on no path of its own: leaving it
out changes the other paths as well. Its part is what the gradient changes by when the operand
itself is multiplied by s. Gates and factors are arguments of one program each, so that nothing
is compiled anew for another choice of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..._evaluation.evaluator import Evaluator
from ..._introspection.flattening import Flat, flatten
from ..._introspection.rewriting.replacement import run_opened
from ..._model.estimate import Estimate
from .cost import operation_count
from .edges import Edge, Edges, Sum

Key = tuple[int, int]
"""The number of an operation, and that of an operand."""

NONE: Mapping[int, np.ndarray] = {}

NO_LOOPS: Mapping[int, Callable] = {}

PARTS_BUDGET = 1e9
"""Number of operations for parts of either kind: about a second of one core. Terms, which come
first, may use three times that. The other limit is the memory of one chunk."""

CALL = 1e5
"""Number of operations that take as long as the dispatch of a call."""

REVERSE = 4.0
"""Cost of a gradient by reverse mode in values, at most (Griewank & Walther, Evaluating
Derivatives, 2nd ed. 2008, section 4.6: between 3 and 4)."""

MOST_OPERANDS = 200
"""Largest number of operands that are examined; each makes the program larger."""


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the gradient.

    Attributes:
        edge: The operand.
        values: The part at every point.
    """

    edge: Edge
    values: Float[np.ndarray, "p d"]


@dataclass(frozen=True, eq=False)
class Traced:
    """The gradient by autodiff of an objective that can be traced.

    Attributes:
        evaluators: The programs of each point.
    """

    evaluators: Sequence[Evaluator]

    @cached_property
    def flat(self) -> Flat:
        """The objective as one list of operations."""
        params, data, _ = self.evaluators[0].args
        return flatten(jax.make_jaxpr(self.evaluators[0].traceable.objective.value)(params, data))

    @cached_property
    def cost(self) -> float:
        """Approximate number of operations of the gradient at one point."""
        params, data, _ = self.evaluators[0].args
        traced = jax.make_jaxpr(self.evaluators[0].traceable.objective.value)(params, data)
        return CALL + REVERSE * operation_count(traced.jaxpr)

    def affordable(self, budget: float) -> int:
        """Returns the number of gradients at all points within the budget, at least one."""
        return max(1, int(budget / (self.cost * len(self.evaluators))))

    @cached_property
    def _edges(self) -> Edges:
        paths = self.evaluators[0].problem.layout.paths
        return Edges(self.flat, dict(zip(self.flat.inputs, paths, strict=False)))

    @cached_property
    def edges(self) -> list[Edge]:
        """The operands that divide the paths from the parameters to the objective."""
        return self._edges.dividing()[:MOST_OPERANDS]

    @cached_property
    def operands(self) -> list[Edge]:
        """The operands of sums inside of the objective."""
        return self._edges.summands()[:MOST_OPERANDS]

    @cached_property
    def sums(self) -> list[Sum]:
        """The sums over samples: over as many items as an array of the data has rows."""
        data = jax.tree.leaves((self.evaluators[0].problem.data, self.flat.constants))
        rows = {np.shape(leaf)[0] for leaf in data if np.ndim(leaf)}
        return [each for each in self._edges.sums() if each.length in rows]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The part through each operand that divides the paths, terms first."""
        s, parts = np.ones(len(self.edges)), []
        whole, most = self.gated(s), self.affordable(PARTS_BUDGET)
        room = self.evaluators[0].memory_bytes // max(whole.nbytes, 1)
        for k, edge in enumerate(self.edges[:room]):
            # Terms come first, and may take three times as many gradients as other operands.
            if k >= most * (3 if edge.term else 1):
                break
            # The part through an operand is what the gradient loses with its gate shut.
            s[k] = 0
            parts.append(Part(edge, whole - self.gated(s)))
            s[k] = 1
        return tuple(part for part in parts if np.any(part.values))

    @cached_property
    def variants(self) -> tuple[Part, ...]:
        """What the gradient loses without an operand, and gains with the operand doubled."""
        factors, parts = np.ones(len(self.operands)), []
        whole = self.multiplied(factors)
        room = self.evaluators[0].memory_bytes // max(2 * whole.nbytes, 1)
        # Each takes two gradients: without the operand, and with it twice.
        for k, edge in enumerate(self.operands[: min(room, self.affordable(PARTS_BUDGET / 2))]):
            for factor in (0, 2):
                factors[k] = factor
                change = self.multiplied(factors) - whole
                parts.append(Part(edge, change if factor else -change))
            factors[k] = 1
        return tuple(part for part in parts if np.any(part.values))

    def masked(
        self, which: Sequence[int], mask: Float[np.ndarray, " n"]
    ) -> Float[np.ndarray, "p d"]:
        """The gradient at every point with a factor at each thing that these of `sums` add up."""
        return self.multiplied(np.ones(len(self.operands)), dict.fromkeys(which, mask))

    def gated(self, s: Float[np.ndarray, " e"]) -> Float[np.ndarray, "p d"]:
        """The gradient at every point with a gate before each of `edges`."""
        return np.stack([self._gated(each, s) for each in self.evaluators])

    def multiplied(
        self, factors: Float[np.ndarray, " o"], masks: Mapping[int, np.ndarray] = NONE
    ) -> Float[np.ndarray, "p d"]:
        """The gradient at every point with a factor at each of `operands`, and at each of `sums`.

        Args:
            factors: A number for each operand.
            masks: For some of the sums, a number for each thing that it sums over.
        """
        every = tuple(masks.get(k, np.ones(s.length)) for k, s in enumerate(self.sums))
        keys = [[(edge.key, 0)] for edge in self.operands] + [each.gates for each in self.sums]

        def at(each: Evaluator) -> Float[np.ndarray, " d"]:
            return self._gradient(each, "multiplied", (factors, every), keys, times)

        return np.stack([at(each) for each in self.evaluators])

    def at(self, point: int, x: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
        """The gradient at x, with the data of one of the points."""
        each, s = self.evaluators[point], np.ones(len(self.edges))
        if "gated" not in each.functions:
            self._gated(each, s)
        return self._as_declared(each, x, each.run_at("gated", x, (s, ())))

    def _gated(self, each: Evaluator, s: Float[np.ndarray, " e"]) -> Float[np.ndarray, " d"]:
        return self._gradient(each, "gated", (s, ()), [[(e.key, 0)] for e in self.edges], gate)

    def _gradient(self, each: Evaluator, name: str, numbers: Any, keys, change):
        """The gradient with changes; `keys` says before which operands each number applies."""

        def gradient(params, data, direction, numbers):
            changes = {
                key: jnp.expand_dims(s, tuple(range(1, 1 + behind)))
                for s, before in zip((*numbers[0], *numbers[1]), keys, strict=True)
                for key, behind in before
            }

            def value(params):
                inputs = jax.tree.leaves((params, data))
                return run_changed(self.flat, changes, change, *inputs)[0]

            return jax.grad(value)(params)

        return self._as_declared(each, each.x, each.run(name, gradient, numbers, helper=True))

    def _as_declared(self, each: Evaluator, x: Float[np.ndarray, " d"], value: np.ndarray):
        """The gradient at x in the convention of the objective."""
        plain, problem = Estimate(value, np.zeros(value.shape)), each.problem
        return problem.objective.convention.applied(plain, x, problem.layout).value


def run_changed(
    flat: Flat,
    changes: Mapping[Key, Any],
    change: Callable[[Any, Any], Any],
    *inputs: Any,
    loops: Mapping[int, Callable] = NO_LOOPS,
) -> list[Any]:
    """Returns the results of a program with some operands changed, and some loops replaced."""
    values = {**flat.constants, **dict(zip(flat.inputs, inputs, strict=True))}
    changed = {number for number, _ in changes}
    for operation in flat.operations:
        operands = [values[k] for k in operation.operands]
        for position, operand in enumerate(operands):
            s = changes.get((operation.number, position))
            operands[position] = operand if s is None else change(operand, s)
        if operation.number in loops:
            results = loops[operation.number](operands)
        elif any(each.number in changed for inner in operation.inner for each in inner.every()):
            inside = [partial(run_changed, inner, changes, change) for inner in operation.inner]
            results = run_opened(operation.equation, inside, operands)
        else:
            results = operation.run(operands)
        values |= zip(operation.results, results, strict=True)
    return [values[number] for number in flat.outputs]


def times(x, s):
    """Returns x times s."""
    return x * s.astype(x.dtype)


@jax.custom_jvp
def gate(x, s):
    """Returns x, whose derivative is multiplied by s."""
    return x


@gate.defjvp
def _gate_jvp(primals, tangents):
    return primals[0], primals[1].astype(tangents[0].dtype) * tangents[0]
