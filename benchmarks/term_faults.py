"""One term of an objective dropped, doubled or mistaken; the source gives its true place.

In the source of an objective's module, every operand t of + and - is replaced by c t, with a
factor c of its own, and the module is executed under another name. An operand is an additive term
of the objective if value and gradient are linear in c: f(c) = f + (c - 1) T with ∇T ≠ 0. The
mutated gradient is that of autodiff; the check knows nothing of it.

If all of ∇T comes through the operand, it is a term of a sum. Otherwise it is a summand of a
factor, as y in (y + a) g(θ), and counted apart.

The place of a term is that of its operand. For a name, the assignment counts too; for a call of a
function of the module, also what that returns. If two operands have the same ∇T, both places are
right.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
from gradient_faults import Fault
from jaxtyping import Float
from names import proportion, same
from operands import FACTORS_HERE, GATES, USED, executed
from planting import batch_rows
from scenes import Change, Row, Scene

from gradcompare import Objective
from gradcompare._api.registry import shipped_modules
from gradcompare._foundation.precision import FLOAT64, precision_scope

FACTORS = {
    "x0": 0.0, "x2": 2.0, "x1/2": 0.5, "x-1": -1.0, "x1.01": 1.01, "x(1+1e-4)": 1 + 1e-4,
}  # fmt: skip

TRACED = ("x0", "x2", "x1/2", "x-1")
"""Faults for which a source line is expected."""

LINEAR, ROUNDING = 1e-9, 1e-13
"""Largest deviation from a linear function of c, relative to the change and to the size."""


@dataclass(frozen=True)
class Term:
    """One additive term of an objective.

    Attributes:
        number: The number of the operand in the module.
        text: Its source text.
        lines: Its source lines.
        alone: Whether its whole part of the gradient comes through the operand; false for a
            summand of a factor, where a product is a sum of products.
    """

    number: int
    text: str
    lines: frozenset[int]
    alone: bool = True


@dataclass(frozen=True, eq=False)
class Mutated:
    """An objective with a factor before every operand of its module, and its terms."""

    objective: Objective
    file: str
    module: ModuleType
    numbers: tuple[int, ...]
    terms: tuple[Term, ...]

    @functools.cached_property
    def parts(self):
        """`parts(params, data)` returns the gradient of each term."""
        places = [self.numbers.index(term.number) for term in self.terms]

        def parts(params, data):
            one = jnp.ones(len(self.numbers))
            doubled = jnp.stack([one, *(one.at[k].set(2.0) for k in places)])
            outputs = jax.lax.map(lambda c: value_and_gradient(self, c, params, data), doubled)
            return outputs[1:, 1:] - outputs[0, 1:]

        return jax.jit(parts)


@functools.cache
def mutated(objective: Objective) -> Mutated | None:
    """Returns the objective with a factor before every operand, or None if it is not shipped."""
    home = [m for m in shipped_modules() if objective in m.OBJECTIVES]
    if not home:
        return None
    marker, module = executed(home[0])
    (copy,) = (o for o in module.OBJECTIVES if o.name == objective.name)
    params, data = objective.make(np.random.default_rng(0), objective.sizes[0])
    getattr(module, USED).clear()
    with precision_scope(FLOAT64):
        jax.eval_shape(jax.grad(copy.value), params, data)
    numbers = tuple(sorted(getattr(module, USED)))
    terms = tuple(Term(n, marker.operands[n], frozenset(marker.spans[n])) for n in numbers)
    every = Mutated(copy, home[0].__file__, module, numbers, terms)
    return replace(every, terms=tuple(_linear(every, params, data)) if numbers else ())


def value_and_gradient(mutation: Mutated, c, params, data, where: str = FACTORS_HERE):
    """Returns value and flat gradient with the factors c before the operands, or in the gates."""
    factors = getattr(mutation.module, where)
    factors.update(zip(mutation.numbers, c, strict=True))
    try:
        value, slope = jax.value_and_grad(mutation.objective.value)(params, data)
    finally:
        factors.clear()
    return jnp.concatenate([value[None], *map(jnp.ravel, jax.tree.leaves(slope))])


def _linear(every: Mutated, params, data) -> Iterator[Term]:
    """Yields the operands in which value and gradient are linear, if the gradient has them."""
    sizes = (0.0, 0.5, 1.0, 2.0, 3.0)

    def sweep(params, data):
        one = jnp.ones(len(every.numbers))
        rows = jnp.stack([one.at[k].set(c) for k in range(len(one)) for c in sizes])
        shut = jnp.stack([one.at[k].set(0.0) for k in range(len(one))])
        return (
            jax.lax.map(lambda c: value_and_gradient(every, c, params, data), rows),
            jax.lax.map(lambda s: value_and_gradient(every, s, params, data, GATES), shut),
        )

    points = [params, *(_moved(params, seed) for seed in (1, 2))]
    with precision_scope(FLOAT64):
        compiled = jax.jit(sweep)
        swept = [jax.device_get(compiled(p, data)) for p in points]
    outputs, shut = (np.stack(part, axis=1) for part in zip(*swept, strict=True))
    for term, rows, without in zip(
        every.terms, np.split(outputs, len(every.terms)), shut, strict=True
    ):
        gradients = rows[:, :, 1:]
        scale = np.abs(gradients[3] - gradients[2]).max()
        depends = scale > LINEAR * np.abs(gradients[2]).max()
        if depends and _is_linear(rows[:, :, 0], sizes) and _is_linear(gradients, sizes):
            through, part = gradients[2] - without[:, 1:], gradients[3] - gradients[2]
            yield replace(term, alone=bool(np.abs(through - part).max() <= LINEAR * scale))


def _is_linear(rows: np.ndarray, sizes: tuple[float, ...]) -> bool:
    once, part = rows[2], rows[3] - rows[2]
    allowed = LINEAR * np.abs(part).max() + ROUNDING * np.abs(once).max()
    off = [np.abs(once + (c - 1) * part - row) for c, row in zip(sizes, rows, strict=True)]
    return bool(np.all(np.array(off) <= allowed))


def _moved(params, seed: int):
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda leaf: leaf * (1 + 0.1 * rng.standard_normal(np.shape(leaf))), params
    )


class Terms:
    """The terms of the objective of a scene, and the gradient of each."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.mutation = scene, mutated(scene.objective)
        self.terms = self.mutation.terms if self.mutation else ()
        if not scene.objective.convention.plain:
            self.terms = ()
        self.parts = functools.cache(self._parts)

    def _parts(self, row: Row) -> Float[np.ndarray, "k d"]:
        with precision_scope(FLOAT64):
            params = self.scene.layout.unflatten(row.x)
            return np.asarray(self.mutation.parts(params, row.data))

    @functools.cached_property
    def at_points(self) -> Float[np.ndarray, "k p d"]:
        if not self.terms:
            return np.empty((0, *self.scene.x.shape))
        return np.stack([self.parts(rows[0]) for rows in self.scene.spots], axis=1)

    def faults(self) -> Iterator[tuple[Fault, str, tuple[int, ...]]]:
        """Yields the faults of every term, with the file and the lines that are right."""
        rows = batch_rows(self.scene)
        factors = FACTORS | ({"x1/rows": 1 / rows} if rows > 1 else {})
        for k, (term, part) in enumerate(zip(self.terms, self.at_points, strict=True)):
            if proportion(part, self.scene.g) is not None:
                continue  # the objective has no other term
            twins = zip(self.terms, self.at_points, strict=True)
            lines = set().union(*(t.lines for t, p in twins if same(p, part)))
            for name, c in factors.items():
                group = "term" if term.alone else "summand of a factor"
                fault = Fault(f"{name} on `{term.text}`", ("term",), self._times(k, c), group)
                yield fault, Path(self.mutation.file).name, tuple(sorted(lines))

    def _times(self, k: int, c: float) -> Change:
        return lambda row: row.g + (c - 1) * self.parts(row)[k]
