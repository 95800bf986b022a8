"""An objective at one point with its data: what methods differentiate."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import jax
import numpy as np
from jaxtyping import Float

from .._foundation.errors import InputError
from .._foundation.layout import Layout, PyTree
from .._foundation.wording import given
from .arguments.validation import require_plain
from .convention import symmetric_parts
from .manifold.retraction import Retraction
from .matrix_layout import MatrixLayout
from .objective import Data, Objective, Params, Quantity
from .sparse.layout import SparseLayout
from .sparse.pattern import Pattern

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
        sparsity: The pattern of a sparse matrix, of which `direction` holds the random directions
            that show entries outside of it, and the units of the coordinates, stacked; None for
            a dense one.
        shifts: Whether the parameters are shifts along directions, from a point among the data.
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
    sparsity: Pattern | None = None
    shifts: bool = False

    def probed(self, pattern: Pattern, seed: int) -> "Problem":
        """Returns the problem of a sparse matrix, with random directions."""
        vectors = pattern.directions(self.layout.flatten(self.params), self.unit, seed)
        trees = [self.layout.unflatten(v) for v in vectors]
        stacked = jax.tree.map(lambda *parts: np.stack(parts), *trees)
        return replace(self, direction=stacked, sparsity=pattern)

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
    def structure(self) -> tuple:
        """The structure of parameters and data, with the shapes and types of their arrays."""
        leaves, treedef = jax.tree.flatten((self.params, self.data))
        return treedef, tuple((np.shape(leaf), np.asarray(leaf).dtype) for leaf in leaves)

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
            InputError: if the bounds do not fit the parameters, are no numbers, or leave a
                parameter no room.
        """
        lower, upper = self._spread("lower"), self._spread("upper")
        self._require_room(lower, upper)
        if self.objective.convention.wrt == "log":
            lower = np.maximum(lower, np.finfo(np.float64).tiny)
        return lower, upper

    def _require_room(
        self, lower: Float[np.ndarray, " d"], upper: Float[np.ndarray, " d"]
    ) -> None:
        unknown = np.flatnonzero(np.isnan(lower) | np.isnan(upper))
        if unknown.size:
            raise InputError(
                f"a bound of {self.objective.name} is nan at {self.layout.name(int(unknown[0]))}; "
                "give -inf or inf where there is none"
            )
        crossed = np.flatnonzero(lower > upper)
        if crossed.size:
            i = int(crossed[0])
            raise InputError(
                f"the lower bound of {self.objective.name} is above the upper: {lower[i]} and "
                f"{upper[i]} at {self.layout.name(i)}; give the lower first"
            )
        fixed = np.flatnonzero(lower == upper)
        if fixed.size:
            i = int(fixed[0])
            raise InputError(
                f"both bounds of {self.objective.name} are {lower[i]} at {self.layout.name(i)}, "
                "which cannot move; give it as a further argument, not as a parameter"
            )

    def _spread(self, name: str) -> Float[np.ndarray, " d"]:
        def over(bound, part):
            if np.iscomplexobj(bound):
                raise TypeError("it is complex")
            number = np.asarray(bound, np.float64)
            return jax.tree.map(lambda leaf: np.broadcast_to(number, np.shape(leaf)), part)

        bound = getattr(self.objective, name)
        try:
            return self.layout.flatten(jax.tree.map(over, bound, self.params))
        except (TypeError, ValueError) as error:
            raise InputError(
                f"the {name} bound of {self.objective.name} is {given(bound)}, which does not fit "
                "its parameters; give a number, or numbers in a pytree like the parameters"
            ) from error

    @property
    def output(self) -> Layout:
        """The layout of the estimate in a flat vector."""
        match self.quantity:
            case "gradient" | "hvp":
                return self.layout
            case "hessian" if self.sparsity is not None:
                return SparseLayout.by(self.layout, self.layout, self.sparsity, ", ")
            case "hessian":
                return MatrixLayout.by(self.layout, self.layout, ", ")
            case "directional":
                return Layout.of(0.0, root=DIRECTIONAL_NAME)
        assert self.results is not None
        if self.quantity == "jvp":
            return self.results
        if self.sparsity is not None:
            return SparseLayout.by(self.results, self.layout, self.sparsity)
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
        layout, x = laid_out(params)
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


def laid_out(params: Params) -> tuple[Layout, Float[np.ndarray, " d"]]:
    """Returns the layout of parameters and their vector, after checks.

    Raises:
        InputError: if there are no coordinates, or one is no real, finite, floating number.
    """
    for leaf in jax.tree.leaves(params):
        require_plain(leaf)
    layout = Layout.of(params)
    if layout.size == 0:
        raise InputError("the point has no coordinates; give at least one parameter")
    layout.require_same(params, "the point")
    return layout, _finite(layout, params, "point")


def _finite(layout: Layout, tree: PyTree, what: str) -> Float[np.ndarray, " d"]:
    vector = layout.flatten(tree)
    bad = np.flatnonzero(~np.isfinite(vector))
    if bad.size:
        name = layout.name(int(bad[0]))
        raise InputError(f"the {what} is {vector[bad[0]]} at {name}; give finite numbers")
    return vector
