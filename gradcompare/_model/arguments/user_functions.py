"""A user's own functions, called `value(x, *args)`, as an objective of parameters and data.

All arguments are pytrees. In those of `argnums`, arrays and floats are parameters; all other
leaves stay fixed: names, flags, activation functions, the integers of a layer. In the other
arguments, arrays of numbers and floats are data.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..._foundation.errors import InputError
from ..objective import Objective
from .complex_parts import ComplexConvention, ComplexParts, is_parts, parts_of_gradient
from .domain import bounds_of
from .validation import as_point, require_functions, require_parameters

ARRAYS = (np.ndarray, np.generic, jax.Array)


@dataclass(frozen=True)
class Argument:
    """One argument, divided into leaves.

    Attributes:
        treedef: Its structure.
        leaves: Its leaves.
        varying: Whether each leaf is a parameter or data; the others stay fixed.
        parameter: Whether it holds parameters, of which complex ones vary in two parts.
    """

    treedef: Any
    leaves: tuple[Any, ...]
    varying: tuple[bool, ...]
    parameter: bool

    @classmethod
    def of(cls, tree: PyTree, *, parameter: bool) -> "Argument":
        leaves, treedef = jax.tree.flatten(tree)
        alone = len(leaves) == 1 and leaves[0] is tree
        is_one = (lambda leaf: _is_parameter(leaf, alone)) if parameter else _is_data
        return cls(treedef, tuple(leaves), tuple(map(is_one, leaves)), parameter)

    def _real(self, leaf: Any) -> Any:
        return ComplexParts.of(np.asarray(leaf)) if self._is_complex(leaf) else leaf

    def _is_complex(self, leaf: Any) -> bool:
        return self.parameter and isinstance(leaf, (complex, *ARRAYS)) and np.iscomplexobj(leaf)

    @property
    def part(self) -> PyTree:
        """The tree with None for the fixed leaves."""
        pairs = zip(self.leaves, self.varying, strict=True)
        return self.treedef.unflatten(
            [self._real(leaf) if varies else None for leaf, varies in pairs]
        )

    def filled(self, leaves: Any) -> PyTree:
        """Returns the tree with varying leaves from an iterator."""
        if self.alone:  # the usual case; saves 6 µs for each value on the host
            return next(leaves)
        pairs = zip(self.leaves, self.varying, strict=True)
        return self.treedef.unflatten(
            [self._next(leaf, leaves) if varies else leaf for leaf, varies in pairs]
        )

    def _next(self, leaf: Any, leaves: Any) -> Any:
        if not self._is_complex(leaf):
            return next(leaves)
        return ComplexParts(next(leaves), next(leaves)).joined

    @cached_property
    def alone(self) -> bool:
        """Whether it is a single array or number, and varies."""
        single = self.varying == (True,) and jax.tree_util.treedef_is_leaf(self.treedef)
        return single and not self._is_complex(self.leaves[0])


@dataclass(frozen=True)
class Signature:
    """The division of a function's arguments into parameters, data and fixed leaves.

    Attributes:
        arguments: All arguments, in their order.
        argnums: The positions of those that hold the parameters, as for `jax.grad`.
    """

    arguments: tuple[Argument, ...]
    argnums: int | tuple[int, ...]

    @classmethod
    def of(cls, trees: Sequence[PyTree], argnums: int | Sequence[int]) -> "Signature":
        """Divides the arguments of a call.

        Raises:
            InputError: if `argnums` names arguments that do not exist.
        """
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if (
            not numbers
            or len(set(numbers)) < len(numbers)
            or not set(numbers) <= set(range(len(trees)))
        ):
            raise InputError(
                f"argnums is {argnums!r} and there are {len(trees)} arguments; "
                "give the positions of those that are differentiated, each once"
            )
        arguments = [
            Argument.of(as_point(tree), parameter=True)
            if number in numbers
            else Argument.of(tree, parameter=False)
            for number, tree in enumerate(trees)
        ]
        return cls(tuple(arguments), argnums if isinstance(argnums, int) else numbers)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The positions of the arguments that hold the parameters."""
        return (self.argnums,) if isinstance(self.argnums, int) else self.argnums

    @property
    def selected(self) -> tuple[list[Any], list[bool]]:
        """The leaves of the arguments that hold the parameters, and whether each varies."""
        chosen = [self.arguments[number] for number in self.numbers]
        return [leaf for a in chosen for leaf in a.leaves], [v for a in chosen for v in a.varying]

    @property
    def params(self) -> PyTree:
        """The parameters at the user's point."""
        parts = tuple(self.arguments[number].part for number in self.numbers)
        return parts[0] if isinstance(self.argnums, int) else parts

    @property
    def data(self) -> tuple:
        """The data, one leaf after another."""
        others = [a for number, a in enumerate(self.arguments) if number not in self.numbers]
        return tuple(leaf for other in others for leaf in jax.tree.leaves(other.part))

    def joined(self, params: PyTree, data: tuple) -> list[PyTree]:
        """Returns all arguments of a call with other parameters and data."""
        selected = (params,) if isinstance(self.argnums, int) else params
        parts = dict(zip(self.numbers, selected, strict=True))
        rest = iter(data)
        sources = [
            iter(jax.tree.leaves(parts[number])) if number in parts else rest
            for number in range(len(self.arguments))
        ]
        return [a.filled(source) for a, source in zip(self.arguments, sources, strict=True)]


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
        result = self.function(*self.signature.joined(params, data))
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


def _as_array(params: PyTree, gradient: PyTree) -> PyTree:
    """Returns a list of numbers as one array, if the parameters are one array."""
    alone = isinstance(params, (np.ndarray, jax.Array)) and isinstance(gradient, (list, tuple))
    if not alone or not gradient or not all(map(_is_scalar, gradient)):
        return gradient
    traced = any(isinstance(entry, jax.Array) for entry in gradient)
    return jnp.stack(gradient) if traced else np.asarray(gradient)


def _is_scalar(entry: Any) -> bool:
    # For NumPy, a dict or None has no dimensions either.
    return isinstance(entry, (int, float, complex, *ARRAYS)) and np.ndim(entry) == 0


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
            f"bounds is {bounds!r}; give a pair (lower, upper), each a number or like x0, "
            "-inf and inf where there is none"
        )
    if domain is not None:
        if bounds != (-math.inf, math.inf):
            raise InputError("both bounds and domain are given; give one of them")
        bounds = bounds_of(domain)
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


def _is_parameter(leaf: Any, alone: bool) -> bool:
    if isinstance(leaf, (float, *ARRAYS)):
        return True
    return alone and isinstance(leaf, (int, complex))


def _is_data(leaf: Any) -> bool:
    if isinstance(leaf, float):
        return True
    # Random keys have a dtype of their own, and stay fixed.
    return isinstance(leaf, ARRAYS) and jnp.issubdtype(leaf.dtype, np.number)
