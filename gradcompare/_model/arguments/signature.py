"""The arguments of a user's function, divided into parameters, data and what stays fixed.

All arguments are pytrees. In those of `argnums`, arrays and numbers are parameters; all other
leaves stay fixed: names, flags, activation functions, the integers of a layer. In the other
arguments, arrays of numbers and floats are data.
"""

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..._foundation.errors import InputError
from ..._foundation.wording import given
from .complex_parts import ComplexParts
from .validation import as_point, require_plain, shown

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
        try:
            # For JAX, an iterator that is no leaf by our word will be an error.
            leaves, treedef = jax.tree.flatten(tree, is_leaf=lambda t: isinstance(t, Iterator))
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{shown(tree)} is no pytree ({error}); give dictionaries whose keys can be "
                "sorted, such as strings"
            ) from error
        for leaf in leaves:
            require_plain(leaf)
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
            return _as_given(self.leaves[0], next(leaves))
        pairs = zip(self.leaves, self.varying, strict=True)
        return self.treedef.unflatten(
            [self._next(leaf, leaves) if varies else leaf for leaf, varies in pairs]
        )

    def _next(self, leaf: Any, leaves: Any) -> Any:
        if not self._is_complex(leaf):
            return _as_given(leaf, next(leaves))
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
        numbers = positions(argnums)
        if (
            not numbers
            or len(set(numbers)) < len(numbers)
            or not set(numbers) <= set(range(len(trees)))
        ):
            raise InputError(
                f"argnums is {given(argnums)} and there are {len(trees)} arguments; "
                "give the positions of those that are differentiated, each once"
            )
        arguments = [
            Argument.of(as_point(tree), parameter=True)
            if number in numbers
            else Argument.of(tree, parameter=False)
            for number, tree in enumerate(trees)
        ]
        return cls(tuple(arguments), numbers if isinstance(argnums, Iterable) else numbers[0])

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

    @cached_property
    def _alone(self) -> bool:
        """Whether each argument is a single array or number that varies."""
        return all(argument.alone for argument in self.arguments)

    @cached_property
    def _numbers(self) -> bool:
        """Whether an argument that varies is or holds a number instead of an array."""
        return any(_is_number(leaf) for each in self.arguments for leaf in each.leaves)

    def joined(self, params: PyTree, data: tuple) -> list[PyTree]:
        """Returns all arguments of a call with other parameters and data."""
        if isinstance(self.argnums, int) and self._alone:  # saves 6 µs for each value on the host
            parts = [*data[: self.argnums], params, *data[self.argnums :]]
            if not self._numbers:
                return parts
            return [_as_given(a.leaves[0], p) for a, p in zip(self.arguments, parts, strict=True)]
        selected = (params,) if isinstance(self.argnums, int) else params
        parts = dict(zip(self.numbers, selected, strict=True))
        rest = iter(data)
        sources = [
            iter(jax.tree.leaves(parts[number])) if number in parts else rest
            for number in range(len(self.arguments))
        ]
        return [a.filled(source) for a, source in zip(self.arguments, sources, strict=True)]


def positions(argnums: Any) -> tuple[int, ...]:
    """Returns `argnums` as a tuple; an empty one if they are no whole numbers."""
    try:
        return tuple(map(operator.index, argnums if isinstance(argnums, Iterable) else [argnums]))
    except TypeError:
        return ()


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, (int, float, complex, np.generic))


def _as_given(given: Any, leaf: Any) -> Any:
    """Returns a number in place of a number, where it would be an array without axes.

    Such an array cannot be hashed, as `functools.cache` does it, and is no `float`.
    """
    plain = type(leaf) is np.ndarray and leaf.ndim == 0
    return leaf[()] if plain and _is_number(given) else leaf


def _is_parameter(leaf: Any, alone: bool) -> bool:
    if isinstance(leaf, (float, *ARRAYS)):
        return True
    return alone and isinstance(leaf, (int, complex))


def _is_data(leaf: Any) -> bool:
    if isinstance(leaf, float):
        return True
    # Random keys have a dtype of their own, and stay fixed.
    return isinstance(leaf, ARRAYS) and jnp.issubdtype(leaf.dtype, np.number)
