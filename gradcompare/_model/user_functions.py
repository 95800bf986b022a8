"""A user's own functions, called `value(x, *args)`, as an objective of parameters and data.

All arguments are pytrees. Of those that are differentiated, arrays and floats are parameters and
everything else stays as it is: names, flags, activation functions, the integers of a layer. Of
the others, arrays of numbers and floats are data.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .._foundation.errors import InputError
from .domain import bounds_of
from .objective import Objective
from .validation import as_point, require_functions, require_parameters


@dataclass(frozen=True)
class Argument:
    """One argument taken apart.

    Attributes:
        treedef: Its structure.
        leaves: Its leaves.
        varying: Which of them are parameters or data; the others stay as they are.
    """

    treedef: Any
    leaves: tuple[Any, ...]
    varying: tuple[bool, ...]

    @classmethod
    def of(cls, tree: PyTree, *, parameter: bool) -> "Argument":
        leaves, treedef = jax.tree.flatten(tree)
        alone = len(leaves) == 1 and leaves[0] is tree
        is_one = (lambda leaf: _is_parameter(leaf, alone)) if parameter else _is_data
        return cls(treedef, tuple(leaves), tuple(map(is_one, leaves)))

    @property
    def part(self) -> PyTree:
        """The tree with None for what stays as it is."""
        pairs = zip(self.leaves, self.varying, strict=True)
        return self.treedef.unflatten([leaf if varies else None for leaf, varies in pairs])

    def filled(self, leaves: Any) -> PyTree:
        """The tree with its varying leaves taken from an iterator."""
        if self.alone:  # as is usual; 6 µs less for each value on the host
            return next(leaves)
        pairs = zip(self.leaves, self.varying, strict=True)
        return self.treedef.unflatten([next(leaves) if varies else leaf for leaf, varies in pairs])

    @cached_property
    def alone(self) -> bool:
        """Whether it is a single array or number, and varies."""
        return self.varying == (True,) and jax.tree_util.treedef_is_leaf(self.treedef)


@dataclass(frozen=True)
class Signature:
    """How the arguments of a function are divided into parameters, data and what is fixed.

    Attributes:
        arguments: All arguments, in their order.
        argnums: Which of them hold the parameters, as for `jax.grad`.
    """

    arguments: tuple[Argument, ...]
    argnums: int | tuple[int, ...]

    @classmethod
    def of(cls, given: Sequence[PyTree], argnums: int | Sequence[int]) -> "Signature":
        """Divides the arguments given.

        Raises:
            InputError: if `argnums` does not name arguments that are there.
        """
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if (
            not numbers
            or len(set(numbers)) < len(numbers)
            or not set(numbers) <= set(range(len(given)))
        ):
            raise InputError(
                f"argnums is {argnums!r} and there are {len(given)} arguments; "
                "give the positions of those that are differentiated, each once"
            )
        arguments = [
            Argument.of(as_point(tree), parameter=True)
            if number in numbers
            else Argument.of(tree, parameter=False)
            for number, tree in enumerate(given)
        ]
        return cls(tuple(arguments), argnums if isinstance(argnums, int) else numbers)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The positions of the arguments that hold the parameters."""
        return (self.argnums,) if isinstance(self.argnums, int) else self.argnums

    @property
    def selected(self) -> tuple[list[Any], list[bool]]:
        """The leaves of the arguments that hold the parameters, and which of them vary."""
        chosen = [self.arguments[number] for number in self.numbers]
        return [leaf for a in chosen for leaf in a.leaves], [v for a in chosen for v in a.varying]

    @property
    def params(self) -> PyTree:
        """The parameters at the point given."""
        parts = tuple(self.arguments[number].part for number in self.numbers)
        return parts[0] if isinstance(self.argnums, int) else parts

    @property
    def data(self) -> tuple:
        """The data, one leaf after another."""
        others = [a for number, a in enumerate(self.arguments) if number not in self.numbers]
        return tuple(leaf for other in others for leaf in jax.tree.leaves(other.part))

    def joined(self, params: PyTree, data: tuple) -> list[PyTree]:
        """All arguments of a call with other parameters and data."""
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
        function: The user's own.
        signature: How its arguments are divided.
        returns: What it gives: the `value`, the `gradient`; or both at once, and then which one
            is wanted, `value of both` or `gradient of both`.
    """

    function: Callable[..., Any]
    signature: Signature
    returns: str

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
            result = _without_fixed(self.signature.params, _as_array(params, result))
        return result


def _as_array(params: PyTree, gradient: PyTree) -> PyTree:
    """A list of numbers as one array, where there is one array of parameters."""
    alone = isinstance(params, (np.ndarray, jax.Array)) and isinstance(gradient, (list, tuple))
    if not alone or not gradient or not all(map(_is_scalar, gradient)):
        return gradient
    traced = any(isinstance(entry, jax.Array) for entry in gradient)
    return jnp.stack(gradient) if traced else np.asarray(gradient)


def _is_scalar(entry: Any) -> bool:
    # A dict or None has no dimensions either, as NumPy counts them.
    number = (int, float, complex, np.ndarray, np.generic, jax.Array)
    return isinstance(entry, number) and np.ndim(entry) == 0


def _without_fixed(params: PyTree, gradient: PyTree) -> PyTree:
    """The gradient without entries for what is no parameter: zeros or None, as a rule."""

    def kept(parameter, entry):
        return None if parameter is None else entry

    try:
        return jax.tree.map(kept, params, gradient, is_leaf=lambda leaf: leaf is None)
    except ValueError:
        return gradient  # of another structure, which is said elsewhere


def as_objective(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    signature: Signature,
    bounds: tuple[PyTree, PyTree],
    domain: PyTree | None = None,
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
        gradient=None if by_hand is None else Adapted(by_hand, signature, f"gradient{both}"),
        make=lambda rng, size: (signature.params, signature.data),
        lower=as_point(bounds[0]),
        upper=as_point(bounds[1]),
    )


def _is_parameter(leaf: Any, alone: bool) -> bool:
    if isinstance(leaf, (float, np.ndarray, np.generic, jax.Array)):
        return True
    return alone and isinstance(leaf, (int, complex))


def _is_data(leaf: Any) -> bool:
    if isinstance(leaf, float):
        return True
    # The keys of random numbers have a dtype of their own, and stay fixed.
    return isinstance(leaf, (np.ndarray, np.generic, jax.Array)) and jnp.issubdtype(
        leaf.dtype, np.number
    )
