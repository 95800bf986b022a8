"""`check` and `estimate`: one pair of functions, any parameters, any further arguments."""

from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Comparison, Verdict, check, estimate
from gradcompare.methods._registry import registered_methods
from gradcompare.methods.finite_difference import Central

X = np.array([1.0, -2.0, 0.5])


def cubes(x):
    return sum(jnp.sum(leaf**3) for leaf in jax.tree.leaves(x))


def cubes_gradient(x):
    return jax.tree.map(lambda leaf: 3 * leaf**2, x)


class Layer(NamedTuple):
    w: np.ndarray
    b: np.ndarray


MATRIX = np.arange(1.0, 9.0).reshape(4, 2)

METHODS = [m for m, method in registered_methods().items() if method.source != "analytic"]

POINTS = {
    "array": X,
    "matrix": MATRIX,
    "jax-array": jnp.array([1.0, 2.0]),
    "float32-array": np.array([1, 2], np.float32),
    "scalar": 2.0,
    "numpy-scalar": np.float64(2.0),
    "0-d": np.array(2.0),
    "list-of-floats": [1.0, 2.0],
    "tuple-of-floats": (1.0, 2.0),
    "dict": {"w": MATRIX, "b": X},
    "named-tuple": Layer(MATRIX, X),
    "list-of-arrays": [X, MATRIX],
    "nested": {"layers": [Layer(MATRIX, X), Layer(MATRIX[:2], X[:1])], "scale": np.array(3.0)},
}


@pytest.mark.parametrize("point", sweep(POINTS, every=2))
def test_any_parameters_agree(point):
    result = check(cubes, cubes_gradient, POINTS[point])
    assert isinstance(result, Comparison)
    assert result.verdict is Verdict.AGREE
    assert result.ok is True


@pytest.mark.parametrize("point", sweep(POINTS, every=3))
def test_a_factor_is_found_in_any_parameters(point):
    def twice(x):
        return jax.tree.map(lambda leaf: 6 * leaf**2, x)

    result = check(cubes, twice, POINTS[point])
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert result.ok is False


IN_TURN = [(point, METHODS[turn % len(METHODS)]) for turn, point in enumerate(POINTS)]


@pytest.mark.parametrize(("point", "method"), sweep(product(POINTS, METHODS), IN_TURN))
def test_estimate_has_the_structure_of_the_point(point, method):
    x = np.array(POINTS[point]) if point.endswith("-of-floats") else POINTS[point]
    given = estimate(cubes, POINTS[point], method=method)
    for tree in (given.value, given.error):
        assert jax.tree.structure(tree) == jax.tree.structure(x)
        for leaf, parameter in zip(jax.tree.leaves(tree), jax.tree.leaves(x), strict=True):
            assert isinstance(leaf, np.ndarray)
            assert leaf.dtype == np.float64
            assert leaf.shape == np.shape(parameter)
    assert (given.evaluations > 0) == (registered_methods()[method].source == "differences")


FAULTY_NAMES = {
    "x[2]": (X, lambda g: g.at[2].multiply(1.01)),
    "x[3, 1]": (MATRIX, lambda g: g.at[3, 1].multiply(1.01)),
    "w[3, 1]": (POINTS["dict"], lambda g: {**g, "w": g["w"].at[3, 1].multiply(1.01)}),
    "b[0]": (POINTS["named-tuple"], lambda g: g._replace(b=g.b.at[0].multiply(1.01))),
    "x[1][0, 1]": (POINTS["list-of-arrays"], lambda g: [g[0], g[1].at[0, 1].multiply(1.01)]),
    "scale": (POINTS["nested"], lambda g: {**g, "scale": 1.01 * g["scale"]}),
    "layers[1].w[1, 0]": (
        POINTS["nested"],
        lambda g: {
            **g,
            "layers": [g["layers"][0], Layer(g["layers"][1].w.at[1, 0].add(1), g["layers"][1].b)],
        },
    ),
}


@pytest.mark.parametrize("name", sweep(FAULTY_NAMES, every=2))
def test_the_faulty_coordinate_is_named(name):
    x, change = FAULTY_NAMES[name]
    result = check(cubes, lambda x: change(cubes_gradient(x)), x)
    size = sum(np.size(leaf) for leaf in jax.tree.leaves(x))
    text = str(result)
    assert f"cubes (d = {size}): ANALYTIC_WRONG (GC302): " in text
    assert f"1 of {size} coordinates:" in text
    rows = [line.split("  ")[1] for line in text.splitlines() if "±" in line]
    assert rows == [name]


def test_the_text_of_an_agreement_states_its_floor_and_its_pairs():
    text = str(check(cubes, cubes_gradient, X))
    assert text.startswith("cubes (d = 3): AGREE (GC100): ")
    assert "in any one verified coordinate" in text
    assert "would have been detected" in text
    for pair in ("analytic – reverse", "analytic – richardson", "reverse – richardson"):
        assert f"{pair}: relative error" in text


def test_without_a_gradient_autodiff_is_checked():
    result = check(cubes, None, X)
    assert result.verdict is Verdict.AGREE
    assert "analytic: not available: cubes has no hand-written gradient" in str(result)


@pytest.mark.parametrize(
    ("u", "sentence"),
    [
        ([-1.0, 0.0, 0.0], r"f'\(x; u\) = -3 ± .*: u is a descent direction"),
        ([1.0, 0.0, 0.0], r"f'\(x; u\) = 3 ± .*: u is not a descent direction"),
        ([4.0, -1.0, 0.0], r"f'\(x; u\) = .* ± .*: the error bar contains 0"),
    ],
)
def test_direction_says_whether_it_descends(u, sentence):
    result = check(cubes, cubes_gradient, X, direction=np.array(u))
    assert result.verdict is Verdict.AGREE
    assert result.results[0].quantity == "directional"
    with pytest.raises(AssertionError, match=sentence):
        raise AssertionError(str(result))


def test_a_partial_derivative_is_the_direction_of_an_axis():
    given = estimate(cubes, {"w": MATRIX}, direction={"w": np.eye(4, 2)})
    assert abs(given.value - 3 * (MATRIX[0, 0] ** 2 + MATRIX[1, 1] ** 2)) <= given.error


def test_wrong_gradient_is_found_along_a_direction():
    result = check(cubes, lambda x: 1.01 * cubes_gradient(x), X, direction=np.ones(3))
    assert result.verdict is Verdict.ANALYTIC_WRONG


def test_more_points_find_what_one_point_hides():
    """At x = 1 the gradient of x² written for x³ is off by a factor that vanishes nowhere else."""
    result = check(lambda x: jnp.sum(x**2), lambda x: 2 * x**2, np.ones(2), points=1)
    assert result.verdict is Verdict.AGREE
    result = check(lambda x: jnp.sum(x**2), lambda x: 2 * x**2, np.ones(2), points=3)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert result.results[0].points[0].label == "x0"
    assert len({tuple(point.x) for point in result.results[0].points}) == 3


def test_points_are_those_of_the_seed():
    one, same, other = (check(cubes, None, X, points=2, seed=s).results[0] for s in (5, 5, 6))
    np.testing.assert_array_equal(one.points[1].x, same.points[1].x)
    assert not np.array_equal(one.points[1].x, other.points[1].x)


def test_comparison_has_no_truth_value():
    with pytest.raises(TypeError, match=r"ask for its \.ok or its \.verdict"):
        bool(check(cubes, cubes_gradient, X))


def test_methods_are_chosen_by_label_or_instance():
    result = check(cubes, cubes_gradient, X, methods=["analytic", Central(step=1e-4)])
    assert set(result.results[0].points[0].estimates) == {"analytic", "central(step=0.0001)"}


def test_one_source_is_not_a_check():
    assert check(cubes, cubes_gradient, X, methods="analytic").verdict is Verdict.NOT_A_CHECK


def test_a_right_gradient_that_rounds_otherwise_agrees():
    """Terms of the data cancel, which no displacement of the parameter at zero can show."""
    w = np.array([1 / 3, 0.7, -1.0333])
    result = check(
        lambda x, w: jnp.sum(w) * jnp.sin(x[0]),
        lambda x, w: jnp.stack([(w[0] + (w[1] + w[2])) * jnp.cos(x[0])]),
        np.zeros(1),
        w,
        points=1,
    )
    assert result.verdict is Verdict.AGREE, str(result)
