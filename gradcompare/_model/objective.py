"""An objective, and an objective at one point with its data: what methods differentiate."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .._foundation.errors import InputError, require_between
from .._foundation.layout import PyTree
from .convention import PLAIN, Convention
from .verdict import Verdict

Params = PyTree
Data = PyTree
Quantity = Literal["gradient", "directional", "jacobian", "jvp", "hessian", "hvp"]
"""Kinds of derivatives: of a scalar, of a function with several results, and second ones."""


FUNCTIONS = (
    *("gradient", "directional", "hvp", "hessian", "residuals", "jacobian", "jvp"),
    *("special", "reference", "other"),
)
"""The fields of an objective that hold a function or nothing."""


@dataclass(frozen=True)
class Objective:
    """A scalar function of parameters, with its hand-written derivatives.

    Attributes:
        name: Its name in tables and on the command line.
        value: `value(params, data)`, a scalar, in JAX operations.
        make: `make(rng, size)` returns `(params, data)` as NumPy arrays: `rng` is a
            `numpy.random.Generator`, `size` one of `sizes` or any other positive integer
            that the objective can take. The same seed and size give the same arrays.
        gradient: `gradient(params, data)`, derived by hand, in the structure of `params`.
        directional: `directional(params, direction, data)`, the derivative along
            `direction`, derived by hand. Without it, the gradient times the direction is used.
        hvp: `hvp(params, direction, data)`, the Hessian times `direction`, derived by hand, in
            the structure of `params`.
        hessian: `hessian(params, data)`, derived by hand, in the structure of `jax.hessian`.
        residuals: `residuals(params, data)`, a pytree of arrays, whose Jacobian is derived.
        jacobian: `jacobian(params, data)`, the derivative of `residuals` by hand, in the
            structure of `jax.jacobian`.
        jvp: `jvp(params, direction, data)`, the Jacobian of `residuals` times `direction`.
        sizes: The sizes worth running; the first is the default.
        special: `special(params)` returns further points worth testing beside the one that
            `make` returned, by their names: tails, ties, a minimum.
        lower: The lower bounds of the parameters: a number, or a pytree of numbers or arrays
            in the structure of the parameters or of their first levels. The objective is never
            evaluated outside.
        upper: The upper bounds, likewise.
        family: Its group in the list of objectives.
        tags: Its uses: "kink", "ill-conditioned", "log-parameters".
        source: The source of the formulas: a paper, a book, an equation.
        convention: The convention of the hand-written derivatives, if not the plain one.
        reference: `reference(params, data)`, an independent implementation of the value.
        expected: The verdict of a comparison, for an objective that is known to deceive one
            of the sources.
        accuracy: The largest relative error of a derivative that is accepted, as where `value`
            stops at a tolerance; None if only rounding is.
        other: `other(params, data)`, a second derivative of your own in the structure and the
            convention of `gradient`, which votes as a further source.

    Raises:
        InputError: if a field cannot be used as described.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> distance = gradcompare.Objective(
        ...     name="distance",
        ...     value=lambda params, data: jnp.sum((params - data) ** 2),
        ...     make=lambda rng, size: (rng.standard_normal(size), rng.standard_normal(size)),
        ...     gradient=lambda params, data: 2 * (params - data),
        ...     sizes=(3, 100),
        ... )
        >>> gradcompare.compare(distance, points=1, timing=False).verdict.name
        'AGREE'
    """

    name: str
    value: Callable[[Params, Data], PyTree]
    make: Callable[[np.random.Generator, int], tuple[Params, Data]]
    gradient: Callable[[Params, Data], Params] | None = None
    directional: Callable[[Params, Params, Data], PyTree] | None = None
    sizes: tuple[int, ...] = (10,)
    hvp: Callable[[Params, Params, Data], Params] | None = None
    hessian: Callable[[Params, Data], PyTree] | None = None
    residuals: Callable[[Params, Data], PyTree] | None = None
    jacobian: Callable[[Params, Data], PyTree] | None = None
    jvp: Callable[[Params, Params, Data], PyTree] | None = None
    special: Callable[[Params], Mapping[str, Params]] | None = None
    lower: PyTree = -math.inf
    upper: PyTree = math.inf
    family: str = ""
    tags: tuple[str, ...] = ()
    source: str = ""
    convention: Convention = PLAIN
    reference: Callable[[Params, Data], PyTree] | None = None
    expected: Verdict = Verdict.AGREE
    accuracy: float | None = None
    other: Callable[[Params, Data], Params] | None = None

    def __post_init__(self):
        if not self.name or any(letter.isspace() or letter == ":" for letter in self.name):
            raise InputError(
                f"an objective is called {self.name!r}; give it a name without spaces or colons"
            )
        for field in ("value", "make"):
            self._require_callable(field)
        for field in FUNCTIONS:
            if getattr(self, field) is not None:
                self._require_callable(field)
        if not self.sizes or not all(isinstance(s, int) and s > 0 for s in self.sizes):
            raise InputError(
                f"objective {self.name!r} has sizes {self.sizes!r}; "
                "give a tuple of positive integers, the default first"
            )

        if self.accuracy is not None:
            advice = "the largest relative error that you accept, such as 1e-6"
            require_between(f"the accuracy of {self.name}", self.accuracy, 0, 1, advice)

    def _require_callable(self, field: str) -> None:
        if not callable(getattr(self, field)):
            raise InputError(
                f"objective {self.name!r} has {field}={getattr(self, field)!r}; give a function"
            )

    @property
    def formula(self) -> str:
        """The first line of the docstring of `value`, or nothing."""
        return (self.value.__doc__ or "").strip().partition("\n")[0]
