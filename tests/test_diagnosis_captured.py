"""What a diagnosis knows of the data around a function: closures, modules, objects, `partial`."""

import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import check
from gradcompare._introspection.closures import MOST, captured, literals

RNG = np.random.default_rng(0)
X, Y, W = RNG.standard_normal((40, 3)), RNG.standard_normal(40), RNG.standard_normal(3)
WEIGHTS = RNG.uniform(1, 2, 3)
LAM = 0.37
TABLE = list(range(MOST + 1))
SWITCH = True


def predict(w):
    return X @ w


def loss(w):
    penalty = [LAM * jnp.sum(weights * w**2) for weights in (WEIGHTS,)]
    return jnp.sum((predict(w) - Y) ** 2) + penalty[0]


def gradient(w):
    return 2 * X.T @ (X @ w - Y) + 2 * LAM * WEIGHTS * w


def first_only(w):
    return 2 * X[:1].T @ (X[:1] @ w - Y[:1]) + 2 * LAM * WEIGHTS * w


WRONG = {
    "1/40 (40 is the length of Y, or 40 is the number of rows of X)": lambda w: (
        gradient(w) / len(Y)
    ),
    "0.37 (LAM) times": lambda w: LAM * gradient(w),
    "WEIGHTS times the reference": lambda w: WEIGHTS * gradient(w),
    "analytic - reference is WEIGHTS": lambda w: gradient(w) + WEIGHTS,
    "only the first of the 40 items that `jnp.sum((predict(w) - Y) ** 2)`": first_only,
}


@pytest.mark.parametrize("said", WRONG)
def test_a_fault_made_of_what_is_around_the_function_is_named(said):
    (finding,) = check(loss, WRONG[said], W).results[0].diagnosis
    assert said in finding.sentence


def test_a_factor_of_nothing_that_is_there_has_no_name():
    (finding,) = check(loss, lambda w: np.sqrt(0.1681) * gradient(w), W).results[0].diagnosis
    assert "0.41 times" in finding.sentence


def ridge(w):
    return jnp.sum((predict(w) - Y) ** 2) + 0.013 * jnp.sum(w**2)


def ridge_gradient(w):
    return 2 * X.T @ (X @ w - Y) + 0.026 * w


def line_of(text):
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return (
        f"test_diagnosis_captured.py:{next(k for k, each in enumerate(lines, 1) if text in each)}"
    )


WRITTEN = {
    "divided": (
        lambda w: ridge_gradient(w) / 40,
        "1/40 (1 over the 40 in {here}, or 40 is the length",
        "/ 40,",
    ),
    "surplus": (lambda w: 0.41 * ridge_gradient(w), "0.41 (the 0.41 in {here})", "0.41 * ridge"),
    "taken twice": (
        lambda w: ridge_gradient(w) * 0.013, "0.013 (the 0.013 in {here})", "+ 0.013 * jnp"
    ),
    "forgotten": (
        lambda w: 2 * X.T @ (X @ w - Y) + 2 * w,
        "is 76.9231 (1 over the 0.013 in {here}) times what it should be",
        "+ 0.013 * jnp",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN)
def test_a_number_written_in_the_code_is_named_by_its_line(case):
    wrong, said, text = WRITTEN[case]
    (finding,) = check(ridge, wrong, W).results[0].diagnosis
    assert said.format(here=line_of(text)) in finding.sentence


def test_numbers_are_found_in_every_function_that_may_be_called():
    found = literals(ridge)
    assert found[0.013].where == line_of("+ 0.013 * jnp")
    assert 0.37 not in found  # LAM, which is a variable


def test_plain_numbers_of_the_code_are_not_named():
    (finding,) = check(loss, lambda w: 2.0 * gradient(w), W).results[0].diagnosis
    assert "every coordinate: 2 times the reference" in finding.sentence


class Model:
    """Holds its data, as an estimator does."""

    def __init__(self):
        self.X, self.name, self.batch = X, "model", {"y": Y}

    def loss(self, w):
        return jnp.sum((self.X @ w - self.batch["y"]) ** 2)

    __call__ = loss


def with_late_variable():
    def value(w):
        return w * late

    found = captured(value)
    late = 1.0
    return found


def given(w, X, y):
    return jnp.sum((X @ w - y) ** 2)


AROUND = {
    "module": (loss, {"WEIGHTS", "LAM", "X", "Y"}),
    "method": (Model().loss, {"self.X", "self.batch"}),
    "object": (Model(), {"self.X", "self.batch"}),
    "jit": (jax.jit(Model().loss), {"self.X", "self.batch"}),
    "partial": (functools.partial(given, X=X, y=Y), {"X", "y"}),
    "a library": (jax.nn.relu, set()),
    "compiled": (np.sum, set()),
    "no numbers": (lambda w: w if SWITCH else TABLE, set()),
}


@pytest.mark.parametrize("case", AROUND)
def test_what_is_around(case):
    function, names = AROUND[case]
    assert set(captured(function)) == names


def test_a_variable_that_is_assigned_later_is_not_there_yet():
    assert with_late_variable() == {}


def test_functions_that_call_each_other_end():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    assert captured(even) == {}
