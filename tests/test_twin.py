"""A function of NumPy is rerun with jax.numpy: which can be, which cannot, and what stays."""

import functools
import linecache
import math
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats
from numpy import exp
from numpy import sum as total
from scipy.special import expit, logsumexp
from scipy.stats import norm
from test_readme import without_numbers

import gradcompare
from gradcompare import Verdict, check, check_hessian, check_jacobian, locate
from gradcompare._introspection.twin import rebinding
from gradcompare.methods._base import AbstractMethod

PAGE = (Path(__file__).parent.parent / "docs" / "numpy-code.md").read_text(encoding="utf-8")
HEAD, *SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
EXAMPLE = r"```python\n(.*?)```\n\n```text\n(.*?)```"
SETUP = re.findall(r"```python\n(.*?)```", HEAD, re.DOTALL)[0]
EXAMPLES = [pair for section in SECTIONS for pair in re.findall(EXAMPLE, section, re.DOTALL)]

A = np.random.default_rng(0).standard_normal((4, 3))
LABELS = np.array([0, 1, 1, 0])
X0 = np.array([0.3, 0.5, -0.2])
RERUN = "rerun with jax.numpy, which gives the values of"


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
@pytest.mark.sweep
def test_an_example_of_the_page_prints_what_stands_below_it(number, capsys, monkeypatch):
    example, below = EXAMPLES[number]
    if "import sympy" in example:
        pytest.importorskip("sympy")
    written = SETUP + example
    lines = (len(written), None, written.splitlines(True), "model.py")
    monkeypatch.setitem(linecache.cache, "model.py", lines)  # as if it were a file
    exec(compile(written, "model.py", "exec"), {})
    assert without_numbers(capsys.readouterr().out) == without_numbers(below)


def test_every_example_is_run():
    assert len(EXAMPLES) == PAGE.count("```python\n") - 1 == 4


class Model:
    """An object that counts and remembers, as objectives for SciPy do."""

    def __init__(self, rows):
        self.rows, self.calls, self.seen = rows, 0, []

    @property
    def count(self):
        return len(self.rows)

    def predicted(self, x):
        return self.rows.dot(x)

    def loss(self, x):
        self.calls += 1
        self.seen.append(x)
        return float(np.sum(np.sin(self.predicted(x))) / self.count)


class Penalised(Model):
    def __call__(self, x):
        return super().loss(x) + np.sum(x**2)


@functools.lru_cache
def powers(n):
    return np.arange(n) * 1.0


def recursive(x, k):
    return 0.0 if k == 0 else np.sin(x[k - 1]) + recursive(x, k - 1)


def accumulated(x):
    predicted = np.zeros(4)
    for k in range(3):
        predicted += A[:, k] * np.exp(x[k])
    return np.sum(predicted[LABELS == 1] ** 2)


RERUNNABLE = {
    "names": lambda x: total(exp(x)) + expit(x[0]) + logsumexp(x),
    "distributions": lambda x: (
        -np.sum(norm.logpdf(A @ x, loc=0.1, scale=np.exp(x[0])))
        + scipy.stats.gamma.logpdf(1.5, a=np.exp(x[1]))
    ),
    "math": lambda x: math.exp(x[0]) + math.lgamma(2 + x[1] ** 2) + math.log(math.floor(3.7)),
    "method": Model(A).loss,
    "base class": Penalised(A),
    "class inside": lambda x: Model(A).loss(x),
    "partial": functools.partial(lambda x, k: np.sum(np.dot(A, x) ** k), k=2),
    "cached": lambda x: powers(3) @ np.exp(x),
    "recursive": lambda x: recursive(x, 3),
    "lists": lambda x: np.sum([np.exp(v) for v in x]) + np.linalg.norm([x[0], x[1]]),
    "columns": lambda x: np.sum(np.c_[x, np.cos(x)] ** 2) + np.add.reduce(np.exp(x)),
    "types": lambda x: float(np.sum(np.exp(x))) * isinstance(x, np.ndarray),
    "numbers": lambda x: float(np.exp(x[0])) + (x[1] if isinstance(x[1], float) else 5.0),
    "dtypes": lambda x: np.sum(np.exp(np.asarray(x, dtype=float).astype(np.float64))),
    "random": lambda x: np.mean(np.exp(np.random.default_rng(0).standard_normal((5, 3)).dot(x))),
    "accumulated": accumulated,
}


@pytest.mark.parametrize("name", RERUNNABLE)
def test_a_function_is_rerun_and_autodiff_of_it_is_that_of_differences(name):
    comparison = check(RERUNNABLE[name], None, X0, points=2)
    assert comparison.verdict is Verdict.AGREE
    assert RERUN in str(comparison)
    assert set(comparison.results[0].points[0].votes) == {"autodiff", "differences"}


def in_place(x):
    out = np.zeros(3)
    for i in range(3):
        out[i] = np.exp(x[i])
    return out.sum()


def in_place_of_a_result(x):
    out = np.exp(x)
    out[0] = 0
    return out.sum()


def added_at(x):
    out = np.zeros(2)
    np.add.at(out, np.array([0, 1, 0]), np.exp(x))
    return (out**2).sum()


def branching(x):
    return np.exp(x[0]) if x[1] > 0 else np.exp(x[2])


def long_loop(x):
    s = 0.0
    for i in range(2000):
        s = s + np.sin(x[i % 3] * i)
    return s


REFUSED = {
    "in place": (in_place, r"an array is written to in place at test_twin\.py:\d+"),
    "a result": (in_place_of_a_result, r"an array is written to in place at test_twin\.py:\d+"),
    "at": (added_at, r"numpy\.add\.at writes to an array in place at test_twin\.py:\d+"),
    "branch": (branching, r"Python branches on a traced value at test_twin\.py:\d+"),
    "missing": (lambda x: float(scipy.special.jv(1, x).sum()), r"JAX has no scipy\.special\.jv"),
    "item": (lambda x: np.sum(np.exp(x)).item(), "Python needs the number behind a traced value"),
    "digits": (lambda x: float(f"{np.sum(np.exp(x)):.9e}"), "TypeError: unsupported format"),
    "rounded": (lambda x: round(float(np.sum(np.exp(x))), 5), "contradicts the other sources"),
    "float32": (
        lambda x: np.float32(np.sum(np.exp(x))),
        r"it gives 3\.8\d+ at x0 instead of 3\.8",
    ),
    "loop": (long_loop, r"it takes more than 1000000 calls|its loops make \d+ operations"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_reason_is_told_where_a_function_cannot_be_rerun(name):
    value, reason = REFUSED[name]
    comparison = check(value, None, X0, points=1)
    assert re.search(rf"terms cannot be named, as .* with jax\.numpy: .*{reason}", str(comparison))
    assert comparison.verdict is Verdict.NOT_A_CHECK


def exponential(x):
    return float(np.sum(np.exp(x)) + np.sum(np.sin(A.dot(x))))


def its_gradient(x):
    return np.exp(x) + A.T @ np.cos(A @ x)


def test_the_term_and_its_line_are_named():
    def wrong(x):
        return np.exp(x) + 0.5 * A.T @ np.cos(A @ x)

    assert check(exponential, its_gradient, X0).verdict is Verdict.AGREE
    result = check(exponential, wrong, X0).results[0]
    (finding,) = result.diagnosis
    assert "`np.sum(np.sin(A.dot(x)))`" in finding.sentence
    assert (finding.file, finding.line) == (__file__, exponential.__code__.co_firstlineno + 1)
    assert "its derivative is half of what it should be" in finding.sentence


def test_the_users_module_and_objects_stay_as_they_are():
    model, before = Model(A), dict(globals())
    comparison = check(model.loss, None, X0)
    assert RERUN in str(comparison)
    assert globals().keys() == before.keys()
    assert all(globals()[name] is thing for name, thing in before.items())
    assert type(model) is Model
    assert type(model.rows) is np.ndarray
    assert A.flags.writeable
    assert len(model.seen) == model.calls
    assert exponential.__globals__["np"] is np


def test_random_numbers_that_a_function_captures_are_not_drawn_by_the_copy():
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    copy = rebinding.rerun(lambda x: rng.standard_normal(3).dot(x))
    copy(np.ones(3))
    assert rng.bit_generator.state == state


def test_data_that_decide_are_a_part_of_the_program():
    groups = np.array([0, 1, 1, 2])

    def value(x, rows, groups, scale):
        if scale <= 0:
            raise ValueError("scale must be positive")
        return sum(np.sum((rows[groups == g] @ x) ** 2) for g in np.unique(groups)) / scale

    comparison = check(value, lambda x, r, g, s: 2 * r.T @ (r @ x) / s, X0, A, groups, 2.0)
    assert comparison.verdict is Verdict.AGREE
    assert RERUN in str(comparison)


def test_a_twin_whose_values_differ_at_a_later_point_takes_back_its_votes():
    calls = []

    def value(x):  # it sees whether it is rerun, and is another function then, far from x0
        calls.append(x)
        traced = not isinstance(np.sum(x), np.generic)
        return float(np.sum(np.exp(x)) + traced * np.where(np.abs(x[0] - X0[0]) > 1e-3, 1.0, 0.0))

    comparison = check(value, np.exp, X0)
    assert comparison.verdict is Verdict.AGREE
    assert "with jax.numpy: it gives " in str(comparison)
    assert all("autodiff" not in p.votes for p in comparison.results[0].points)


def test_a_derivative_that_stands_alone_accuses_nobody():
    def value(x):  # the root has no derivative at 0, where the function is smooth
        return float(np.sum(np.sqrt(x**4)) + np.sum(x))

    comparison = check(value, lambda x: 2 * x + 1, np.array([0.0, 1.0]), points=1)
    assert comparison.verdict is Verdict.AGREE
    assert "its autodiff contradicts the other sources at x0" in str(comparison)


def test_errors_that_are_accepted_are_not_followed_by_autodiff():
    def value(x):  # x², with pieces on which its slope is off
        return float(np.sum(np.square(x) + 1e-6 * np.sin(500 * x)))

    comparison = check(value, lambda x: 2 * x, np.array([1.0, 2.0]), accuracy=1e-4)
    assert comparison.verdict is Verdict.AGREE
    assert "with jax.numpy: an accuracy is given" in str(comparison)


def test_what_jax_traces_is_not_rerun(monkeypatch):
    def fail(function):
        raise AssertionError("rerun")

    monkeypatch.setattr("gradcompare._evaluation.twin.rerun", fail)
    assert check(lambda x: (x**2).sum(), lambda x: 2 * x, X0).verdict is Verdict.AGREE


def test_differences_never_see_the_twin(monkeypatch):
    """With a twin that is wrong everywhere, they are the same, and it has no vote."""
    right = check(exponential, its_gradient, X0, points=1).results[0].points[0]
    doubled = lambda f: lambda *args: 2 * rebinding.rerun(f)(*args)  # noqa: E731
    monkeypatch.setattr("gradcompare._evaluation.twin.rerun", doubled)
    other = check(exponential, its_gradient, X0, points=1).results[0].points[0]
    a, b = right.votes["differences"], other.votes["differences"]
    np.testing.assert_array_equal(a.value, b.value)
    np.testing.assert_array_equal(a.error, b.error)
    assert "autodiff" in right.votes
    assert "autodiff" not in other.votes


def test_other_quantities_have_autodiff_too():
    def residuals(x):
        return np.exp(A @ x) - 1

    jacobian = check_jacobian(residuals, lambda x: np.exp(A @ x)[:, None] * A, X0)
    hessian = check_hessian(
        exponential, lambda x: np.diag(np.exp(x)) - A.T * np.sin(A @ x) @ A, X0
    )
    for comparison in (jacobian, hessian):
        assert comparison.verdict is Verdict.AGREE, str(comparison)
        assert "autodiff" in comparison.results[0].points[0].votes


def test_locate_has_no_use_for_it():
    assert "rerun" not in str(locate(exponential, its_gradient, X0))


def test_a_method_of_the_users_own_gets_the_twin_as_well():
    class Forward(AbstractMethod):
        label, source, symbol = "mine", "autodiff", "M"

        def estimate(self, evaluator):
            import jax

            value = evaluator.traceable.objective.value
            slopes = evaluator.run(self, lambda p, d, u: jax.jacfwd(value)(p, d))
            return gradcompare.Estimate(slopes, 1e-12 + 0 * slopes)

    comparison = check(
        exponential, its_gradient, X0, methods=["analytic", Forward(), "richardson"]
    )
    assert comparison.verdict is Verdict.AGREE
    assert "mine" in comparison.results[0].points[0].estimates
