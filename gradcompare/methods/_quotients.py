"""Difference quotients with one step for each coordinate, without an error bar.

    forward      (f(x + h eᵢ) − f(x)) / h              error  h/2 · f″    + 2ε|f|/h
    central      (f(x + h eᵢ) − f(x − h eᵢ)) / 2h      error  h²/6 · f‴   +  ε|f|/h
    richardson   (4 C(h/2) − C(h)) / 3, C central      error  h⁴/480 · f⁽⁵⁾ + 3ε|f|/h
    complex-step  Im f(x + ih eᵢ) / h                  error  h²/6 · f‴, for an analytic f

The sum of truncation and rounding error is least at h ∝ ε^(1/2), ε^(1/3) and ε^(1/5), where ε is
the unit of rounding; h is in proportion to max(|xᵢ|, 1) (Dennis & Schnabel, Numerical Methods for
Unconstrained Optimization, 1983, section 5.4; Press et al., Numerical Recipes, 3rd ed. 2007,
section 5.7). The difference is divided by the effective step, (x + h) − x. In the complex step
nothing cancels, and h is so small that no error is left.

The formulas take NumPy vectors and traced ones alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._evaluation.near.chunks import values_at
from .._foundation.errors import InputError

Vector: TypeAlias = Float[Array | np.ndarray, " k"]

Values: TypeAlias = Callable[..., Sequence[Vector]]
"""`values(*rows)`: for each row of numbers, f at x with its entry i replaced by `row[i]`, for
every i. All rows are evaluated together."""


IMAGINARY_STEP = 1e-20
"""The step of the complex step."""


@dataclass(frozen=True)
class Formula:
    """One way to a quotient.

    Attributes:
        order: The power of h in the truncation error.
        quotients: `quotients(values, x, below, above)`, for steps backwards and forwards.
        evaluations: `evaluations(d)`, the number of values of f for d coordinates.
        imaginary: Whether the steps leave the real line.
    """

    order: int
    quotients: Callable[[Values, Vector, Vector, Vector], Vector]
    evaluations: Callable[[int], int]
    imaginary: bool = False

    def step(self, size: Vector, epsilon: float, fixed: float | None) -> Vector:
        """Returns h for coordinates of this size, where ε is `epsilon`; the fixed one if given."""
        if self.imaginary and fixed is None:
            fixed = IMAGINARY_STEP
        return epsilon ** (1 / (self.order + 1)) * size if fixed is None else fixed + 0 * size

    def require_fitting(self, values: Vector) -> None:
        """Checks the type of the values of f.

        Raises:
            InputError: if f drops the imaginary part of its argument.
        """
        if self.imaginary and not jnp.iscomplexobj(values):
            raise InputError(
                "the value of a complex argument is real, so it is not analytic; give another "
                "method"
            )


def numpy_of(vector: Vector):
    """Returns the module whose functions a vector needs."""
    return jnp if isinstance(vector, jax.Array) else np


def traced_values(f: Callable[[Array], Array], x: Float[Array, " d"], chunk: int) -> Values:
    """Returns the values of a traced function, a chunk of points at a time."""

    def values(*rows):
        entries = jnp.concatenate(rows)
        indices = jnp.concatenate([jnp.arange(len(row)) for row in rows])
        together = values_at(f, x.astype(entries.dtype), indices, entries, chunk)
        return jnp.split(together, np.cumsum([len(row) for row in rows])[:-1])

    return values


def _forward(values, x, below, above):
    moved = numpy_of(x).where(above >= below, x + above, x - below)
    # f(x) is one more point of the same batch. A program of its own could differ in the last
    # place, and a coordinate that f ignores would not get the derivative 0.
    right, centre = values(moved, x[:1])
    return (right - centre) / (moved - x)


def _central(values, x, below, above):
    down, up = x - below, x + above
    right, left = values(up, down)
    return (right - left) / (up - down)


def _richardson(values, x, below, above):
    down, up, lower, upper = x - below, x + above, x - below / 2, x + above / 2
    far_right, far_left, right, left = values(up, down, upper, lower)
    wide, narrow = (far_right - far_left) / (up - down), (right - left) / (upper - lower)
    return (4 * narrow - wide) / 3


def _complex_step(values, x, below, above):
    (moved,) = values(x + 1j * above)
    return moved.imag / above


FORWARD = Formula(1, _forward, lambda d: d + 1)
CENTRAL = Formula(2, _central, lambda d: 2 * d)
RICHARDSON = Formula(4, _richardson, lambda d: 4 * d)
COMPLEX_STEP = Formula(2, _complex_step, lambda d: d, imaginary=True)

FORMULAS = {
    "forward": FORWARD,
    "central": CENTRAL,
    "richardson": RICHARDSON,
    "complex-step": COMPLEX_STEP,
}
"""The formulas by the names of their methods."""
