"""The symmetry of the Jacobian of a gradient: uᵀJv = vᵀJu for all u and v.

Second derivatives of a smooth function do not depend on their order (H. A. Schwarz, 1873). A
field whose Jacobian is not symmetric is the gradient of no function, so that this shows faults of
a gradient without its function.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from tabulate import tabulate

from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import outcome_of
from ..._foundation.serialization import Outcome
from ..._foundation.wording import short, with_bar
from ..._model.estimate import SAFETY, Estimate
from ..._model.matrix_layout import MatrixLayout
from ...methods._extrapolation.lines import coordinate_scale
from ...methods._registry import find_method

WHOLE_JACOBIAN = 64
"""Largest number of coordinates of which the whole Jacobian is computed."""

ASYMMETRY_BLUNT = 0.1
"""Smallest asymmetry, relative to the products, that has to be seen."""


@dataclass(frozen=True)
class Products:
    """The products for one pair of directions.

    Attributes:
        forward: uᵀJv.
        backward: vᵀJu.
        bar: The error bar of their difference.
        size: The typical size of such a product: ‖u ∘ Jv‖.
    """

    forward: float
    backward: float
    bar: float
    size: float

    @property
    def difference(self) -> float:
        return self.forward - self.backward

    @property
    def differs(self) -> bool:
        return abs(self.difference) > SAFETY * self.bar


@dataclass(frozen=True)
class Asymmetry:
    """The two coordinates of the largest asymmetry.

    Attributes:
        row: The name of the first coordinate.
        column: The name of the second.
        entry: The derivative of the first entry of the gradient by the second coordinate.
        mirrored: The derivative of the second entry by the first coordinate.
    """

    row: str
    column: str
    entry: float
    mirrored: float


@dataclass(frozen=True, eq=False)
class Symmetry(Outcome):
    """Whether a vector field can be a gradient; `str` gives the products and the answer.

    Attributes:
        field: The name of the field.
        d: The number of parameters.
        answer: `symmetric`, `asymmetric`, or `undecided` if the products are too inexact.
        products: uᵀJv and vᵀJu for each pair of random directions.
        worst: The coordinates of the largest asymmetry, if there is one and they are few.
        source: How Jv is computed: by `autodiff`, or by `differences` of the field.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> result = gradcompare.symmetry(lambda x: jnp.stack([x[1], x[0]]), [1.0, 2.0])
        >>> result.ok, result.answer
        (True, 'symmetric')
    """

    field: str
    d: int
    answer: str
    products: tuple[Products, ...]
    worst: Asymmetry | None
    source: str

    _words: ClassVar[dict[str, str]] = {
        "symmetric": "its Jacobian is symmetric, as that of every gradient",
        "asymmetric": "this field is the gradient of no function",
        "undecided": "it cannot be told whether its Jacobian is symmetric",
    }

    @property
    def ok(self) -> bool:
        """Whether the field can be a gradient."""
        return self.answer == "symmetric"

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON, with the differences."""
        return super().to_dict() | {"differences": [each.difference for each in self.products]}

    @property
    def sentence(self) -> str:
        """The largest difference, in words."""
        each = max(self.products, key=lambda each: abs(each.difference) / (each.size or 1.0))
        return (
            f"uᵀJv − vᵀJu = {with_bar(each.difference, each.bar)} for random u and v, where "
            f"uᵀJv = {short(each.forward)}, J the Jacobian of the gradient by {self.source}"
        )

    def __str__(self) -> str:
        rows = [
            [short(p.forward, 6), short(p.backward, 6), with_bar(p.difference, p.bar)]
            for p in self.products
        ]
        table = tabulate(
            rows, ["uᵀJv", "vᵀJu", "difference"], "plain", disable_numparse=True
        ).splitlines()
        lines = [f"{self.field} (d = {self.d}): {self._words[self.answer]}", *table]
        lines.append(f"{self.sentence}.")
        if self.worst is not None:
            w = self.worst
            lines.append(
                f"The largest asymmetry: ∂g[{w.row}]/∂{w.column} = {short(w.entry, 6)}, but "
                f"∂g[{w.column}]/∂{w.row} = {short(w.mirrored, 6)}."
            )
        return "\n  ".join(lines)


def symmetry_of(evaluator: Evaluator, pairs: int, seed: int) -> Symmetry:
    """Returns the symmetry of the Jacobian of `objective.residuals`, a field like the parameters.

    Args:
        evaluator: The evaluator of a problem with these results.
        pairs: The number of pairs of random directions.
        seed: The seed of the directions.
    """
    problem = evaluator.problem
    rng = np.random.default_rng([seed, len(evaluator.x)])
    size = np.maximum(np.abs(evaluator.x), coordinate_scale(evaluator))
    drawn = size * rng.standard_normal((pairs, 2, len(size)))
    source, along = _along(evaluator)
    with np.errstate(all="ignore"):  # values that are not finite are part of the work
        products = tuple(_products(along, u, v) for u, v in drawn)
    answer = _answer(products)
    worst = None
    if answer == "asymmetric" and len(size) <= WHOLE_JACOBIAN:
        worst = _worst(evaluator, source)
    assert problem.results is not None
    return Symmetry(problem.objective.name, len(size), answer, products, worst, source)


Along = Callable[[Float[np.ndarray, " d"]], Estimate]


def _along(evaluator: Evaluator) -> tuple[str, Along]:
    """Returns the source of Jv, and the function that gives it."""

    def by(label: str) -> Along:
        method = find_method(label)

        def product(v: Float[np.ndarray, " d"]) -> Estimate:
            direction = evaluator.problem.layout.unflatten(v)
            problem = replace(evaluator.problem, direction=direction, quantity="jvp")
            return method.estimate(evaluator.at(problem))

        return product

    first = outcome_of(lambda: by("reverse")(evaluator.x * 0 + 1))
    if isinstance(first, Estimate) and np.all(np.isfinite(first.value)):
        return "autodiff", by("reverse")
    return "differences", by("richardson")


def _products(along: Along, u: Float[np.ndarray, " d"], v: Float[np.ndarray, " d"]) -> Products:
    by_v, by_u = along(v), along(u)
    bar = float(np.abs(u) @ by_v.error + np.abs(v) @ by_u.error)
    size = float(np.linalg.norm(u * by_v.value))
    return Products(float(u @ by_v.value), float(v @ by_u.value), bar, size)


def _answer(products: tuple[Products, ...]) -> str:
    if any(each.differs for each in products):
        return "asymmetric"
    blunt = any(
        not SAFETY * each.bar <= ASYMMETRY_BLUNT * each.size for each in products if each.size > 0
    )
    unknown = any(not math.isfinite(each.difference + each.bar) for each in products)
    return "undecided" if blunt or unknown else "symmetric"


def _worst(evaluator: Evaluator, source: str) -> Asymmetry | None:
    """Returns the two coordinates whose mixed derivatives differ most beyond their bars."""
    problem = replace(evaluator.problem, direction=None, quantity="jacobian")
    other = replace(evaluator.at(problem), cache=evaluator.cache.emptied())
    layout = problem.output
    assert isinstance(layout, MatrixLayout)
    estimate = find_method("reverse" if source == "autodiff" else "richardson").estimate(other)
    matrix, bars = layout.matrix(estimate.value), layout.matrix(estimate.error)
    size = np.maximum(np.abs(evaluator.x), coordinate_scale(evaluator))
    excess = np.abs(matrix - matrix.T) - SAFETY * (bars + bars.T)
    i, j = np.unravel_index(np.nanargmax(excess * np.outer(size, size)), excess.shape)
    if not excess[i, j] > 0:
        return None
    name = problem.layout.name
    return Asymmetry(name(int(i)), name(int(j)), float(matrix[i, j]), float(matrix[j, i]))
