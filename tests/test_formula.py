"""Formulas: what they mean is what NumPy means, and what is not described is refused."""

import contextlib
import re
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcompare import InputError
from gradcompare.cli.inputs.formula import Formula
from gradcompare.cli.inputs.vocabulary import ATTRIBUTES, FUNCTIONS, METHODS, PREFIXES

RNG = np.random.default_rng(0)
VALUES = {
    "x": RNG.standard_normal(3),
    "y": RNG.uniform(0.1, 0.9, 3),
    "X": RNG.standard_normal((4, 3)),
    "S": np.eye(3) + 0.1,
    "s": np.float64(0.5),
}


def value_of(text, **values):
    """The formula evaluated in float64, as NumPy."""
    with jax.enable_x64(True):
        return np.asarray(Formula.of(text)({**VALUES, **values}))


def same(text, expected):
    np.testing.assert_allclose(value_of(text), expected, rtol=1e-12, atol=1e-14)


x, y, X, S, s = VALUES.values()

MEANINGS = {
    "sum((X @ x - 1)**2)": np.sum((X @ x - 1) ** 2),
    "2*X.T @ (X @ x)": 2 * X.T @ (X @ x),
    "[2*x[0] + 2*x[1]**3, 6*x[0]*x[1]**2]": [2 * x[0] + 2 * x[1] ** 3, 6 * x[0] * x[1] ** 2],
    "(x[0], 1)": [x[0], 1],
    "[[x[0], 1], [2, 3]]": [[x[0], 1], [2, 3]],
    "2*[1, 2]": [2, 4],
    "-x + +x": 0 * x,
    "2**-3 + 2**3": 8.125,
    "jnp.sum(X, axis=0)": X.sum(0),
    "np.sum(X, axis=(0, 1), keepdims=True)": X.sum(keepdims=True),
    "X.sum(axis=-1)": X.sum(-1),
    "X.mean(0)": X.mean(0),
    "X[:, 1]": X[:, 1],
    "X[1:3, ::-1]": X[1:3, ::-1],
    "X[..., 0]": X[..., 0],
    "x[:, None] * y[None, :]": np.outer(x, y),
    "x[[2, 0]]": x[[2, 0]],
    "x[-1] + x[len(x) - 2]": x[-1] + x[1],
    "X.shape[0] + X.ndim + X.size": 18,
    "len(y)": 3,
    "pi + jnp.pi + e": 2 * np.pi + np.e,
    "where((x > 0) & (y < 0.5) | ~(y > 0.2), x, 0)": np.where(
        ((x > 0) & (y < 0.5)) | ~(y > 0.2), x, 0
    ),
    "0 < y < 0.5": y < 0.5,
    "(x == x) & (x != y) & (x <= x) & (x >= x)": np.full(3, True),
    "X.reshape(3, 4) + reshape(X, (3, 4))": 2 * X.reshape(3, 4),
    "X.transpose(1, 0) - transpose(X)": 0 * X.T,
    "jax.numpy.linalg.norm(X, ord='fro')": np.linalg.norm(X),
    "slogdet(S)[1] - log(det(S))": 0,
    "einsum('ij,j->i', X, x)": X @ x,
    "concatenate([x, [1, 2]])": [*x, 1, 2],
    "stack((x, y), axis=1)": np.stack((x, y), axis=1),
    "jax.nn.softplus(x) - logaddexp(x, 0)": 0 * x,
    "arange(3) + zeros(3) + ones((3,)) @ eye(3)": np.arange(3) + 1,
    "  sum(x)\n  + 1 ": x.sum() + 1,
    "1e3 * s": 500,
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_formula_means_what_numpy_means(text):
    same(text, MEANINGS[text])


CALLS = {
    "(y, y)": "maximum minimum logaddexp power pow arctan2 atan2 hypot dot vdot inner outer cross "
    "xlogy betaln",
    "(S)": "slogdet det inv cholesky eigvalsh diag tril triu trace",
    "(3)": "eye ones zeros arange",
    "([y, y])": "stack concatenate",
    "(S, y)": "solve solve_triangular matmul",
}
SAMPLES = {
    **{name: call for call, names in CALLS.items() for name in names.split()},
    "arccosh": "(1 + y)",
    "acosh": "(1 + y)",
    "where": "(y > 0, y, 0)",
    "clip": "(y, 0, 1)",
    "reshape": "(y, (3, 1))",
    "einsum": "('i,i', y, y)",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_can_be_called(name):
    result = value_of(f"{name}{SAMPLES.get(name, '(y)')}" + ("[1]" if name == "slogdet" else ""))
    assert np.all(np.isfinite(result))


@pytest.mark.parametrize("name", sorted({*ATTRIBUTES, *METHODS}))
def test_every_attribute_and_method_can_be_used(name):
    arguments = {"dot": "(S)", "reshape": "(9)"}.get(name, "()") if name in METHODS else ""
    value_of(f"S.{name}{arguments}")


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_prefixes_change_nothing(prefix):
    same(f"{prefix}.exp(x)", np.exp(x))


numbers = st.sampled_from(["x", "y", "s", "2", "0.5", "x[1]", "3"])
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"{t} / (1 + ({t})**2)"),
        inner.map(lambda t: f"(-{t})"),
        inner.map(lambda t: f"np.sin({t})"),
        inner.map(lambda t: f"np.where({t} > 0, {t}, s)"),
        inner.map(lambda t: f"np.sum({t})"),
    ),
    max_leaves=8,
)


@given(expressions)
def test_arithmetic_is_that_of_numpy(text):
    expected = eval(text, {"np": np}, dict(VALUES))
    np.testing.assert_allclose(value_of(text), expected, rtol=1e-10, atol=1e-10)


TOKENS = [
    *("x", "X", "s", "9", "0.5", "(", ")", "[", "]", ",", ":", "**", "*", "+", " ", ".", "@"),
    *("__class__", "__import__", "eval", "lambda x:", " for x in x", "'os'", "sum(", "(x)", "f''"),
    *(".T", "=", ":=", " if ", " else ", "==", "&", "~", "None", "...", "axis", "#", "\\", "\0"),
]


@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
def test_any_text_is_evaluated_or_refused(text):
    with contextlib.suppress(InputError):
        assert isinstance(value_of(text), np.ndarray)


def test_a_formula_is_traced_and_differentiated():
    f = Formula.of("sum(exp(x) * [1, 2, 3])")
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(lambda x: f({"x": x})))(x)
        np.testing.assert_allclose(gradient, np.exp(x) * [1, 2, 3])


def test_numbers_take_the_dtype_of_the_arrays():
    half = jnp.ones(2, jnp.bfloat16)
    for text in ("[2*x[0], 1]", "sum(x) * log(2)", "x + pi", "sum(x) / 3 + [1, x[0]]"):
        assert Formula.of(text)({"x": half}).dtype == jnp.bfloat16


def test_a_constant_is_a_float():
    assert value_of("[1, 2]").dtype == np.float64
    assert value_of("3").dtype == np.float64


def test_names_are_those_of_values_in_their_order():
    f = Formula.of("sum(X @ theta - y)**2 + jnp.pi*lam + e + theta[len(y)]")
    assert f.names == ("X", "theta", "y", "lam", "e")


def test_a_name_may_hide_a_constant_and_be_called_like_a_function():
    assert value_of("e * sum", e=2.0, sum=3.0) == 6


REFUSALS = {
    "": "the formula is empty; a formula consists of numbers, names",
    "().__class__.__bases__": r"\.__bases__ cannot be used; an array has T, .* methods cumsum",
    "x.__class__": r"\.__class__ cannot be used",
    "x.at[0].set(1)": r"\.set cannot be used",
    "__import__('os')": "unknown function '__import__'; known: abs",
    "eval('1')": "unknown function 'eval'",
    "open(x)": "unknown function 'open'",
    "jnp.save(x)": "unknown function 'save'",
    "jnp.load": "unknown function 'load'",
    "jax.config.update(x)": "unknown function 'update'",
    "sofplus(x)": "unknown function 'sofplus'; did you mean softplus",
    "x[0](3)": "only functions can be called, and by name",
    "sum(x)(3)": "only functions can be called, and by name",
    "(lambda: 1)()": "only functions can be called, and by name",
    "lambda x: x": "a lambda cannot be used",
    "[t for t in x]": "a comprehension cannot be used; write arrays, not loops",
    "sum(t for t in x)": "a comprehension cannot be used",
    "{t for t in x}": "a comprehension cannot be used",
    "{t: t for t in x}": "a comprehension cannot be used",
    "{1: x}": "Dict cannot be used",
    "{x}": "Set cannot be used",
    "f'{x}'": "an f-string cannot be used",
    "(z := x)": "an assignment := cannot be used",
    "sum(*x)": "a starred argument cannot be used",
    "sum(**x)": r"sum does not take \*\* here; it takes axis=, keepdims=",
    "sum(x, dtype=3)": "sum does not take dtype= here; it takes axis=, keepdims=",
    "exp(x, out=x)": "exp does not take out= here; it takes none",
    "max(x, 0)": r"max takes one array, and axis=; .* maximum\(a, b\)",
    "min(0, x)": r"min takes one array, and axis=; .* minimum\(a, b\)",
    "x^2": r"\^ is not a power here; write \*\*",
    "x + z": "unknown name 'z'; known: S, X, e, pi, s, x, y",
    "x % 2": "Mod cannot be used",
    "x // 2": "FloorDiv cannot be used",
    "x << 2": "LShift cannot be used",
    "x if s else y": r"write where\(condition, a, b\)",
    "x > 0 and y > 0": "write & and |",
    "not x": "not cannot be used; write ~",
    "x is y": "Is cannot be used",
    "s in x": "In cannot be used",
    "'abc'": "'abc' is not a real number",
    "dot('ij', x)": "'ij' is not a real number",
    "True * x": "True is not a real number",
    "1j * x": "1j is not a real number",
    "None": "None is not a real number",
    "...": "Ellipsis is not a real number",
    "b'a'": "b'a' is not a real number",
    "[]": "this list is empty",
    "2x": "this is not a formula: invalid decimal literal",
    "x +": "this is not a formula: invalid syntax",
    "import os": "this is not a formula: invalid syntax",
    "x; y": "this is not a formula: invalid syntax",
    "x = 2": "this is not a formula",
    "x\0": "this is not a formula",
    "99999999999999999999": r"this number is larger than 2\*\*63; write it as 1e30",
    "9" * 5000: "this is not a formula",
    "(" * 300 + "x" + ")" * 300: "this is not a formula: too many nested parentheses",
    "-" * 3000 + "x": "more than 100 parts inside each other",
    "x + " * 3000 + "x": "the formula has 12001 characters; write at most 10000",
    # found only where it is evaluated
    "9**9**9": r"the number is larger than 2\*\*63; write large numbers as 1e30",
    "(-9)**9**9": r"the number is larger than 2\*\*63",
    "2**62 * 2**62": r"the number is larger than 2\*\*63",
    "9.0**9**9": "OverflowError",
    "1/0": "division by zero",
    "(-2)**0.5": "the result is a complex number",
    "eye(10**9)": r"this makes 1e\+18 entries; make at most 1e\+07",
    "ones((10000, 10000))": r"this makes 1e\+08 entries",
    "arange(10**12)": r"this makes 1e\+12 entries",
    "X @ X": r"this cannot be evaluated \(for the shapes \(4, 3\) and \(4, 3\)\): ",
    "x + X[:, 0]": r"for the shapes \(3,\) and \(4,\)",
    "x[3]": "IndexError: index 3 is out of bounds for axis 0 with size 3",
    "X[0, 0, 0]": "IndexError: too many indices",
    "X.shape[2]": "IndexError",
    "x[0.5]": "this index is not a whole number; give a constant such as 0",
    "x[s]": "this index is not a whole number",
    "x[[0, s]]": "this index is not a whole number",
    "[s, x]": r"the entries have the shapes \(\), \(3,\); give entries of one shape",
    "concatenate(x, 1)": "this cannot be evaluated",
    "sum()": "TypeError",
    "solve(x)": "TypeError",
    "~x": "this cannot be evaluated",
    "einsum('ij,j->i', x, x)": "this cannot be evaluated",
}


@pytest.mark.parametrize("text", REFUSALS, ids=lambda text: text[:20])
def test_refused(text):
    began = time.perf_counter()
    with pytest.raises(InputError, match=REFUSALS[text]) as caught:
        value_of(text)
    assert time.perf_counter() - began < 5
    assert len(str(caught.value)) < 2000


MARKS = {
    "1 + sum(lambda x: x)": "lambda x: x",
    "sum(x) + exp(x, out=y)": "out=y",
    "x[0] + x[7]": "x[7]",
    "x * (X @ X)": "X @ X",
    "'é' + x[0]": "'é'",
    "s + sofplus(x)": "sofplus",
    "x[0.5] + 1": "0.5",
    "2*x + 9**9**9": "9**9**9",
}


@pytest.mark.parametrize("text", MARKS)
def test_the_message_points_at_the_part(text):
    with pytest.raises(InputError) as caught:
        value_of(text)
    *_, shown, marks = str(caught.value).splitlines()
    assert shown == f"  {text}"
    assert re.fullmatch(r" +\^+", marks)
    assert shown[marks.index("^") : len(marks)] == MARKS[text]


def test_of_a_long_formula_the_part_is_shown():
    text = "x[0] + " * 20 + "x[9] + " + "x[0] + " * 20 + "x[0]"
    with pytest.raises(InputError) as caught:
        value_of(text)
    *_, shown, marks = str(caught.value).splitlines()
    assert shown[marks.index("^") : len(marks)] == "x[9]"
    assert len(shown) <= 102
