"""Checks without a step: line integrals, and the symmetry of the Jacobian of a gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_line_integral import CONTINUOUS, MARKET, WEIGHTS, digital, digital_pathwise

from gradcompare import (
    InputError,
    LineIntegral,
    Symmetry,
    Verdict,
    check,
    integral,
    symmetry,
)
from gradcompare._engine.identities.quadrature import Piece, integrate

X = np.array([0.7, -1.3, 2.1])


def value(x):
    return jnp.sum(jnp.sin(x) * x**2)


GRADIENT = jax.grad(value)


def noisy(x):
    return float(np.sum(np.sin(x)) + 1e-5 * np.sin(1e9 * x[0]))


def narrow(x):
    return float(np.float32(np.sum(np.float32(np.sin(x)))))


def stopped(x):
    """The root of z³ + z = Σ sin x by bisection, stopped at 1e-6."""
    low, high, target = -9.0, 9.0, np.sum(np.sin(x))
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if middle**3 + middle < target else (low, middle)
    return low


def of_stopped(x):
    return np.cos(x) / (3 * stopped(x) ** 2 + 1)


def test_the_rule_is_exact_for_polynomials_of_degree_eleven():
    piece = Piece.of(lambda t: 12 * t**11, 0.0, 1.0)
    assert abs(piece.value - 1) < 1e-14
    assert abs(Piece.of(lambda t: 13 * t**12, 0.0, 1.0).value - 1) > 1e-12


def test_the_error_bar_of_the_quadrature_holds_across_a_jump():
    pieces = integrate(lambda t: np.where(t < 1 / 3, 1.0, 2.0), 1e-12)
    off = abs(sum(p.value for p in pieces) - 5 / 3)
    assert 0 < off < sum(p.error for p in pieces) < 1e-2


@pytest.mark.parametrize(
    ("f", "g", "digits"),
    [(value, GRADIENT, 12), (noisy, np.cos, 3), (narrow, np.cos, 4), (stopped, of_stopped, 3)],
)
def test_right_wrong_and_by_how_much(f, g, digits):
    right = integral(f, g, X)
    assert right.ok
    assert right.digits >= digits
    wrong = integral(f, lambda x: g(x) * np.array([1.0, 1.0, 0.7]), X)
    assert wrong.answer == "wrong"
    share = 0.3 * abs(g(X)[2] * X[2]) / np.linalg.norm(g(X) * X)
    assert share / 2 < wrong.error < 2 * share
    assert "f is not the integral of this gradient" in str(wrong)


def test_a_small_error_is_inexact_until_it_is_accepted():
    def off(x):
        return (1 + 1e-5) * GRADIENT(x)

    result = integral(value, off, X)
    assert (result.answer, result.ok) == ("inexact", False)
    assert 0.5e-5 < result.error < 2e-5
    assert integral(value, off, X, accuracy=1e-4).ok


def test_a_field_that_is_no_gradient_does_not_close():
    result = integral(value, lambda x: GRADIENT(x) + jnp.roll(x, 1), X)
    assert result.is_no_gradient
    assert "no function has this gradient" in str(result)
    factor = integral(value, lambda x: 2 * GRADIENT(x), X)
    assert factor.answer == "wrong"
    assert not factor.is_no_gradient


def test_too_much_noise_is_undecided_and_a_larger_radius_helps():
    def loud(x):
        return float(np.sum(x**2) + 0.05 * np.sin(1e9 * x[0]))

    result = integral(loud, lambda x: 2 * x, X)
    assert result.answer == "undecided"
    assert "larger radius=" in str(result)
    assert integral(loud, lambda x: 2 * x, X, radius=3.0).ok


def test_jumps_are_no_fault_of_the_gradient():
    result = integral(digital, digital_pathwise, MARKET)
    assert result.answer == "jumps"
    assert not result.ok


@pytest.mark.parametrize("name", CONTINUOUS)
def test_features_that_the_rule_does_not_see_accuse_nobody(name):
    f, g = CONTINUOUS[name]
    assert integral(f, g, WEIGHTS).answer in ("right", "undecided")


def test_the_polygon_stays_in_the_domain_and_where_f_is_finite():
    assert integral(lambda x: jnp.sum(jnp.log(x)), None, [1e-3, 1.0], domain="positive").ok
    small = integral(lambda x: jnp.sum(jnp.sqrt(1.01 - x)), None, [1.0, 1.0])
    assert small.ok
    assert small.radius < 0.1


def test_json_and_truth():
    result = integral(value, None, {"a": X, "b": 2.0}["a"], segments=3)
    assert str(LineIntegral.from_json(result.to_json())) == str(result)
    assert len(result.gaps) == len(result.bars) == 3
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(result)


@pytest.mark.parametrize("wrong", [{"segments": 2}, {"radius": 0.0}, {"step": 1e-3}])
def test_input_that_cannot_be_used(wrong):
    with pytest.raises(InputError):
        integral(value, GRADIENT, X, **wrong)


def swirl(x):
    return jnp.stack([x[0] * x[1], x[0] ** 2, x[2]])


def swirl_on_host(x):
    return np.array([x[0] * x[1], x[0] ** 2, x[2]])


@pytest.mark.parametrize(
    ("field", "source"), [(swirl, "autodiff"), (swirl_on_host, "differences")]
)
def test_a_field_with_an_asymmetric_jacobian_is_named_with_its_coordinates(field, source):
    result = symmetry(field, X)
    assert (result.answer, result.source) == ("asymmetric", source)
    assert result.worst is not None
    assert {result.worst.row, result.worst.column} == {"x[0]", "x[1]"}
    assert sorted([result.worst.entry, result.worst.mirrored]) == pytest.approx([0.7, 1.4])
    assert "the gradient of no function" in str(result)
    assert str(Symmetry.from_json(result.to_json())) == str(result)


def test_a_gradient_is_symmetric_and_large_ones_have_no_matrix():
    assert symmetry(GRADIENT, X).ok
    assert symmetry(lambda x: 3 * x, X).ok  # of another function: symmetry alone cannot tell
    rng = np.random.default_rng(0)
    A = rng.standard_normal((100, 100))
    result = symmetry(lambda x, A: A @ x, np.ones(100), A)
    assert result.answer == "asymmetric"
    assert result.worst is None
    with pytest.raises(InputError, match="return 3 real floating numbers"):
        symmetry(lambda x: x[:1], X)
    with pytest.raises(InputError, match="pairs"):
        symmetry(GRADIENT, X, pairs=0)


def test_a_check_that_noise_keeps_from_a_decision_says_what_the_integral_is():
    def loud(x):
        noise = np.random.default_rng(x.view(np.uint64)).standard_normal()
        return float(np.sum(np.sin(5 * x) * x) + 0.1 * noise)

    def slopes(x):
        return np.sin(5 * x) + 5 * x * np.cos(5 * x)

    result = check(loud, slopes, X)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "without differences: along 4 lines" in str(result)
    assert "f is the integral of the gradient to 1 digit" in str(result)


def test_an_unexplained_fault_that_makes_it_no_gradient_is_said_to_do_so():
    weights = np.random.default_rng(0).standard_normal((3, 3))

    def strange(x):
        return GRADIENT(x) + jnp.tanh(weights @ x) * jnp.array([1.0, 0.3, 2.0])

    (result,) = check(value, strange, X)
    assert [finding.kind for finding in result.diagnosis][-1] == "no gradient"
    (named,) = check(value, lambda x: 2 * GRADIENT(x), X)
    assert [finding.kind for finding in named.diagnosis] == ["factor"]
