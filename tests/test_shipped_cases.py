"""The shipped tier of the fault benchmark: right gradients are right, wrong ones are wrong.

The formulas are held against the numbers that the reports give, where they give some.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from shipped import CASES, CONTROLS, FAULTS, LEFT_OUT, cotangents, indices, regimes, signs, values
from sweeps import sweep

from gradcompare import Verdict, check

QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Compiled so, the gradients of all cases take a quarter less time."""

WRONG = 1e-3
"""The least relative error of a fault, at the point that exposes it: none of them is subtle."""

IN_GRADIENT = [case for case in FAULTS if case.wrong is not None]
IN_VALUE = [case for case in FAULTS if case.wrong is None]
DECLARED = [case for case in CONTROLS if case.convention]
PLAIN = [case for case in CONTROLS if not case.convention]
FORMULAS = {case.name: case for case in (*IN_GRADIENT, *PLAIN)}


def named(cases, kind=lambda case: case.name):
    """The cases by name; always the first of each kind, which is each case if none is given."""
    kept = {kind(case): case for case in reversed(cases)}
    ids = [case.name for case in cases]
    return pytest.mark.parametrize("case", sweep(cases, kept.values()), ids=ids)


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
        return [np.asarray(g) for g in jax.jit(all_of, compiler_options=QUICK)(x, data)]


def error(given, reference):
    return np.linalg.norm(given - reference) / np.linalg.norm(reference)


@pytest.mark.parametrize("name", sweep(FORMULAS, every=6))
def test_the_right_gradient_is_that_of_the_value(name):
    case = FORMULAS[name]
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


@named(IN_VALUE, lambda case: case.expected)
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


def in_tails(case):
    """Whether the fault begins ten times as far out."""
    return case.name == "math#3369"


@named([case for case in FAULTS if case.nice is not None], in_tails)
def test_a_fault_that_a_nice_point_hides_is_found_around_it(case):
    x, args = case.nice(np.random.default_rng(0))
    found = check(case.value, case.wrong, x, *args, **case.options, tails=in_tails(case))
    verdicts = [point.judgement.verdict for point in found.results[0].points]
    assert verdicts[0] is Verdict.AGREE
    assert found.verdict is Verdict.ANALYTIC_WRONG


@named(DECLARED, lambda case: "intent" in case.convention)
def test_a_convention_is_wrong_until_it_is_declared(case):
    found = checked(case, case.right, points=1)
    assert found.verdict is Verdict.ANALYTIC_WRONG
    if case.convention.keys() & {"wrt", "scale"}:
        assert "declare" in str(found)
    assert checked(case, case.right, points=1, **case.convention).verdict.name == case.expected


@named([case for case in CONTROLS if case.reference], lambda case: bool(case.reference))
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


def one(number):
    """A vector with one entry."""
    return np.array([number])


SCORES = one(2.0), np.array([[1.0, 0.0]]), 0.0
LARGE = {"alpha": np.array(1e11), "beta": np.array(0.8)}, one(1.0)
POOLED = np.array([4, 0.7, 2]), np.array([0.0, 1, 0])
NORMAL = {"mean": 0.0, "std": 10.0}, one(-0.8245)
LOGISTIC = {"mean": 0.5, "scale": 2.0}, one(1.5)
REPORTED = {
    "EvoTrees.jl!359 got": (cotangents.class_curvature_wrong, SCORES, 0.030139),
    "EvoTrees.jl!359": (cotangents.class_curvature, SCORES, 0.222695),
    "Distributions.jl!1821 got": (signs.gumbel_gradient, (one(4.0), 3.5, 1.0, -1), -1.6065),
    "Distributions.jl!1821": (signs.gumbel_gradient, (one(4.0), 3.5, 1.0), -0.3935),
    "math#1578 got": (lambda *a: regimes.negative_binomial_wrong(*a)["alpha"], LARGE, -1.25),
    "math#1578": (lambda *a: regimes.negative_binomial_gradient(*a)["alpha"], LARGE, -0.81093),
    "tensorflow#127234": (lambda *a: indices.isotonic_gradient(*a)[1], POOLED, 0.5),
    "genjax#430 got": (values.normal, NORMAL, 6.0963836),
    "genjax#430": (values.normal_meant, NORMAL, -3.2249227),
    "EvoTrees.jl!348 got": (values.logistic, LOGISTIC, -2.319672),
    "EvoTrees.jl!348": (values.logistic, (*LOGISTIC, 0.5), -2.141301),
}
"""Numbers that stand in the reports: what they got, and what it should be."""


@pytest.mark.parametrize(("function", "args", "number"), REPORTED.values(), ids=REPORTED)
def test_formulas_give_the_numbers_of_the_reports(function, args, number):
    with jax.enable_x64(True):
        assert jnp.ravel(jax.jit(function)(*args))[0] == pytest.approx(number, rel=1e-4)
