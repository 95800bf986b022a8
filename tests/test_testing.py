"""`assert_gradient`: what passes, what fails, and the report that a failed test shows."""

import inspect
import itertools
import pickle
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradcompare
from gradcompare import Comparison, GradcompareError, InputError, Objective, Verdict, check
from gradcompare._results.report.brief import LINES, WIDTH, brief
from gradcompare.testing import (
    GradientMismatch,
    assert_gradient,
    assert_hessian,
    assert_hvp,
    assert_jacobian,
    assert_jvp,
    assert_objective,
    assert_vjp,
)

X = np.array([1.0, -2.0, 0.5, 3.0, -1.5])


def cubes(x):
    return jnp.sum(x**3)


def gradient(x):
    return 3 * x**2


def halved(x):
    return (3 * x**2).at[1].multiply(0.5)


def report(*args, **options) -> str:
    """The message of a failure, of which every line fits."""
    with pytest.raises(GradientMismatch) as raised:
        assert_gradient(*args, **options)
    lines = str(raised.value).splitlines()
    assert len(lines) <= LINES == 15
    assert max(map(len, lines)) <= WIDTH == 110
    return str(raised.value)


def test_a_right_gradient_passes_and_the_comparison_comes_back():
    result = assert_gradient(cubes, gradient, X)
    assert isinstance(result, Comparison)
    assert result.verdict is Verdict.AGREE


def test_further_arguments_and_options_are_those_of_check():
    def value(x, a, power):
        return a * jnp.sum(x**power)

    result = assert_gradient(
        value, lambda x, a, power: a * power * x ** (power - 1), X, 2.0, 3, points=1, seed=4
    )
    assert len(result.results[0].points) == 1
    assert result.settings["seed"] == 4


def test_an_editor_sees_the_arguments_of_check():
    theirs = inspect.signature(check).parameters
    ours = dict(inspect.signature(assert_gradient).parameters)
    assert ours.pop("benchmark").default is None
    assert ours == theirs


def test_a_wrong_gradient_fails_as_an_assertion():
    with pytest.raises(AssertionError) as raised:
        assert_gradient(cubes, halved, X)
    assert isinstance(raised.value, GradcompareError)
    assert isinstance(raised.value, GradientMismatch)
    assert raised.value.comparison.verdict is Verdict.ANALYTIC_WRONG


def test_the_report_says_what_is_wrong_where_and_what_to_do():
    lines = report(cubes, halved, X).splitlines()
    assert lines[0].startswith("cubes (d = 5): ANALYTIC_WRONG (GC302): the analytic derivative is")
    assert lines[1] == "  Re-derive the coordinates listed."
    assert lines[2].startswith("  at x0, near x0, far from x0; at x0, 1 of 5 coordinates:")
    assert lines[3].split() == ["analytic", "reverse", "richardson"]
    name, analytic, _, _, autodiff = lines[4].split()[:5]
    assert (name, analytic, autodiff) == ("x[1]", "6", "12")
    assert any(line.startswith("  an error above ") for line in lines)
    assert "relative error" in lines[-4]  # the floor takes two lines
    assert lines[-1].startswith(
        "  settings: analytic, reverse, richardson; 3 points, seed 0, float64; jax "
    )


def test_the_worst_coordinates_come_first_and_the_rest_is_counted():
    text = report(cubes, lambda x: gradient(x) + jnp.arange(5) ** 4 * 1e-3, X, points=1)
    rows = [line.split()[0] for line in text.splitlines() if "±" in line]
    assert rows == ["x[4]", "x[2]", "x[3]"]  # by how far they are outside of their bars
    assert "    and 1 more\n" in text


def test_small_differences_are_seen_in_the_digits_shown():
    text = report(cubes, lambda x: gradient(x) * (1 + 1e-9), X)
    row = next(line for line in text.splitlines() if "±" in line)
    given, right = (float(cell.split()[-1]) for cell in row.split("±")[:2])
    assert 0 < abs(given / right - 1) < 1e-8


def test_long_names_keep_their_ends():
    def value(tree):
        return sum(jnp.sum(leaf**3) for leaf in jax.tree.leaves(tree))

    point = {"a_block_with_a_long_name": {"and_a_layer_with_another": np.ones((3, 40))}}
    text = report(value, lambda t: jax.tree.map(lambda leaf: 3 * leaf**2 * (1 + 1e-10), t), point)
    row = next(line for line in text.splitlines() if "±" in line)
    assert row.split()[0].startswith("a_block_wit…")
    assert "]" in row


def test_the_kind_of_fault_is_named():
    text = report(cubes, lambda x: 6 * x**2, X)
    assert "  what: " in text


SERIES = itertools.count()

NOT_VERIFIED = {
    "one-source": (
        (cubes, gradient, X),
        {"methods": "analytic"},
        r"NOT_A_CHECK \(GC501\).*\n(.*\n)?  Give a gradient",
    ),
    "autodiff-itself": ((cubes, jax.grad(cubes), X), {}, r"NOT_A_CHECK(.*\n)*.*the same program"),
    "gradient-left-out": (
        (cubes, lambda x: 5 * x, X),
        {"methods": ["reverse", "richardson"]},
        r"NOT_A_CHECK \(GC501\): the gradient was not among the methods compared\n"
        "  Name `analytic` in methods",
    ),
    "jump": (
        (lambda x: jnp.sum(jnp.sign(x) + x), jnp.ones_like, np.array([0.0, 1.0])),
        {},
        r"INCONCLUSIVE \(GC201\)(.*\n)*.*f jumps",
    ),
    "nothing-verified": (
        (lambda x: 1e-30 * np.sum(np.asarray(x) ** 2).item() + 1.0, lambda x: 2e-30 * x, X),
        {},
        r"INCONCLUSIVE \(GC201\): nothing was verified(.*\n)*.*detection floor: none",
    ),
    "random": (
        (lambda x: float(np.sum(x)) + next(SERIES), jnp.ones_like, X),
        {},
        r"STOCHASTIC \(GC402\)(.*\n)*  Pass its random key",
    ),
    "infinite": ((lambda x: jnp.sum(jnp.log(x)), lambda x: 1 / x, np.zeros(2)), {}, "NONFINITE"),
    "broken": (
        (cubes, lambda x: {}["missing"], X),
        {"on_error": "row"},
        r"ERROR \(GC502\)\n  .*KeyError(.*\n)*  Correct what the message says",
    ),
}


@pytest.mark.parametrize("case", NOT_VERIFIED)
def test_what_was_not_verified_does_not_pass(case):
    args, options, message = NOT_VERIFIED[case]
    with pytest.raises(GradientMismatch, match=message):
        assert_gradient(*args, **options)
    report(*args, **options)


def test_unusable_input_is_no_mismatch():
    with pytest.raises(InputError, match="give a function gradient"):
        assert_gradient(cubes, 3, X)


def test_autodiff_is_asserted_without_a_gradient():
    assert assert_gradient(cubes, None, X).verdict is Verdict.AGREE

    @jax.custom_jvp
    def sine(x):
        return jnp.sin(x)

    sine.defjvp(lambda x, t: (sine(x[0]), -jnp.sin(x[0]) * t[0]))
    with pytest.raises(GradientMismatch, match=r"AUTODIFF_WRONG \(GC301\)"):
        assert_gradient(lambda x: jnp.sum(sine(x)), None, X)


def test_a_valid_subgradient_passes_and_another_does_not():
    def value(x):
        return jnp.sum(jnp.abs(x))

    point = np.array([0.0, 1.0])
    assert assert_gradient(value, jnp.sign, point).verdict is Verdict.VALID_SUBGRADIENT
    text = report(value, lambda x: jnp.sign(x) + 1.7 * (x == 0), point)
    assert "-1 | 1 (left | right)" in text


def test_zero_comparisons_do_not_pass():
    nothing = replace(check(cubes, gradient, X), results=())
    assert brief(nothing) == "NOT_A_CHECK (GC501): nothing was compared\n  Give an objective."
    with pytest.raises(GradientMismatch, match="nothing was compared"):
        raise GradientMismatch(nothing)


def test_the_report_of_an_agreement_and_of_several_results():
    right, wrong = check(cubes, gradient, X), check(cubes, halved, X)
    assert brief(right).startswith("cubes (d = 5): AGREE (GC100)")
    assert right.verdict.advice not in brief(right)
    both = replace(right, results=(*right.results, *wrong.results, *wrong.results))
    assert "ANALYTIC_WRONG" in brief(both).splitlines()[0]
    assert brief(both).splitlines()[-1] == "  and 1 more: cubes"


def test_a_mismatch_survives_pickling():
    with pytest.raises(GradientMismatch) as raised:
        assert_gradient(cubes, halved, X, points=1)
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value)
    assert again.comparison.verdict is Verdict.ANALYTIC_WRONG


def test_objectives_are_asserted_by_name_or_as_they_are():
    assert assert_objective("ridge").ok
    assert assert_objective("trap-custom-jvp").verdict is Verdict.AUTODIFF_WRONG
    wrong = Objective(
        "mine",
        lambda x, data: cubes(x),
        lambda rng, size: (rng.standard_normal(size), None),
        gradient=lambda x, data: halved(x),
    )
    with pytest.raises(GradientMismatch, match=r"mine \(d = 10\): ANALYTIC_WRONG \(GC302\)"):
        assert_objective(wrong)
    with pytest.raises(GradientMismatch, match="not what this trap declares: STOCHASTIC; correct"):
        assert_objective(replace(wrong, expected=Verdict.STOCHASTIC))


def residual(x):
    return jnp.sin(x) * x[0]


def cube(x):
    return jnp.sum(x**3)


DERIVATIVES = {
    "jacobian": (assert_jacobian, residual, lambda x: jax.jacobian(residual)(x) + 0.0 * x[0]),
    "jvp": (assert_jvp, residual, lambda x, v: jnp.cos(x) * v * x[0] + jnp.sin(x) * v[0]),
    "vjp": (
        assert_vjp,
        residual,
        lambda x, u: jnp.cos(x) * x[0] * u + jnp.eye(5)[0] * (u @ jnp.sin(x)),
    ),
    "hessian": (assert_hessian, cube, lambda x: jnp.diag(6 * x)),
    "hvp": (assert_hvp, cube, lambda x, v: 6 * x * v),
}


@pytest.mark.parametrize("quantity", DERIVATIVES)
def test_each_derivative_has_its_assertion(quantity):
    run, fun, derivative = DERIVATIVES[quantity]
    assert run(fun, derivative, X, points=1).ok
    with pytest.raises(GradientMismatch, match="ANALYTIC_WRONG"):
        run(fun, lambda *args: -derivative(*args), X, points=1)
    with pytest.raises(GradientMismatch, match="was not among the methods compared"):
        run(fun, derivative, X, points=1, methods=["reverse", "richardson"])
    check_itself = getattr(gradcompare, run.__name__.replace("assert", "check"))
    assert inspect.signature(run) == inspect.signature(check_itself)


def test_a_wrong_gradient_beside_a_right_hessian_fails_too():
    with pytest.raises(GradientMismatch, match="ANALYTIC_WRONG"):
        assert_hessian(cube, lambda x: jnp.diag(6 * x), X, gradient=lambda x: -3 * x**2, points=1)
