"""A second derivative of the user's own votes with the weight of every other source."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradcompare
from gradcompare import InputError, Objective, Verdict, check, compare
from gradcompare.methods._other import Other
from gradcompare.testing import GradientMismatch, assert_gradient

A = np.random.default_rng(0).standard_normal((6, 3))
X0 = np.array([0.3, -0.4, 0.5])


def traced(x):
    return jnp.sum(jnp.exp(A @ x)) + jnp.sum(x**2)


def on_host(x):
    terms = np.empty(6)
    terms[:] = np.exp(A @ x)  # it cannot be rerun with jax.numpy
    return float(terms.sum() + np.sum(x**2))


def right(x):
    return A.T @ np.exp(A @ x) + 2 * x


def wrong(x):
    return A.T @ np.exp(A @ x) + x


def wrong_too(x):
    return 2 * A.T @ np.exp(A @ x) + x


@jax.custom_jvp
def squares(x):
    return jnp.sum(x**2)


squares.defjvp(lambda primals, tangents: (squares(*primals), jnp.sum(primals[0] * tangents[0])))


def with_wrong_rule(x):
    return jnp.sum(jnp.exp(A @ x)) + squares(x)


VOTES = {
    # value, gradient, other, the verdict, what a note says
    "third": (on_host, right, right, Verdict.AGREE, ""),
    "third against the gradient": (on_host, wrong, right, Verdict.ANALYTIC_WRONG, ""),
    "third alone": (on_host, right, wrong, Verdict.AGREE, "other differs from the sources"),
    "third with the gradient": (on_host, wrong, wrong, Verdict.INCONCLUSIVE, ""),
    "third against both": (on_host, wrong, wrong_too, Verdict.INCONCLUSIVE, ""),
    "fourth": (traced, right, right, Verdict.AGREE, ""),
    "fourth alone": (traced, right, wrong, Verdict.AGREE, "other differs from the sources"),
    "fourth against the gradient": (traced, wrong, right, Verdict.ANALYTIC_WRONG, ""),
    "fourth with the gradient": (traced, wrong, wrong, Verdict.INCONCLUSIVE, "two against two"),
    "fourth with nobody": (traced, wrong, wrong_too, Verdict.ANALYTIC_WRONG, ""),
    "fourth against autodiff": (with_wrong_rule, right, right, Verdict.AUTODIFF_WRONG, ""),
    "fourth with autodiff": (
        *(with_wrong_rule, right, wrong),
        *(Verdict.INCONCLUSIVE, "two against two: other agrees with autodiff"),
    ),
    "no gradient": (traced, None, wrong, Verdict.AGREE, "other differs from the sources"),
    "not finite": (traced, right, lambda x: x / 0.0, Verdict.AGREE, "other differs"),
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("case", VOTES)
def test_the_sources_vote_with_equal_weight(case):
    value, gradient, other, verdict, note = VOTES[case]
    comparison = check(value, gradient, X0, other=other, points=2)
    assert comparison.verdict is verdict, str(comparison)
    assert note in str(comparison)
    assert ("other differs" in str(comparison)) == ("other differs" in note)
    assert "other" in comparison.results[0].points[0].votes


def test_the_report_shows_it_beside_the_others():
    text = str(check(on_host, wrong, X0, other=right))
    assert "the analytic derivative is wrong, and the other sources agree" in text
    assert "analytic – other: relative error" in text
    assert "there is no third source" not in text
    assert "– other" not in str(check(traced, right, X0))


def test_where_all_differ_the_fourth_decides_with_differences():
    comparison = check(with_wrong_rule, wrong_too, X0, other=right, points=1)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG


def test_a_copy_of_another_source_does_not_vote():
    comparison = check(traced, wrong, X0, other=jax.grad(traced))
    assert "other is the same program as autodiff: it does not vote" in str(comparison)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG

    def formula(x):
        return A.T @ jnp.exp(A @ x) + x

    comparison = check(traced, formula, X0, other=formula)
    assert "other is the same program as analytic: it does not vote" in str(comparison)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG


def test_it_is_in_the_convention_of_the_gradient():
    scaled = {"other": lambda x: 3 * right(x), "scale": 3.0}
    assert check(traced, lambda x: 3 * right(x), X0, **scaled).verdict is Verdict.AGREE
    text = str(check(traced, lambda x: 3 * right(x), X0, scale=3.0, other=right))
    assert "other differs from the sources that agree" in text


def test_it_votes_on_directional_derivatives_and_on_trees():
    along = check(traced, right, X0, other=right, direction=np.array([1.0, 0.0, 2.0]))
    assert along.verdict is Verdict.AGREE
    assert "analytic – other" in str(along)

    def value(p):
        return jnp.sum(p["w"] ** 2) * p["b"]

    def gradient(p):
        return {"w": 2 * p["w"] * p["b"], "b": np.sum(p["w"] ** 2)}

    tree = check(value, gradient, {"w": X0, "b": 1.5}, other=lambda p: gradient(p))
    assert tree.verdict is Verdict.AGREE


def test_assert_gradient_takes_it_too():
    assert_gradient(on_host, right, X0, other=right)
    with pytest.raises(GradientMismatch, match="ANALYTIC_WRONG"):
        assert_gradient(on_host, wrong, X0, other=right)


def test_unusable_ones_are_named():
    with pytest.raises(InputError, match="other"):
        check(traced, right, X0, other=3.0)
    with pytest.raises(InputError, match=r"other of traced has shape \(2,\) at x"):
        check(traced, right, X0, other=lambda x: right(x)[:2])
    with pytest.raises(ValueError, match="no derivative"):
        check(
            traced, right, X0, other=lambda x: (_ for _ in ()).throw(ValueError("no derivative"))
        )


def test_an_objective_may_bring_one():
    objective = Objective(
        name="mine",
        value=lambda x, data: traced(x),
        make=lambda rng, size: (rng.standard_normal(3), ()),
        gradient=lambda x, data: wrong(x),
        other=lambda x, data: right(x),
    )
    comparison = compare(objective, methods=["analytic", Other(), "richardson"], timing=False)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    assert "other" in comparison.results[0].points[0].votes


def test_torch_is_such_a_source():
    torch = pytest.importorskip("torch")

    def by_torch(x):
        x = torch.tensor(np.asarray(x), requires_grad=True)
        value = torch.sum(torch.exp(torch.tensor(A) @ x)) + torch.sum(x**2)
        return torch.autograd.grad(value, x)[0].numpy()

    assert check(on_host, right, X0, other=by_torch).verdict is Verdict.AGREE
    assert check(on_host, wrong, X0, other=by_torch).verdict is Verdict.ANALYTIC_WRONG


@pytest.fixture
def decay():
    sympy = pytest.importorskip("sympy")
    a, c, t, u = sympy.symbols("a c t u")
    c = sympy.Symbol("c", positive=True)
    data = {t: np.arange(4.0), u: [3.0, 2.1, 1.2, 1.1]}
    return gradcompare.sympy_objective((u - a * sympy.exp(-c * t)) ** 2, [a, c], data)


def test_computer_algebra_gives_an_objective(decay):
    comparison = compare(decay, timing=False)
    assert comparison.verdict is Verdict.AGREE
    assert {"analytic", "autodiff", "differences"} <= comparison.results[0].points[0].votes.keys()
    assert decay.lower.tolist() == [-np.inf, 0.0]


def test_computer_algebra_is_another_derivative(decay):
    times, values = np.arange(4.0), np.array([3.0, 2.1, 1.2, 1.1])

    def misfit(p):
        left = np.empty(4)
        left[:] = values - p[0] * np.exp(-p[1] * times)
        return float(left @ left)

    def gradient(p, factor=2):
        e = np.exp(-p[1] * times)
        left = values - p[0] * e
        return np.array([-2 * left @ e, factor * p[0] * left @ (times * e)])

    x0 = np.array([3.0, 0.4])
    assert check(misfit, gradient, x0, other=decay.gradient).verdict is Verdict.AGREE
    wrong = check(misfit, lambda p: gradient(p, -2), x0, other=decay.gradient)
    assert wrong.verdict is Verdict.ANALYTIC_WRONG


def test_symbols_that_do_not_fit_are_named():
    sympy = pytest.importorskip("sympy")
    a, b = sympy.symbols("a b")
    for given, message in (
        ([a], "has b, which is"),
        ([a, a, b], "a is given twice"),
        ([], "empty"),
    ):
        with pytest.raises(InputError, match=message):
            gradcompare.sympy_objective(a * b, given)


def test_without_sympy_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sympy", None)
    with pytest.raises(InputError, match=r"pip install 'gradcompare\[sympy\]'"):
        gradcompare.sympy_objective("a", ["a"])
