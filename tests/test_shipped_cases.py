"""The shipped tier of the fault benchmark: right gradients are right, wrong ones are wrong.

The formulas are held against the numbers that the reports give, where they give some.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from shipped import CASES, CONTROLS, FAULTS, LEFT_OUT, cotangents, indices, regimes, signs, values

from gradcompare import Verdict, check

WRONG = 1e-3
"""The least relative error of a fault, at the point that exposes it: none of them is subtle."""

IN_GRADIENT = [case for case in FAULTS if case.wrong is not None]
IN_VALUE = [case for case in FAULTS if case.wrong is None]
DECLARED = [case for case in CONTROLS if case.convention]
PLAIN = [case for case in CONTROLS if not case.convention]


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def drawn(case):
    """The point and the other arguments, the same on every run."""
    return case.make(np.random.default_rng(0))


def checked(case, gradient, **options):
    x, args = drawn(case)
    return check(case.value, gradient, x, *args, **case.options, **options)


def gradients(case):
    """Flat: by autodiff, right and as it shipped."""
    x, args = drawn(case)
    numbers = [isinstance(leaf, (float, np.ndarray)) for leaf in args]

    def all_of(x, data):
        given = iter(data)
        full = [next(given) if one else arg for one, arg in zip(numbers, args, strict=True)]
        found = [jax.grad(case.value)(x, *full), case.right(x, *full), case.checked(x, *full)]
        assert jax.tree.structure(found[0]) == jax.tree.structure(found[1])
        return [ravel_pytree(gradient)[0] for gradient in found]

    with jax.enable_x64(True):
        data = [arg for one, arg in zip(numbers, args, strict=True) if one]
        return [np.asarray(g) for g in jax.jit(all_of)(x, data)]


def error(given, reference):
    return np.linalg.norm(given - reference) / np.linalg.norm(reference)


@named([*IN_GRADIENT, *PLAIN])
def test_the_right_gradient_is_that_of_the_value(case):
    by_autodiff, right, shipped = gradients(case)
    assert np.all(np.isfinite(right))
    if np.any(by_autodiff):  # at a minimum there is nothing to be relative to
        assert error(right, by_autodiff) < 1e-9
    else:
        assert not np.any(right)
    if case in IN_GRADIENT:
        finite = bool(np.all(np.isfinite(shipped)))
        assert finite == (case.expected != "NONFINITE")
        assert not finite or error(shipped, right) > WRONG


@named(IN_VALUE)
def test_the_value_carries_the_fault(case):
    """Autodiff or the value itself is wrong; finite differences find the right gradient."""
    comparison = checked(case, case.right, points=1)
    assert comparison.verdict.name == case.expected
    estimates = comparison.results[0].points[0].estimates
    if np.isfinite(comparison.results[0].points[0].value):
        right, numerical = estimates["analytic"].value, estimates["richardson"].value
        assert error(numerical, right) < 1e-7
        assert not error(estimates["reverse"].value, right) < WRONG
    else:
        assert error(gradients(case)[1], gradients(case)[0]) < 1e-9


@named([c for c in FAULTS if c.name in ("math#3369", "pytorch#773")])
def test_a_shipped_fault_is_found_and_its_right_gradient_is_not_accused(case):
    assert checked(case, case.wrong).verdict.name == case.expected
    assert checked(case, case.right).verdict is Verdict.AGREE


@named([case for case in FAULTS if case.nice is not None])
def test_a_fault_that_a_nice_point_hides_is_found_around_it(case):
    x, args = case.nice(np.random.default_rng(0))
    tails = case.name == "math#3369"  # its fault begins ten times as far out
    found = check(case.value, case.wrong, x, *args, **case.options, tails=tails)
    verdicts = [point.judgement.verdict for point in found.results[0].points]
    assert verdicts[0] is Verdict.AGREE
    assert found.verdict is Verdict.ANALYTIC_WRONG


@named(DECLARED)
def test_a_convention_is_wrong_until_it_is_declared(case):
    found = checked(case, case.right, points=1)
    assert found.verdict is Verdict.ANALYTIC_WRONG
    if case.convention.keys() & {"wrt", "scale"}:
        assert "declare" in str(found)
    assert checked(case, case.right, points=1, **case.convention).verdict.name == case.expected


@named([case for case in CONTROLS if case.reference])
def test_a_wrong_value_is_seen_by_a_reference_alone(case):
    assert not case.visible
    assert case.expected == checked(case, case.right, points=1).verdict.name == "AGREE"
    found = checked(case, case.right, points=1, reference=case.reference)
    assert found.verdict is Verdict.VALUE_DIFFERS


def test_cases_say_what_they_are():
    names = [case.name for case in CASES] + [name for name, *_ in LEFT_OUT]
    assert len(set(names)) == len(names)
    for case in CASES:
        assert case.source.startswith("https://github.com/")
        assert case.expected in Verdict.__members__
        assert case.fault
        assert case.visible or case.why
    assert all(case.kinds for case in FAULTS)


def test_faults_are_those_of_the_reports():
    """Numbers that stand in the reports: as it shipped, and as it should be."""
    with jax.enable_x64(True):
        z, others = jnp.array([2.0]), jnp.array([[1.0, 0.0]])
        curvatures = cotangents.class_curvature_wrong, cotangents.class_curvature
        found = [f(z, others, 0.0)[0] for f in curvatures]
        assert found == pytest.approx([0.030139, 0.222695], abs=1e-6)
        gumbel = [signs.gumbel_gradient(jnp.array([4.0]), 3.5, 1.0, s)[0] for s in (-1, 1)]
        assert np.array(gumbel) == pytest.approx([-1.607, -0.393], abs=1e-3)
        p, n = {"alpha": jnp.array(1e11), "beta": jnp.array(0.8)}, jnp.array([1.0])
        large = regimes.negative_binomial_wrong, regimes.negative_binomial_gradient
        assert [f(p, n)["alpha"] for f in large] == pytest.approx([-1.25, -0.811], abs=1e-3)
        pooled = indices.isotonic_gradient(jnp.array([4, 0.7, 2]), jnp.array([0.0, 1, 0]))
        assert list(pooled) == [0, 0.5, 0.5]
        p = {"mean": 0.0, "std": 10.0}
        densities = [f(p, jnp.array([-0.8245])) for f in (values.normal, values.normal_meant)]
        assert densities == pytest.approx([6.0963836, -3.2249227], abs=1e-6)
        p, y = {"mean": 0.5, "scale": 2.0}, jnp.array([1.5])
        densities = [values.logistic(p, y, halves) for halves in (1.0, 0.5)]
        assert densities == pytest.approx([-2.319672, -2.141301], abs=1e-5)
