"""An objective, and an objective at one point with its data: what methods differentiate."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import jax
import numpy as np
from jaxtyping import Float

from .._foundation.errors import InputError
from .._foundation.layout import Layout, MatrixLayout, PyTree
from .convention import PLAIN, Convention, symmetric_parts
from .manifold.retraction import Retraction
from .verdict import Verdict

Params = PyTree
Data = PyTree
Quantity = Literal["gradient", "directional", "jacobian", "jvp", "hessian", "hvp"]
"""Kinds of derivatives: of a scalar, of a function with several results, and second ones."""


FUNCTIONS = (
    *("gradient", "directional", "hvp", "hessian", "residuals", "jacobian", "jvp"),
    *("special", "reference"),
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

        if self.accuracy is not None and not 0 < self.accuracy < 1:
            raise InputError(
                f"the accuracy of {self.name} is {self.accuracy!r}; give the largest relative "
                "error that you accept, such as 1e-6"
            )

    def _require_callable(self, field: str) -> None:
        if not callable(getattr(self, field)):
            raise InputError(
                f"objective {self.name!r} has {field}={getattr(self, field)!r}; give a function"
            )

    @property
    def formula(self) -> str:
        """The first line of the docstring of `value`, or nothing."""
        return (self.value.__doc__ or "").strip().partition("\n")[0]


DIRECTIONAL_NAME = "f'(x; u)"
"""Name of the only entry of a directional derivative."""


@dataclass(frozen=True, eq=False)
class Problem:
    """An objective with one point and its data, on the host.

    Attributes:
        objective: The function and its hand-written derivatives.
        params: The point, a pytree of NumPy float64 arrays.
        data: All other arguments of `value`, a pytree.
        layout: The layout of the parameters in a flat vector.
        label: The name of the point in the report.
        direction: The direction of a directional derivative or of a product, in the structure of
            `params`; None for the others.
        quantity: The kind of derivative.
        results: The layout of the results of `objective.residuals`; None if they play no part.
        retraction: The user's r, if `params` is a tangent vector v = 0; the data are a pair then,
            of those of the user's function and its point x.
    """

    objective: Objective
    params: Params
    data: Data
    layout: Layout
    label: str
    direction: Params | None = None
    quantity: Quantity = "gradient"
    results: Layout | None = None
    retraction: Retraction | None = None

    def moved(self, x: Float[np.ndarray, " d"], label: str) -> "Problem":
        """Returns the same problem at another point, made symmetric if the convention is."""
        if self.objective.convention.symmetric:
            x = symmetric_parts(x, self.layout)
        params = self.layout.unflatten(x)
        if self.retraction is None:
            return replace(self, params=params, label=label)
        others, point = self.data
        return replace(self, data=(others, self.retraction.moved(point, params)), label=label)

    @cached_property
    def unit(self) -> Float[np.ndarray, " d"]:
        """The length of each coordinate where it is zero, and tells none itself."""
        if self.retraction is None:
            return np.ones(self.layout.size)
        return self.retraction.unit(self.data[1], self.layout)

    @cached_property
    def bounds(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        """The lower and the upper bound of each coordinate.

        Raises:
            InputError: if the bounds do not fit the parameters, or a lower exceeds an upper one.
        """
        lower, upper = self._spread("lower"), self._spread("upper")
        crossed = np.flatnonzero(lower > upper)
        if crossed.size:
            i = int(crossed[0])
            raise InputError(
                f"the lower bound of {self.objective.name} is above the upper: {lower[i]} and "
                f"{upper[i]} at {self.layout.name(i)}; give the lower first"
            )
        if self.objective.convention.wrt == "log":
            lower = np.maximum(lower, np.finfo(np.float64).tiny)
        return lower, upper

    def _spread(self, name: str) -> Float[np.ndarray, " d"]:
        def over(bound, part):
            return jax.tree.map(lambda leaf: np.broadcast_to(bound, np.shape(leaf)), part)

        bound = getattr(self.objective, name)
        try:
            return self.layout.flatten(jax.tree.map(over, bound, self.params))
        except ValueError as error:
            raise InputError(
                f"the {name} bounds of {self.objective.name} do not fit its parameters "
                f"({error}); give a number, or a pytree like the parameters"
            ) from error

    @property
    def output(self) -> Layout:
        """The layout of the estimate in a flat vector."""
        match self.quantity:
            case "gradient" | "hvp":
                return self.layout
            case "hessian":
                return MatrixLayout.by(self.layout, self.layout, ", ")
            case "directional":
                return Layout.of(0.0, root=DIRECTIONAL_NAME)
        assert self.results is not None
        if self.quantity == "jvp":
            return self.results
        return MatrixLayout.by(self.results, self.layout)

    @property
    def function(self) -> Callable[[Params, Data], PyTree] | None:
        """The function with several results that is differentiated; None if a scalar is."""
        match self.quantity:
            case "jacobian" | "jvp":
                return self.objective.residuals
            case "hessian" | "hvp":
                return self.objective.gradient
        return None

    @classmethod
    def at(
        cls,
        objective: Objective,
        params: Params,
        data: Data,
        label: str,
        direction: Params | None = None,
        quantity: Quantity | None = None,
        results: Layout | None = None,
    ) -> "Problem":
        """Returns the problem at a point, after checks of the point and the direction.

        Raises:
            InputError: if the point has no coordinates, one that is not a real floating
                number, or one that is not finite; or if the direction does not fit it.
        """
        layout = Layout.of(params)
        if layout.size == 0:
            raise InputError("the point has no coordinates; give at least one parameter")
        layout.require_same(params, "the point")
        x = _finite(layout, params, "point")
        if direction is not None:
            layout.require_same(direction, "the direction")
            direction = layout.unflatten(_finite(layout, direction, "direction"))
            if not np.any(layout.flatten(direction)):
                raise InputError("the direction is zero; give one that leads somewhere")
        quantity = quantity or ("gradient" if direction is None else "directional")
        point = layout.unflatten(x)
        problem = cls(objective, point, data, layout, label, direction, quantity, results)
        outside = np.flatnonzero((x < problem.bounds[0]) | (x > problem.bounds[1]))
        if outside.size:
            raise InputError(
                f"the point is {x[outside[0]]} at {layout.name(int(outside[0]))}, "
                f"outside of the bounds of {objective.name}; give a point inside"
            )
        return problem


def _finite(layout: Layout, tree: PyTree, what: str) -> Float[np.ndarray, " d"]:
    vector = layout.flatten(tree)
    bad = np.flatnonzero(~np.isfinite(vector))
    if bad.size:
        name = layout.name(int(bad[0]))
        raise InputError(f"the {what} is {vector[bad[0]]} at {name}; give finite numbers")
    return vector
