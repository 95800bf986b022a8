"""A function of single numbers at many of them: differences sort out what needs many digits."""

import importlib.util
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Bool, Float

from ..._introspection.jaxprs import equations
from .confirmation import claims_at, faults_of
from .inputs.call import Call, differentiable
from .inputs.points import is_ordinary, numbers, scalar_points, thresholds, traced
from .inputs.targets import Named
from .result import Fault

if TYPE_CHECKING:
    from .truth.curves import Digits

AGREES = 1e-8
"""Relative distance of extrapolated differences from autodiff that needs no further look."""

STEP = 1e-3

BESIDE = 1e-12
"""Relative distance of the numbers beside a point."""

CONFIRMED, COSTLY = 60, 16
"""The most points of one function that are computed with many digits, by all arguments together;
and where it holds a special function, which takes a thousand times as long."""


@dataclass(frozen=True, eq=False)
class Scalars:
    """A function of single numbers, with its compiled programs.

    Attributes:
        named: The function and its name.
        call: The way to call it.
        seed: The seed of the points.
        limit: The largest number that is tried, and the inverse of the smallest.
    """

    named: Named
    call: Call
    seed: int
    limit: float = math.inf

    @cached_property
    def values(self) -> Callable[..., np.ndarray]:
        """The values at the rows of an array."""
        batch = jax.jit(jax.vmap(lambda row: self.call.value(*row)))
        return lambda points: np.asarray(batch(points))

    @cached_property
    def refusals(self) -> dict[int, str]:
        """Why autodiff refuses an argument, by its number; empty where it does not."""
        return differentiable(self.call)

    @cached_property
    def moved(self) -> list[int]:
        """The numbers of the arguments with a derivative."""
        return [n for n, reason in self.refusals.items() if not reason]

    @cached_property
    def gradients(self) -> Callable[..., np.ndarray]:
        """The derivatives by all of `moved`, at the rows of an array."""
        one = jax.grad(lambda *row: self.call.value(*row), argnums=tuple(self.moved))
        batch = jax.jit(jax.vmap(lambda row: one(*row)))
        return lambda points: np.stack([np.asarray(g) for g in batch(points)], axis=1)

    @cached_property
    def most(self) -> int:
        """The number of points that are computed with many digits."""
        if importlib.util.find_spec("mpmath") is None:
            return COSTLY
        from .truth.operations import SPECIAL

        program = traced(self.call.value, *self.call.examples)
        used = {equation.primitive.name for equation in equations(program.jaxpr)}
        return CONFIRMED if used.isdisjoint(SPECIAL) else COSTLY

    @cached_property
    def forms(self) -> list["Digits"]:
        """The forms of the function that have many digits, the best first."""
        if importlib.util.find_spec("mpmath") is None:
            return []
        from .truth.curves import Digits
        from .truth.named import named

        program = traced(self.call.value, *self.call.examples)
        forms = [Digits.of_program(program)]
        candidate = named(self.named.name.rpartition(".")[2])
        if candidate is not None and self.call.is_single:
            form = Digits.of_numbers(self._with_order(candidate))
            forms = [form, *forms] if self._is_same(form) else forms
        return forms

    def _with_order(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *numbers: function(*self.call.whole(numbers))

    def _is_same(self, form: "Digits") -> bool:
        """Whether a form has the values of the function at ordinary points."""
        count = len(self.call.moved)
        points = np.random.default_rng(self.seed).uniform(0.1, 3, (8, count))
        points[1::2] = points[1::2] % 1
        values = self.values(points)
        try:
            others = [form.at(row.tolist()) for row in points]
        except TypeError:  # it takes another number of arguments
            return False
        pairs = list(zip(values, others, strict=True))
        pairs = [(a, b) for a, b in pairs if np.isfinite(a) and np.isfinite(b)]
        return len(pairs) >= 3 and all(np.isclose(a, b, rtol=1e-9, atol=1e-12) for a, b in pairs)

    def batches(self) -> Iterator[tuple[int, Float[np.ndarray, "n k"]]]:
        """Yields the points at which each argument is moved, with its place in `moved`."""
        program = traced(self.call.value, *self.call.examples)
        values = numbers(self.seed, thresholds(program))
        sizes = np.abs(values)
        values = values[(sizes == 0) | ((sizes <= self.limit) & (sizes >= 1 / self.limit))]
        for place, number in enumerate(self.moved):
            yield place, scalar_points(len(self.call.moved), number, values)

    def one(self, point: Sequence[float], number: int) -> float:
        """Returns the derivative at one point, as a user would ask for it."""
        return float(jax.grad(self.call.value, argnums=number)(*map(float, point)))


def examine(
    named: Named, call: Call, seed: int, limit: float = math.inf
) -> tuple[int, int, list[Fault], list[str]]:
    """Returns the numbers of points and of those confirmed, the faults, and notes."""
    scalars = Scalars(named, call, seed, limit)
    names = [call.names[n] for n in call.moved]
    notes = [f"{names[n]}: {reason}" for n, reason in scalars.refusals.items() if reason]
    total, confirmed, faults = 0, 0, []
    for place, points in scalars.batches():
        values = scalars.values(points)
        gradient = scalars.gradients(points)[:, place]
        number = scalars.moved[place]
        finite = np.isfinite(values) & _is_inside(scalars, points, number)
        suspicious = finite & ~_agrees(scalars, points, number, gradient)
        usual = _usual(gradient[finite & is_ordinary(points[:, number])])
        order = _spread(suspicious, points[:, number], scalars.most // len(scalars.moved))
        claims, seen = claims_at(scalars, points, number, (values, gradient), order, usual)
        total, confirmed = total + int(finite.sum()), confirmed + seen
        faults += faults_of(scalars, names[number], number, claims)
    return total, confirmed, faults, notes


def _usual(gradient: Float[np.ndarray, " n"]) -> float:
    """Returns the usual size of a derivative."""
    sizes = np.abs(gradient[np.isfinite(gradient) & (gradient != 0)])
    return float(np.median(sizes)) if len(sizes) else 1.0


def _spread(
    suspicious: Bool[np.ndarray, " n"], x: Float[np.ndarray, " n"], most: int
) -> list[int]:
    """Returns the numbers of suspicious points, as many as are confirmed, of all sizes."""
    found = np.flatnonzero(suspicious)
    if len(found) > most:
        found = found[np.argsort(x[found], kind="stable")]
        found = found[np.linspace(0, len(found) - 1, most).astype(int)]
    return [int(n) for n in found]


def _is_inside(scalars: Scalars, points: np.ndarray, number: int) -> Bool[np.ndarray, " n"]:
    """Whether the value is finite on both sides too: there is no derivative at an end."""
    x = points[:, number]
    inside = np.ones(len(x), dtype=bool)
    for step in (BESIDE, -BESIDE):
        there = points.copy()
        there[:, number] = np.where(x == 0, step, x * (1 + step))
        inside &= np.isfinite(scalars.values(there))
    return inside


def _agrees(
    scalars: Scalars, points: np.ndarray, number: int, gradient: np.ndarray
) -> Bool[np.ndarray, " n"]:
    """Whether extrapolated differences agree with autodiff, and among themselves."""
    x = points[:, number]
    steps = STEP * np.where(x == 0, 1.0, np.abs(x))
    quotients = []
    for h in (steps, steps / 2, steps / 4):
        sides = []
        for moved in (x + h, x - h):
            there = points.copy()
            there[:, number] = moved
            sides.append((scalars.values(there), moved))
        (above, right), (below, left) = sides
        quotients.append((above - below) / (right - left))
    once = [(4 * b - a) / 3 for a, b in itertools.pairwise(quotients)]
    best = (16 * once[1] - once[0]) / 15
    allowed = AGREES * np.abs(best)
    return (np.abs(best - once[1]) <= allowed) & (np.abs(gradient - best) <= allowed)
