"""The arguments of a function with a rule, by name."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..._foundation.errors import InputError
from ..._foundation.layout import Layout, PyTree
from ..._foundation.wording import given
from ..._model.arguments.signature import ARRAYS, Argument, positions
from ..._model.arguments.validation import as_point

Named = dict[str, Any]
"""Primals, or their cotangents or tangents, by name."""


@dataclass(frozen=True)
class Primals:
    """The arguments of a function with a rule.

    Attributes:
        names: Their names, `primal[0]` where the function has none for it.
        values: Their values; those that are differentiated are arrays or pytrees of them.
        constant: The numbers of those that the rule takes as they are (`nondiff_argnums`).
        chosen: The numbers of those that are differentiated.
    """

    names: tuple[str, ...]
    values: tuple[Any, ...]
    constant: tuple[int, ...]
    chosen: tuple[int, ...]

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        values: Sequence[Any],
        constant: Sequence[int],
        argnums: int | Sequence[int] | None,
    ) -> "Primals":
        """Divides the arguments of a call.

        Raises:
            InputError: if none of them, or one of `argnums`, can be differentiated.
        """
        constant = tuple(number % len(values) for number in constant) if values else ()
        points = [v if i in constant else _as_primal(v) for i, v in enumerate(values)]
        able = [i for i, v in enumerate(points) if i not in constant and is_differentiable(v)]
        chosen = able if argnums is None else positions(argnums)
        if argnums is not None and (not chosen or len(set(chosen)) < len(chosen)):
            raise InputError(f"argnums is {given(argnums)}; give positions of primals, each once")
        names = _names(function, len(points))
        for number in chosen:
            if number not in able:
                what = names[number] if 0 <= number < len(names) else f"number {number}"
                raise InputError(
                    f"argnums names {what}, which cannot be differentiated; give the positions "
                    "of primals with floating arrays"
                )
        if not chosen:
            raise InputError(
                "no primal can be differentiated; give at least one float or floating array "
                "outside of nondiff_argnums"
            )
        return cls(names, tuple(points), constant, tuple(int(number) for number in chosen))

    def name(self, number: int) -> str:
        """Returns the name of a primal."""
        return self.names[number]

    def divided(self, numbers: Sequence[int]) -> tuple[Named, Named]:
        """Returns some primals, and all others except the constant ones."""
        named = {i: v for i, v in enumerate(self.values) if i not in self.constant}
        return (
            {self.names[i]: v for i, v in named.items() if i in numbers},
            {self.names[i]: v for i, v in named.items() if i not in numbers},
        )

    def joined(self, some: Named, others: Named) -> list[Any]:
        """Returns all arguments of a call."""
        named = {**others, **some}
        return [named.get(name, v) for name, v in zip(self.names, self.values, strict=True)]


def _as_primal(x: PyTree) -> PyTree:
    """Returns a primal as `check` takes a point, but with whole numbers as they are."""
    Argument.of(x, parameter=True)  # which says what is no pytree
    parts = x if isinstance(x, (list, tuple)) else [x]
    return x if all(type(part) is int for part in parts) else as_point(x)


def is_differentiable(tree: PyTree) -> bool:
    """Whether a primal has a float, or an array of floats or complex numbers."""
    return any(map(is_inexact, jax.tree.leaves(tree)))


def is_inexact(leaf: Any) -> bool:
    """Whether a leaf holds real or complex floating numbers."""
    if isinstance(leaf, (float, complex)):
        return True
    array = isinstance(leaf, (*ARRAYS, jax.ShapeDtypeStruct)) or hasattr(leaf, "aval")
    return array and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _names(function: Callable[..., Any], count: int) -> tuple[str, ...]:
    """Returns the names of the positional parameters of a function."""
    try:
        every = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # as compiled code may have none
        every = ()
    names = [p.name for p in every if p.kind <= p.POSITIONAL_OR_KEYWORD][:count]
    return (*names, *(f"primal[{i}]" for i in range(len(names), count)))


def fitting(function: str, name: str, primal: PyTree, cotangent: PyTree) -> PyTree:
    """Returns the cotangent of a primal, which is zero for None.

    Raises:
        InputError: if its structure or a shape is another one.
    """
    if cotangent is None:
        return jax.tree.map(lambda leaf: 0.0 * leaf if is_inexact(leaf) else leaf, primal)
    start = f"the backward rule of {function} gives {name} a cotangent"
    (leaves, structure), (like, wanted) = map(jax.tree.flatten, (cotangent, primal))
    if structure != wanted:
        raise InputError(f"{start} of another structure; give {wanted}, as the primal has it")
    for leaf, shape in zip(leaves, map(np.shape, like), strict=True):
        if np.shape(leaf) != shape:
            advice = "give the same shape"
            if np.ndim(leaf) >= len(shape) and _broadcasts(shape, np.shape(leaf)):
                advice = "sum over the axes along which the primal was broadcast"
            raise InputError(
                f"{start} of shape {np.shape(leaf)}, and the primal has {shape}; {advice}"
            )
    return cotangent


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def each_of(some: Named) -> dict[str, tuple[Layout, Float[np.ndarray, " d"]]]:
    """Returns the layout of the real parts of each primal, and itself as a vector of these."""
    layouts = {name: Layout.of({name: jax.tree.map(_parts, v)}) for name, v in some.items()}
    return {name: (layout, flat(some[name], layout)) for name, layout in layouts.items()}


def _parts(leaf: Any) -> Any:
    if not is_inexact(leaf):
        return None
    return {"re": leaf.real, "im": leaf.imag} if np.iscomplexobj(leaf) else leaf


def flat(tree: PyTree, layout: Layout) -> Float[np.ndarray, " d"]:
    """Returns a primal or a cotangent as a vector of its real parts."""
    return layout.flatten(jax.tree.map(lambda leaf: _parts(np.asarray(leaf)), tree))


def apart(a: Float[np.ndarray, " d"], b: Float[np.ndarray, " d"]) -> float:
    """Returns the largest difference relative to the largest entry of the second vector."""
    with np.errstate(all="ignore"):
        differences = np.where(np.isnan(a) & np.isnan(b) | (a == b), 0.0, np.abs(a - b))
        ratio = np.max(differences, initial=0.0) / (np.max(np.abs(b), initial=0.0) or 1.0)
    return float(ratio) if np.isfinite(ratio) else float("inf")


def in_float64(tree: PyTree) -> PyTree:
    """Returns a tree with its floating leaves as arrays of NumPy in double precision."""
    return in_types(tree, np.float64, np.complex128)


def in_types(tree: PyTree, real: Any, complex_: Any) -> PyTree:
    """Returns a tree with its floating leaves as arrays of NumPy in one of two types."""

    def leaf_as(leaf: Any) -> Any:
        if not is_inexact(leaf):
            return leaf
        return np.asarray(leaf, complex_ if np.iscomplexobj(leaf) else real)

    return jax.tree.map(leaf_as, tree)
