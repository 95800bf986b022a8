"""A pytree of parameters as one flat vector with named coordinates."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import jax.numpy as jnp
import jax.tree_util as jtu
import numpy as np
from jaxtyping import Array, Bool, Float

from .errors import InputError

if TYPE_CHECKING:
    # Type checkers do not know jaxtyping's own, nor any signature that contains it.
    PyTree: TypeAlias = Any
else:
    from jaxtyping import PyTree


@dataclass(frozen=True)
class Layout:
    """The order of the leaves of a pytree in a flat vector.

    Attributes:
        treedef: The structure of the pytree.
        paths: The name of each leaf, such as `w` or `layers[0].bias`.
        shapes: The shape of each leaf.
        offsets: The start of each leaf in the flat vector, and the end of the last.
    """

    treedef: Any
    paths: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    offsets: tuple[int, ...]

    @classmethod
    def of(cls, tree: PyTree, root: str = "x") -> "Layout":
        """Returns the layout of `tree`; `root` names a tree that is itself a single array."""
        leaves, treedef = jtu.tree_flatten_with_path(tree)
        shapes = tuple(np.shape(leaf) for _, leaf in leaves)
        offsets = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        return cls(
            treedef,
            tuple(_path_name(path, root) for path, _ in leaves),
            shapes,
            tuple(int(offset) for offset in offsets),
        )

    @property
    def size(self) -> int:
        """The number of coordinates, d."""
        return self.offsets[-1]

    def flatten(self, tree: PyTree) -> Float[np.ndarray, " d"]:
        """Returns the leaves of `tree` as one NumPy float64 vector on the host."""
        leaves = [np.asarray(leaf, np.float64).reshape(-1) for leaf in jtu.tree_leaves(tree)]
        return np.concatenate(leaves) if leaves else np.zeros(0)

    def ravel(self, tree: PyTree) -> Float[Array, " d"]:
        """Returns the leaves of `tree` as one vector, inside a traced function."""
        return jnp.concatenate([jnp.ravel(leaf) for leaf in jtu.tree_leaves(tree)])

    def unflatten(self, vector: Float[Array | np.ndarray, " d"]) -> PyTree:
        """Returns the pytree whose coordinates are `vector`; works on NumPy and traced vectors."""
        leaves = [
            vector[start:stop].reshape(shape)
            for start, stop, shape in zip(
                self.offsets[:-1], self.offsets[1:], self.shapes, strict=True
            )
        ]
        return jtu.tree_unflatten(self.treedef, leaves)

    def name(self, coordinate: int) -> str:
        """Returns the name of one coordinate, such as `w[3, 1]`."""
        return coordinate_name(self.paths, self.shapes, coordinate)

    def require_same(self, tree: PyTree, what: str) -> None:
        """Checks that `tree` could be a gradient with respect to parameters of this layout.

        Raises:
            InputError: if the structure or a shape differs, or a leaf is not of a real
                floating dtype. `what` names the tree in the message.
        """
        leaves, treedef = jtu.tree_flatten_with_path(tree)
        if treedef != self.treedef:
            raise InputError(
                f"{what} has the structure {_structure(treedef)}, "
                f"the parameters have {_structure(self.treedef)}; "
                "give one array for each parameter array, in the same structure"
            )
        for (_, leaf), path, shape in zip(leaves, self.paths, self.shapes, strict=True):
            if np.shape(leaf) != shape:
                raise InputError(
                    f"{what} has shape {np.shape(leaf)} at {path}, the parameter has {shape}; "
                    "give the same shape"
                )
            dtype = leaf.dtype if hasattr(leaf, "dtype") else np.asarray(leaf).dtype
            if not jnp.issubdtype(dtype, jnp.floating):
                raise InputError(
                    f"{what} has dtype {dtype} at {path}; "
                    "give a real floating dtype, such as float64"
                )


def coordinate_name(
    paths: tuple[str, ...], shapes: tuple[tuple[int, ...], ...], coordinate: int
) -> str:
    """Returns the name of one coordinate of a flat vector of arrays."""
    for path, shape in zip(paths, shapes, strict=True):
        size = math.prod(shape)
        if coordinate < size:
            index = np.unravel_index(coordinate, shape) if shape else ()
            return f"{path}[{', '.join(str(int(i)) for i in index)}]" if shape else path
        coordinate -= size
    raise IndexError("there is no such coordinate")


def indices(mask: Bool[np.ndarray, " d"]) -> tuple[int, ...]:
    """Returns the numbers of the coordinates in a mask."""
    return tuple(np.flatnonzero(mask).tolist())


def _structure(treedef: Any) -> str:
    """Returns the structure of a pytree as text, such as `{'w': array, 'b': array}`."""
    node = treedef.node_data()
    if node is None:
        return "array"
    kind, keys = node
    parts = [_structure(child) for child in treedef.children()]
    if kind is dict:
        parts = [f"{key!r}: {part}" for key, part in zip(keys, parts, strict=True)]
        return f"{{{', '.join(parts)}}}"
    if kind is list:
        return f"[{', '.join(parts)}]"
    if kind is tuple:
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    return "None" if kind is type(None) else f"{kind.__name__}({', '.join(parts)})"


def _path_name(path: tuple, root: str) -> str:
    name = ""
    for key in path:
        match key:
            case jtu.SequenceKey(idx=index) | jtu.FlattenedIndexKey(key=index):
                name = f"{name or root}[{index}]"
            case jtu.DictKey(key=word) | jtu.GetAttrKey(name=word):
                name = f"{name}.{word}" if name else str(word)
            case _:
                name = f"{name or root}{key}"
    return name or root
