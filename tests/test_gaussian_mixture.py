"""The Gaussian mixture against figures of ADBench and of SciPy, and its reader of instances."""

from pathlib import Path

import jax
import numpy as np
import pytest

from gradcompare import InputError
from gradcompare.objectives import gaussian_mixture
from gradcompare.objectives._adbench import read_instance
from gradcompare.objectives.gaussian_mixture import Data, Params

HERE = Path(__file__).parent
SMALL = HERE / "data" / "gmm_d2_K5.txt"
LARGER = HERE.parents[1] / "shared" / "adbench"
"""A directory beside the repository with instances too large to come with it."""

RELATIVE = 1e-12


def path_of(instance: str) -> Path:
    directory = SMALL.parent if instance == "d2_K5" else LARGER
    if not directory.is_dir():
        pytest.skip(f"the instance {instance} of ADBench is looked for in {directory}")
    return directory / f"gmm_{instance}.txt"


def at(params: Params, data: Data) -> tuple[float, np.ndarray]:
    """The value and the gradient, flat and in the order of ADBench, in float64."""
    with jax.enable_x64(True):
        value = jax.jit(gaussian_mixture.value)(params, data)
        gradient = jax.jit(gaussian_mixture.gradient)(params, data)
        return float(value), np.concatenate([np.ravel(part) for part in gradient])


@pytest.mark.parametrize("instance", ["d2_K5", "d10_K25", "d20_K10"])
def test_value_and_gradient_are_those_of_adbench(instance):
    path = path_of(instance)
    golden_value, *golden_gradient = np.loadtxt(path.with_suffix(".golden.txt"))
    value, gradient = at(*read_instance(path))
    assert value == pytest.approx(golden_value, rel=RELATIVE, abs=0)
    allowed = RELATIVE * np.max(np.abs(golden_gradient))
    np.testing.assert_allclose(gradient, golden_gradient, rtol=0, atol=allowed)


def test_value_with_another_prior_is_that_of_scipy():
    """By SciPy 1.17.1, as the instances of ADBench have γ = 1 and m = 0.

    Of the densities w₁ N₁ + w₂ N₂ by `scipy.stats.multivariate_normal(mean, inv(Q.T @ Q)).pdf`
    the sum of logarithms, less `scipy.stats.wishart.logpdf(Q.T @ Q, 2 + m + 1, eye(2) / γ²)`.
    """
    alphas, means = np.array([0.2, -0.5]), np.array([[0.5, -1.0], [2.0, 0.25]])
    icf = np.array([[0.1, -0.2, 0.7], [-0.3, 0.4, -0.6]])
    X = np.array([[0.0, 0.0], [1.0, -1.0], [2.0, 0.5], [-1.0, 1.5], [3.0, 1.0]])
    value, _ = at(Params(alphas, means, icf), Data(X, gamma=1.5, m=3.0))
    assert value == pytest.approx(-7.205488298104639, rel=RELATIVE, abs=0)


def test_distance_from_the_origin_does_not_matter():
    """What rounding does to a coordinate of 1e6, 1e-10, may show, but not its square."""
    params, data = gaussian_mixture.draw(np.random.default_rng(0), K=4, d=3, n=50)
    far = params._replace(means=params.means + 1e6), data._replace(X=data.X + 1e6)
    (value, gradient), (far_value, far_gradient) = at(params, data), at(*far)
    assert far_value == pytest.approx(value, rel=1e-8)
    np.testing.assert_allclose(far_gradient, gradient, rtol=0, atol=1e-8 * max(abs(gradient)))


def test_instance_has_the_shapes_of_its_header():
    params, data = read_instance(SMALL)
    assert [part.shape for part in params] == [(5,), (5, 2), (5, 3)]
    assert data.X.shape == (1000, 2)
    assert (data.gamma, data.m) == (1.0, 0.0)
    # The second line, the first of the means, and the last of the points.
    assert params.alphas[0] == -0.649014
    np.testing.assert_array_equal(params.means[0], [0.345561, 0.396767])
    np.testing.assert_array_equal(data.X[-1], [0.388815, -0.447613])


TEXT = SMALL.read_text(encoding="utf-8")

UNREADABLE = {
    "truncated": (
        TEXT[: len(TEXT) // 2],
        r"has \d+ numbers .* d = 2, K = 5 and n = 1000 need 2032",
    ),
    "one too many": (TEXT + "0\n", r"has 2033 numbers .* need 2032"),
    "header of another": (TEXT.replace("2 5 1000", "2 5 999", 1), "has 2032 .* need 2030"),
    "no header": (TEXT.partition("\n")[2], "starts with '-0.649014'; .*three positive integers"),
    "negative header": ("2 -5 1000\n", "starts with '2 -5 1000'; .*three positive integers"),
    "empty": ("", "starts with ''; .*three positive integers"),
    "word": (TEXT.replace("1.181166", "alpha"), "something else than numbers .*'alpha'"),
    "not finite": (TEXT.replace("1.181166", "nan"), "not finite; give finite numbers"),
}


@pytest.mark.parametrize("fault", UNREADABLE)
def test_what_is_wrong_with_a_file_is_said(fault, tmp_path):
    text, message = UNREADABLE[fault]
    path = tmp_path / "instance.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"instance.txt .*{message}"):
        read_instance(path)


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match=r"none.txt cannot be read .*; give a text instance"):
        read_instance(tmp_path / "none.txt")
