"""One term of an objective dropped, doubled or mistaken, with the truth read off its source.

In the source of the module of an objective, every operand t of + and - is replaced by c t with a
number c of its own, and the module is executed under another name. The operands of which value and
gradient are linear functions, f(c) = f + (c - 1) T with ∇T ≠ 0, are the additive terms of the
objective. The mutated gradient is that of autodiff; the check knows nothing of it.

The place of a term is that of its operand; of a name, also of where the name is assigned. Where
two operands have the same ∇T, both places are right.
"""

import ast
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
from gradient_faults import Fault
from names import proportion, same
from scenes import Row, Scene

from gradcompare import Objective
from gradcompare._precision import FLOAT64, precision_scope
from gradcompare._registry import shipped_modules

FACTORS = {
    "x0": 0.0, "x2": 2.0, "x1/2": 0.5, "x-1": -1.0, "x1.01": 1.01, "x(1+1e-4)": 1 + 1e-4,
}  # fmt: skip

TRACED = ("x0", "x2", "x1/2", "x-1")
"""For these, the line is asked for."""

LINEAR, ROUNDING = 1e-9, 1e-13
"""So far may value and gradient be from linear functions of c, relative to change and size."""

PART, FACTORS_HERE, USED = "__part__", "__factors__", "__used__"
"""Names in the mutated module that no objective has."""


@dataclass(frozen=True)
class Term:
    """One additive term of an objective.

    Attributes:
        number: Which operand of the module it is.
        text: How it is written.
        lines: Where that is.
    """

    number: int
    text: str
    lines: frozenset[int]


@dataclass(frozen=True, eq=False)
class Mutated:
    """An objective with a number before every operand of its module, and its terms."""

    objective: Objective
    file: str
    module: ModuleType
    numbers: tuple[int, ...]
    terms: tuple[Term, ...]

    @functools.cached_property
    def parts(self):
        """`parts(params, data)`: for each term, what twice the term adds to the gradient."""
        places = [self.numbers.index(term.number) for term in self.terms]

        def parts(params, data):
            one = jnp.ones(len(self.numbers))
            doubled = jnp.stack([one, *(one.at[k].set(2.0) for k in places)])
            found = jax.lax.map(lambda c: value_and_gradient(self, c, params, data), doubled)
            return found[1:, 1:] - found[0, 1:]

        return jax.jit(parts)


class Marker(ast.NodeTransformer):
    """Replaces every operand of + and - by a call, and keeps where it stands."""

    def __init__(self) -> None:
        self.operands: list[ast.expr] = []
        self.spans: list[set[int]] = []
        self.assigned: dict[str, set[int]] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self.assigned = self.assigned, {}
        for part in ast.walk(node):
            if isinstance(part, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
                targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                for name in (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)):
                    self.assigned.setdefault(name.id, set()).update(lines_of(part))
        self.generic_visit(node)
        self.assigned = outer
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        written = (node.left, node.right)
        texts = [ast.unparse(side) for side in written]
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            node.left = self._marked(node.left, written[0], texts[0])
            node.right = self._marked(node.right, written[1], texts[1])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        written, text = node.value, ast.unparse(node.value)
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            node.value = self._marked(node.value, written, text)
        return node

    def _marked(self, operand: ast.expr, written: ast.expr, text: str) -> ast.expr:
        spans = lines_of(written)
        if isinstance(written, ast.Name):
            spans |= self.assigned.get(written.id, set())
        self.operands.append(text)
        self.spans.append(spans)
        number = ast.Constant(len(self.operands) - 1)
        call = ast.Call(ast.Name(PART, ast.Load()), [number, operand], [])
        return ast.copy_location(call, written)


def lines_of(node: ast.AST) -> set[int]:
    return set(range(node.lineno, node.end_lineno + 1))


@functools.cache
def mutated(objective: Objective) -> Mutated | None:
    """The objective in a module where every operand has a number, or None where that fails."""
    home = [m for m in shipped_modules() if objective in m.OBJECTIVES]
    if not home:
        return None
    marker, module = _executed(home[0])
    (found,) = (o for o in module.OBJECTIVES if o.name == objective.name)
    params, data = objective.make(np.random.default_rng(0), objective.sizes[0])
    getattr(module, USED).clear()
    with precision_scope(FLOAT64):
        jax.eval_shape(jax.grad(found.value), params, data)
    numbers = tuple(sorted(getattr(module, USED)))
    terms = tuple(Term(n, marker.operands[n], frozenset(marker.spans[n])) for n in numbers)
    every = Mutated(found, home[0].__file__, module, numbers, terms)
    return replace(every, terms=tuple(_linear(every, params, data)) if numbers else ())


def _executed(original: ModuleType) -> tuple[Marker, ModuleType]:
    """The module with numbers before its operands; `factors` holds them, `used` is what ran."""
    path = Path(original.__file__)
    marker = Marker()
    tree = ast.fix_missing_locations(marker.visit(ast.parse(path.read_text("utf-8"))))
    module = ModuleType(f"{original.__name__}_mutated")
    module.__package__ = original.__package__
    factors, used = {}, set()

    def part(number, operand):
        if not (isinstance(operand, jax.Array) and jnp.issubdtype(operand.dtype, jnp.floating)):
            return operand
        used.add(number)
        return factors.get(number, 1.0) * operand

    vars(module).update({PART: part, FACTORS_HERE: factors, USED: used})
    sys.modules[module.__name__] = module  # NamedTuples and dataclasses look it up
    exec(compile(tree, str(path), "exec"), vars(module))
    return marker, module


def value_and_gradient(mutation: Mutated, c, params, data):
    """Value and flat gradient with the numbers c before the operands."""
    factors = getattr(mutation.module, FACTORS_HERE)
    factors.update(zip(mutation.numbers, c, strict=True))
    try:
        value, slope = jax.value_and_grad(mutation.objective.value)(params, data)
    finally:
        factors.clear()
    return jnp.concatenate([value[None], *map(jnp.ravel, jax.tree.leaves(slope))])


def _linear(every: Mutated, params, data) -> Iterator[Term]:
    """The operands in which value and gradient are linear, and on which the gradient depends."""
    sizes = (0.0, 0.5, 1.0, 2.0, 3.0)

    def sweep(params, data):
        one = jnp.ones(len(every.numbers))
        rows = jnp.stack([one.at[k].set(c) for k in range(len(one)) for c in sizes])
        return jax.lax.map(lambda c: value_and_gradient(every, c, params, data), rows)

    points = [params, *(_moved(params, seed) for seed in (1, 2))]
    with precision_scope(FLOAT64):
        compiled = jax.jit(sweep)
        found = np.stack([np.asarray(compiled(p, data)) for p in points], axis=1)
    for term, rows in zip(every.terms, np.split(found, len(every.terms)), strict=True):
        gradients = rows[:, :, 1:]
        scale = np.abs(gradients[3] - gradients[2]).max()
        depends = scale > LINEAR * np.abs(gradients[2]).max()
        if depends and _is_linear(rows[:, :, 0], sizes) and _is_linear(gradients, sizes):
            yield term


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


def term_faults(scene: Scene) -> Iterator[tuple[Fault, str, frozenset[int]]]:
    """Yields the faults of every term, with the file and the lines that are right."""
    mutation = mutated(scene.objective)
    if mutation is None or not mutation.terms or not scene.objective.convention.plain:
        return

    @functools.cache
    def parts(row: Row) -> np.ndarray:
        with precision_scope(FLOAT64):
            return np.asarray(mutation.parts(scene.layout.unflatten(row.x), row.data))

    at_points = np.stack([parts(rows[0]) for rows in scene.spots], axis=1)
    for k, term in enumerate(mutation.terms):
        if proportion(at_points[k], scene.g) is not None:
            continue  # it is all there is
        twins = zip(mutation.terms, at_points, strict=True)
        lines = frozenset().union(*(t.lines for t, p in twins if same(p, at_points[k])))
        for name, c in FACTORS.items():

            def change(row, k=k, c=c):
                return row.g + (c - 1) * parts(row)[k]

            fault = Fault(f"{name} on `{term.text}`", ("term",), change, "term")
            yield fault, mutation.file, lines
