"""A pytree of parameters as one flat vector with named coordinates."""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import jax.numpy as jnp
import jax.tree_util as jtu
import numpy as np
from jaxtyping import Array, Bool, Float, Int

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


@dataclass(frozen=True)
class Block:
    """The derivatives of one array of results by one array of parameters.

    Attributes:
        row: The name of the array of results.
        column: The name of the array of parameters.
        row_shape: The shape of the first.
        column_shape: The shape of the second.
        joint: The words between both in the name of an entry.
    """

    row: str
    column: str
    row_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    joint: str = " by "

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the block, as `jax.jacobian` gives it."""
        return self.row_shape + self.column_shape

    @property
    def path(self) -> str:
        """The name of the block."""
        return f"{self.row}{self.joint}{self.column}"

    def name(self, entry: int) -> str:
        """Returns the name of an entry, such as `residual[3] by w[1]`."""
        i, j = divmod(entry, math.prod(self.column_shape))
        row = coordinate_name((self.row,), (self.row_shape,), i)
        return f"{row}{self.joint}{coordinate_name((self.column,), (self.column_shape,), j)}"


@dataclass(frozen=True)
class MatrixLayout(Layout):
    """The layout of a Jacobian or a Hessian: one block for each pair of arrays.

    Attributes:
        rows: The layout of the results.
        columns: The layout of the parameters.
        blocks: The blocks, in the order of the flat vector.
    """

    rows: Layout
    columns: Layout
    blocks: tuple[Block, ...]

    @classmethod
    def by(cls, rows: Layout, columns: Layout, joint: str = " by ") -> "MatrixLayout":
        """Returns the layout of the derivative of `rows` by `columns`, as in `jax.jacobian`."""
        blocks = tuple(
            Block(row, column, row_shape, column_shape, joint)
            for row, row_shape in zip(rows.paths, rows.shapes, strict=True)
            for column, column_shape in zip(columns.paths, columns.shapes, strict=True)
        )
        ends = np.cumsum([0, *(math.prod(block.shape) for block in blocks)])
        return cls(
            rows.treedef.compose(columns.treedef),
            tuple(block.path for block in blocks),
            tuple(block.shape for block in blocks),
            tuple(int(end) for end in ends),
            rows,
            columns,
            blocks,
        )

    @cached_property
    def places(self) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " k"]]:
        """The row and the column of each entry of the flat vector."""
        parts = [
            np.meshgrid(np.arange(*row), np.arange(*column), indexing="ij")
            for row in itertools.pairwise(self.rows.offsets)
            for column in itertools.pairwise(self.columns.offsets)
        ]
        rows, columns = (np.concatenate([p[k].ravel() for p in parts]) for k in (0, 1))
        return rows, columns

    def matrix(self, vector: Float[np.ndarray, " k"]) -> Float[np.ndarray, "m n"]:
        """Returns the flat vector as one matrix."""
        whole = np.empty((self.rows.size, self.columns.size), np.asarray(vector).dtype)
        whole[self.places] = vector
        return whole

    def require_same(self, tree: PyTree, what: str) -> None:
        """Checks that `tree` could be the matrix: of its structure, with one block for each pair.

        Raises:
            InputError: if not; the message says what was given and what is needed.
        """
        leaves = jtu.tree_leaves(tree)
        alone = len(self.blocks) == len(leaves) == 1
        if alone and np.shape(leaves[0]) != self.shapes[0]:
            (block,), shape = self.blocks, np.shape(leaves[0])
            turned = shape == block.column_shape + block.row_shape
            raise InputError(
                f"{what} has shape {shape}; give {block.shape}, the shape of {block.row} followed "
                f"by that of {block.column}{': is it transposed?' if turned else ''}"
            )
        super().require_same(tree, what)

    def name(self, coordinate: int) -> str:
        return entry_name(self.blocks, coordinate)


def entry_name(blocks: tuple[Block, ...], entry: int) -> str:
    """Returns the name of one entry of a matrix in blocks."""
    for block in blocks:
        size = math.prod(block.shape)
        if entry < size:
            return block.name(entry)
        entry -= size
    raise IndexError("there is no such entry")


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
