"""A pytree as a flat vector: there and back, and a name for every coordinate."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcompare import InputError
from gradcompare._foundation.layout import Layout, coordinate_name


class Layer(NamedTuple):
    w: np.ndarray
    b: np.ndarray


@jax.tree_util.register_dataclass
@dataclass
class Block:
    """A registered class, as equinox modules are."""

    w: np.ndarray


NAMES = {
    "array": (np.zeros(2), ["x[0]", "x[1]"]),
    "matrix": (np.zeros((1, 2)), ["x[0, 0]", "x[0, 1]"]),
    "scalar": (3.0, ["x"]),
    "0-d": (np.array(3.0), ["x"]),
    "dict": ({"w": np.zeros((1, 2)), "b": 0.0}, ["b", "w[0, 0]", "w[0, 1]"]),
    "list": ([np.zeros(1), 1.0], ["x[0][0]", "x[1]"]),
    "named-tuple": (Layer(np.zeros(1), np.zeros(2)), ["w[0]", "b[0]", "b[1]"]),
    "nested": (
        {"layers": [Layer(np.zeros((1, 1)), 1.0)]},
        ["layers[0].w[0, 0]", "layers[0].b"],
    ),
    "dict-of-dict": ({"a": {"b": np.zeros(1)}}, ["a.b[0]"]),
    "list-of-list": ([[1.0], [2.0]], ["x[0][0]", "x[1][0]"]),
    "integer-keys": ({0: np.zeros(1), 1: 2.0}, ["0[0]", "1"]),
    "class": (Block(np.zeros(1)), ["w[0]"]),
    "empty-array": ({"a": np.zeros((0, 3)), "b": np.zeros(1)}, ["b[0]"]),
}


@pytest.mark.parametrize("case", NAMES)
def test_names(case):
    tree, names = NAMES[case]
    layout = Layout.of(tree)
    assert layout.size == len(names)
    assert [layout.name(i) for i in range(layout.size)] == names
    assert [coordinate_name(layout.paths, layout.shapes, i) for i in range(layout.size)] == names


def test_the_root_of_a_single_array_has_the_name_given():
    assert Layout.of(np.zeros(2), root="theta").name(1) == "theta[1]"


def test_no_name_beyond_the_last_coordinate():
    with pytest.raises(IndexError, match="no such coordinate"):
        Layout.of(np.zeros(2)).name(2)


numbers = st.floats(allow_nan=False, width=64)
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@st.composite
def arrays(draw):
    shape = draw(shapes)
    size = int(np.prod(shape))
    return np.array(draw(st.lists(numbers, min_size=size, max_size=size))).reshape(shape)


trees = st.recursive(
    arrays(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from(["w", "b", "long name"]), inner, max_size=3),
        st.builds(Layer, inner, inner),
    ),
    max_leaves=6,
)


@given(trees)
def test_there_and_back(tree):
    layout = Layout.of(tree)
    vector = layout.flatten(tree)
    assert vector.dtype == np.float64
    assert vector.shape == (layout.size,)
    back = layout.unflatten(vector)
    assert jax.tree.structure(back) == jax.tree.structure(tree)
    for before, after in zip(jax.tree.leaves(tree), jax.tree.leaves(back), strict=True):
        np.testing.assert_array_equal(before, after, strict=True)


@given(trees)
def test_every_coordinate_has_a_name_of_its_own(tree):
    layout = Layout.of(tree)
    names = [layout.name(i) for i in range(layout.size)]
    assert len(set(names)) == len(names)


def test_ravel_is_flatten_for_traced_trees():
    tree = NAMES["nested"][0]
    with jax.enable_x64(True):
        traced = np.asarray(jax.jit(Layout.of(tree).ravel)(tree))
    np.testing.assert_array_equal(traced, Layout.of(tree).flatten(tree))


LAYOUT = Layout.of({"w": np.zeros((2, 2)), "b": np.zeros(2)})

MISFITS = {
    "structure": (
        [np.zeros(2)],
        r"the structure \[array\], the .* have {'b': array, 'w': array};",
    ),
    "missing": ({"w": np.zeros((2, 2))}, "it has the structure .*; give one array for each"),
    "shape": (
        {"w": np.zeros((2, 3)), "b": np.zeros(2)},
        r"it has shape \(2, 3\) at w, the parameter has \(2, 2\); give the same shape",
    ),
    "integers": (
        {"w": np.zeros((2, 2)), "b": np.zeros(2, int)},
        "it has dtype int64 at b; give a real floating dtype",
    ),
    "complex": (
        {"w": np.zeros((2, 2), complex), "b": np.zeros(2)},
        "it has dtype complex128 at w; give a real floating dtype",
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_tree_that_does_not_fit(case):
    tree, message = MISFITS[case]
    with pytest.raises(InputError, match=message):
        LAYOUT.require_same(tree, "it")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, jax.numpy.bfloat16])
def test_a_tree_that_fits(dtype):
    LAYOUT.require_same({"w": np.zeros((2, 2), dtype), "b": np.zeros(2, dtype)}, "it")
