"""A user's own functions, called `value(x, *args)`, as an objective of parameters and data.

All arguments are pytrees. In those of `argnums`, arrays and floats are parameters; all other
leaves stay fixed: names, flags, activation functions, the integers of a layer. In the other
arguments, arrays of numbers and floats are data.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..._foundation.errors import ENDS, EndError, InputError
from ..._foundation.wording import given
from ..objective import Objective
from .complex_parts import ComplexConvention, is_parts, parts_of_gradient, require_convention
from .domain import bounds_of
from .signature import ARRAYS, Signature
from .validation import as_point, require_functions, require_parameters

NUMBERS = (int, float, complex, *ARRAYS)


@dataclass(frozen=True)
class Adapted:
    """`function(*arguments)` as `function(params, data)`; it pickles if the function does.

    Attributes:
        function: The user's function.
        signature: The division of its arguments.
        returns: Its result: the `value`, the `gradient`; or a pair of both, of which this object
            returns one, `value of both` or `gradient of both`.
        complex_convention: The convention of a gradient by complex parameters.
    """

    function: Callable[..., Any]
    signature: Signature
    returns: str
    complex_convention: ComplexConvention = field(default="jax", kw_only=True)

    @property
    def parameters(self) -> list[str]:
        """The names of the function's positional parameters; none if it has no signature."""
        try:
            every = inspect.signature(self.function).parameters.values()
        except (TypeError, ValueError):  # as compiled code may have none
            return []
        return [p.name for p in every if p.kind <= p.POSITIONAL_OR_KEYWORD]

    def __call__(self, params: PyTree, data: tuple) -> PyTree:
        try:
            result = self.function(*self.signature.joined(params, data))
        except ENDS as error:
            raise EndError.of(error) from error
        if self.returns.endswith("of both"):
            if not isinstance(result, (tuple, list)) or len(result) != 2:
                raise InputError(
                    f"value gives {type(result).__name__}; with gradient=True, "
                    "return the pair (value, gradient)"
                )
            result = result[self.returns.startswith("gradient")]
        if self.returns.startswith("gradient"):
            result = _as_array(params, result)
            result = _without_fixed(self.signature.params, result, self.complex_convention)
        return result


@dataclass(frozen=True)
class ByRule(Adapted):
    """A gradient that autodiff computes by a rule of the user's, which is what is tested.

    It may be the program of autodiff without the rule: that is how it should be.
    """


def _as_array(params: PyTree, gradient: PyTree) -> PyTree:
    """Returns a list of numbers, or of rows, as one array, if the parameters are one array."""
    alone = isinstance(params, (np.ndarray, jax.Array)) and isinstance(gradient, (list, tuple))
    leaves = jax.tree.leaves(gradient) if alone else []
    if not leaves or not all(isinstance(leaf, NUMBERS) for leaf in leaves):
        return gradient
    array = _stacked(gradient, jnp if any(isinstance(v, jax.Array) for v in leaves) else np)
    return array if getattr(array, "shape", None) == params.shape else gradient


def _stacked(rows: PyTree, numpy: Any) -> PyTree:
    """Returns rows of rows as one array; as they are if their shapes differ."""
    if not isinstance(rows, (list, tuple)):
        return rows
    parts = [_stacked(row, numpy) for row in rows]
    same = all(isinstance(part, NUMBERS) for part in parts) and len(set(map(np.shape, parts))) == 1
    return numpy.stack([numpy.asarray(part) for part in parts]) if same else rows


def _without_fixed(params: PyTree, gradient: PyTree, convention: ComplexConvention) -> PyTree:
    """Returns the gradient without the entries of fixed leaves, which are mostly zeros or None.

    Of complex parameters, it has the derivatives by both parts.
    """

    def entry_of(parameter, entry):
        if is_parts(parameter):
            return parts_of_gradient(entry, convention)
        return None if parameter is None else entry

    def is_leaf(leaf):
        return leaf is None or is_parts(leaf)

    try:
        return jax.tree.map(entry_of, params, gradient, is_leaf=is_leaf)
    except ValueError:
        return gradient  # another structure, which `require_same` reports


def as_objective(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    signature: Signature,
    bounds: tuple[PyTree, PyTree],
    domain: PyTree | None = None,
    complex_convention: ComplexConvention = "jax",
) -> Objective:
    """Returns the objective of a user's own functions, for `Signature.params` and `.data`.

    Raises:
        InputError: if an argument cannot be used.
    """
    if not isinstance(bounds, tuple) or len(bounds) != 2 or any(b is None for b in bounds):
        raise InputError(
            f"bounds is {given(bounds)}; give a pair (lower, upper), each a number or like x0, "
            "-inf and inf where there is none"
        )
    if domain is not None:
        if bounds != (-math.inf, math.inf):
            raise InputError("both bounds and domain are given; give one of them")
        bounds = bounds_of(domain)
    require_convention(complex_convention)
    require_functions(value, gradient)
    require_parameters(*signature.selected)
    both = " of both" if gradient is True else ""
    by_hand = value if gradient is True else gradient
    name = getattr(value, "__name__", type(value).__name__)
    return Objective(
        name="objective" if "<" in name else name,
        value=Adapted(value, signature, f"value{both}"),
        gradient=None
        if by_hand is None
        else Adapted(by_hand, signature, f"gradient{both}", complex_convention=complex_convention),
        make=lambda rng, size: (signature.params, signature.data),
        lower=as_point(bounds[0]),
        upper=as_point(bounds[1]),
    )
