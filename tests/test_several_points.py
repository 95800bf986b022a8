"""`at=`: a result for each point of the user's own, and one summary."""

import jax.numpy as jnp
import numpy as np
import pytest

import gradcompare
from gradcompare import Comparison, InputError, Verdict, check

CALLS: list[int] = []


def value(x):
    CALLS.append(1)
    return jnp.sum(jnp.where(x > 5, x**2, x**3))


def gradient(x):
    """Wrong where x > 5."""
    return jnp.where(x > 5, x, 3 * x**2)


def right(x):
    return jnp.where(x > 5, 2 * x, 3 * x**2)


X, NEAR, FAR = [1.0, 2.0], [0.5, 1.5], [7.0, 8.0]


@pytest.mark.parametrize("at", [[NEAR, FAR], np.array([NEAR, FAR]), (np.array(NEAR), FAR)])
def test_each_point_has_its_result_and_the_print_a_summary(at):
    comparison = check(value, gradient, X, at=at, points=1)
    names = [result.objective for result in comparison]
    assert names == ["value at x0", "value at x1", "value at x2"]
    verdicts = [result.verdict for result in comparison]
    assert verdicts == [Verdict.AGREE, Verdict.AGREE, Verdict.ANALYTIC_WRONG]
    last = str(comparison).splitlines()[-1]
    assert last == "3 points: ANALYTIC_WRONG (GC302) at x2; AGREE (GC100) at x0, x1"
    np.testing.assert_array_equal(comparison.results[2].points[0].x, FAR)
    assert str(Comparison.from_json(comparison.to_json())) == str(comparison)


def test_programs_are_traced_once():
    def calls(**options):
        CALLS.clear()
        check(value, right, X, points=1, **options)
        return len(CALLS)

    assert calls(at=[NEAR] * 5) <= calls() + 2


def test_a_failure_is_a_row_and_takes_no_other_with_it():
    def careful(x):
        if float(np.asarray(x)[0]) < 0:
            raise ValueError("negative")
        return float(np.sum(np.asarray(x) ** 3))

    at = [[-1.0, 2.0], [1.0, np.nan], NEAR]
    comparison = check(careful, lambda x: 3 * np.asarray(x) ** 2, X, at=at, points=1)
    verdicts = [result.verdict for result in comparison]
    assert verdicts == [Verdict.AGREE, Verdict.ERROR, Verdict.ERROR, Verdict.AGREE]
    assert "negative" in comparison.results[1].message
    assert "x[1]" in comparison.results[2].message
    assert not comparison.ok


def test_what_fails_everywhere_is_raised():
    with pytest.raises(KeyError):
        check(value, lambda x: {}["missing"], X, at=[NEAR])


def test_points_of_pytrees_and_other_quantities():
    def fun(p):
        return p["a"] * jnp.sin(p["b"])

    def jac(p):
        return {"a": jnp.sin(p["b"]), "b": jnp.diag(p["a"] * jnp.cos(p["b"]))}

    p = {"a": np.array(0.5), "b": np.array([0.3, 0.9])}
    at = {"a": np.array([0.7, 0.0]), "b": np.array([[1.0, 2.0], [3.0, 4.0]])}
    comparison = gradcompare.check_jacobian(fun, jac, p, at=at, points=1)
    assert [result.verdict for result in comparison] == [Verdict.AGREE] * 3
    np.testing.assert_array_equal(comparison.results[2].points[0].x, [0.0, 3.0, 4.0])
    second = gradcompare.check_hessian(
        value, lambda x: jnp.diag(6 * x), X, gradient=right, at=[NEAR], points=1
    )
    assert [r.quantity for r in second] == ["gradient", "gradient", "hessian", "hessian"]
    assert str(second).splitlines()[-1] == "2 points: AGREE (GC100) at x0, x1"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ([NEAR, [1.0]], r"at\[1\] has shape \(1,\), and x0 has shape \(2,\)"),
        (np.ones((2, 3)), r"at has shape \(2, 3\), and x0 has shape \(2,\)"),
        ([], "at has no points"),
        ([{"x": 1.0}], r"at\[0\] has shape \(\)"),
    ],
)
def test_points_that_do_not_fit_are_one_clear_error(at, words):
    with pytest.raises(InputError, match=words):
        check(value, right, X, at=at)
