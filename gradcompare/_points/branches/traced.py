"""The choices in traced programs, and the branches that a point takes.

The choices are those of the value and of the hand-written gradient, as traced. If there are any,
one further program returns the branches that at least one entry takes at a point. It is the traced
program itself with the operands of its choices as results, so the line of a branch and its
measurement always belong together. Autodiff's versions of known choices are left out.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun
from jaxtyping import Array, Bool, Float, PyTree

from ..._evaluation.compiled import CompiledFunction
from ..._evaluation.evaluator import Evaluator
from ..._introspection.jax_internals import loop_of, part_of, programs_in, sorted_axis
from ..._introspection.jaxprs import divided
from ..._results.branch import Branch
from .bounds import GUARD, is_guard
from .choices import choices
from .kinds import chooses_by, places
from .nodes import Choice, Nest, Node, each, without
from .taken import Shape, Taken, each_once, shaped

KEY = "branches"
"""Key of the program of the choices."""


@dataclass(frozen=True, eq=False)
class TracedChoices:
    """The choices of one objective.

    Attributes:
        programs: The programs that choose, with their choices.
        shapes: The shapes of the arrays of parameters.
        first: The first point; orders of numbers are compared with those there.
        unseen: Descriptions of the unexamined parts.
    """

    programs: tuple[tuple[ClosedJaxpr, tuple[Node, ...]], ...] = ()
    shapes: tuple[Shape, ...] = ()
    first: Evaluator | None = None
    unseen: tuple[str, ...] = ()

    @classmethod
    def of(cls, evaluator: Evaluator, keys: Sequence) -> "TracedChoices":
        """Returns the choices of the programs under these keys, where they exist."""
        layout, programs, unseen = evaluator.problem.layout, [], []
        branch_keys: set[Hashable] = set()
        for key in keys:
            program = evaluator.functions.get(key)
            if isinstance(program, CompiledFunction):
                nodes, closed = choices(program.jaxpr, len(layout.shapes))
                nodes = without(nodes, branch_keys)
                branch_keys |= {branch.key for choice in each(nodes) for branch in choice.branches}
                programs += [(program.jaxpr, nodes)] if nodes else []
                unseen += closed
        return cls(tuple(programs), layout.shapes, evaluator, tuple(dict.fromkeys(unseen)))

    @cached_property
    def _all(self) -> tuple[tuple[Branch, Shape], ...]:
        """The branches in the order of the program, with their shapes."""
        return tuple(
            (branch, choice.shape) for choice in self._choices for branch in choice.branches
        )

    @property
    def _choices(self) -> tuple[Choice, ...]:
        return tuple(each([node for _, of_program in self.programs for node in of_program]))

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The branches, each once; those behind a guard say so."""
        if not any(choice.bounds for choice in self._choices):
            return self._named
        assert self.first is not None
        guards = self._flags(self.first)[1]
        pairs = zip(self._named, guards, strict=True)
        return tuple(replace(branch, note=GUARD) if guard else branch for branch, guard in pairs)

    @cached_property
    def _named(self) -> tuple[Branch, ...]:
        return each_once(self._all)

    @cached_property
    def shaped(self) -> dict[int, Shape]:
        """The shapes of the branches with that of a parameter array, by their numbers."""
        return shaped(self._all, self.shapes)

    def taken(self, evaluator: Evaluator, x: Float[np.ndarray, " d"] | None = None) -> Taken:
        """Returns the branches at `x`, or at the point of `evaluator`, which must come first."""
        if not self.programs:
            return Taken(np.zeros(0, bool), {})
        branches, _, flat = self._flags(evaluator, x)
        entries, start = {}, 0
        for number, shape in self.shaped.items():
            entries[number] = flat[start : start + math.prod(shape)]
            start += math.prod(shape)
        return Taken(branches, entries)

    def _flags(
        self, evaluator: Evaluator, x: Float[np.ndarray, " d"] | None = None
    ) -> list[Bool[np.ndarray, "..."]]:
        """Returns which branches are taken, which are guards, and the branches by entry."""
        extra, count = (), len(self._named)
        if self.first is not None and any(choice.ordered for choice in self._choices):
            extra = (self.first.args[0],)
        if x is None:
            flat = evaluator.run(KEY, self._program, *extra, helper=True) > 0
        else:
            flat = evaluator.run_at(KEY, x, *extra) > 0
        return np.split(flat, [count, 2 * count])

    def _program(
        self, params: PyTree, data: PyTree, direction: PyTree, *first: PyTree
    ) -> list[Array]:
        masks = self._read(_cases, params, data, direction)
        if first:
            masks = self._reordered(masks, self._read(_cases, *first, data, direction))
        taken = self._merged(masks)
        guards = self._merged(self._read(_guards, params, data, direction))
        flags = [
            [_any([jnp.any(mask) for mask in one]) for one in each] for each in (taken, guards)
        ]
        return [*map(jnp.stack, flags), *(_any(taken[number]) for number in self.shaped)]

    def _merged(self, masks: Sequence[Array]) -> list[list[Array]]:
        """Returns the masks of each branch, which may stand in several choices."""
        merged: dict[Hashable, list[Array]] = {branch.key: [] for branch in self._named}
        for (branch, _), mask in zip(self._all, masks, strict=True):
            merged[branch.key].append(mask)
        return list(merged.values())

    def _read(self, rule: "Rule", *args: PyTree) -> list[Array]:
        leaves = jax.tree.leaves(args)
        return [
            mask for jaxpr, nodes in self.programs for mask in _read(rule, jaxpr, nodes, leaves)
        ]

    def _reordered(self, here: list[Array], first: list[Array]) -> list[Array]:
        """Returns the masks, where those of orders say whether it is that of the first point."""
        orders = [
            n == 0 if c.ordered else None for c in self._choices for n, _ in enumerate(c.branches)
        ]
        return [
            mask if same is None else jnp.array_equal(mask, other) == same
            for same, mask, other in zip(orders, here, first, strict=True)
        ]


def _any(masks: list[Array]) -> Array:
    return jnp.any(jnp.stack(masks), axis=0)


Rule = Callable[[Choice, Sequence[Array]], list[Array]]
"""Function that says of each branch of a choice, by its operands, which entries it concerns."""


def _read(
    rule: Rule, program: ClosedJaxpr, nodes: Sequence[Node], args: Sequence[Array]
) -> list[Array]:
    """Returns what a rule says of each branch of a program, in the order of its choices."""
    jaxpr = program.jaxpr
    # The operands of the choices and nests: constants, arguments, or results of `part`.
    needed = dict.fromkeys(
        v for node in nodes for v in node.equation.invars if not isinstance(v, Literal)
    )
    values = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*program.consts, *args], strict=True))
    inside = [v for v in needed if v not in values]
    part = ClosedJaxpr(part_of(jaxpr, outvars=inside), program.consts)
    values |= dict(zip(inside, jaxpr_as_fun(part)(*args), strict=True))
    masks = []
    for node in nodes:
        args = [v.val if isinstance(v, Literal) else values[v] for v in node.equation.invars]
        masks += rule(node, args) if isinstance(node, Choice) else _nested(rule, node, args)
    return masks


def _guards(choice: Choice, operands: Sequence[Array]) -> list[Array]:
    """Returns whether each case of one choice is behind a guard."""
    guards = [jnp.zeros((), bool)] * len(choice.branches)
    for number, (bound, bounded) in choice.bounds.items():
        guards[number] = is_guard(operands[bound], operands[bounded], jnp)
    return guards


def _cases(choice: Choice, operands: Sequence[Array]) -> list[Array]:
    """Returns the entries that take each case of one choice."""
    equation, (first, *rest) = choice.equation, operands
    match equation.primitive.name:
        case "select_n" | "cond":
            count = len(programs_in(equation) or rest)
            return [jnp.equal(first, number) for number in range(count)]
        case "convert_element_type" | "dot_general":
            mask = operands[chooses_by(equation) or 0]
            return [~mask, mask]
        case "sort":
            order = jnp.argsort(jnp.moveaxis(first, sorted_axis(equation), -1))
            return places(order, order.shape[-1])
        case "max":
            return [jnp.greater(first, rest[0]), jnp.less(first, rest[0])]
        case "min":
            return [jnp.less(first, rest[0]), jnp.greater(first, rest[0])]
        case "clamp":
            low, high = jnp.less(rest[0], first), jnp.greater(rest[0], rest[1])
            return [low, ~(low | high), high]
        case _:
            return [jnp.less(first, 0), jnp.greater(first, 0)]


def _nested(rule: Rule, nest: Nest, operands: list[Array]) -> list[Array]:
    equation, masks = nest.equation, []
    if equation.primitive.name == "scan":
        return _in_loop(rule, nest, operands)
    if equation.primitive.name != "cond":
        return _read(rule, programs_in(equation)[0], nest.inner[0], operands)
    for number, (branch, nodes) in enumerate(zip(programs_in(equation), nest.inner, strict=True)):
        here = jnp.equal(operands[0], number)
        inside = _read(rule, branch, nodes, operands[1:])
        masks += [jnp.where(here, mask, 0) for mask in inside]
    return masks


def _in_loop(rule: Rule, nest: Nest, operands: list[Array]) -> list[Array]:
    """Returns the branches in each round of a loop, with the rounds as the first axis."""
    nodes, loop = nest.inner[0], loop_of(nest.equation)
    assert loop is not None  # its body was read
    body, (fixed, start, rows) = loop.body, divided(nest.equation, operands)

    def step(carry, x):
        inside = [*fixed, *carry, *x]
        after = jaxpr_as_fun(body)(*inside)[: len(carry)]
        return after, _read(rule, body, nodes, inside)

    return jax.lax.scan(step, start, rows, length=loop.length, reverse=loop.reverse)[1]
