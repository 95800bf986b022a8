"""Rules for derivatives: planted faults are named with their line, right ones pass every check."""

import linecache
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_readme import without_numbers

import gradcompare._api.rules.check as rules
from gradcompare import Comparison, InputError, Verdict, check_rule

X = np.array([0.3, 0.7, 1.1])
Y = np.array([1.3, -0.7, 0.4])
Z, W = X + 1j * Y, Y - 0.5j * X

PAGE = (Path(__file__).parent.parent / "docs" / "custom-rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def with_vjp(function, forward, backward, **options):
    rule = jax.custom_vjp(function, **options)
    rule.defvjp(forward, backward)
    return rule


def with_jvp(function, tangent, **options):
    rule = jax.custom_jvp(function, **options)
    rule.defjvp(tangent)
    return rule


def product(x, y):
    return jnp.sin(x) * y


def keeps(x, y):
    return product(x, y), (x, y)


def pulls(residuals, u):
    x, y = residuals
    return u * jnp.cos(x) * y, u * jnp.sin(x)


def swapped(residuals, u):
    x, y = residuals
    of_x = u * jnp.cos(x) * y
    of_y = u * jnp.sin(x)
    return of_y, of_x


def half_right(residuals, u):
    x, y = residuals
    return u * jnp.cos(x) * y, -u * jnp.sin(x)


def tangent_of_product(primals, tangents):
    (x, y), (s, t) = primals, tangents
    return product(x, y), jnp.cos(x) * y * s + jnp.sin(x) * t


def swapped_tangents(primals, tangents):
    (x, y), (s, t) = primals, tangents
    return product(x, y), jnp.cos(x) * y * t + jnp.sin(x) * s


def squashed(x):
    return jnp.tanh(x)


def keeps_the_input(x):
    return jnp.tanh(x), x


def pulls_through_the_input(y, u):
    return (u * (1 - y**2),)


def tangent_through_the_input(primals, tangents):
    (x,), (t,) = primals, tangents
    y = squashed(x)
    return y, t * (1 - x**2)


def power(z):
    return jnp.sum(z.real**2 + z.imag**2)


def pulls_without_conjugate(z, u):
    return (2 * u * z,)


def mixed(z, w):
    return z * jnp.conj(w)


def pulls_with_one_conjugate(residuals, u):
    z, w = residuals
    return u * jnp.conj(w), jnp.conj(u) * z


PRODUCT = with_vjp(product, keeps, pulls)
SLIPS = {
    "swapped": (with_vjp(product, keeps, swapped), (X, Y), "x", "x the cotangent of y", 3),
    "swapped tangents": (
        with_jvp(product, swapped_tangents),
        (X, Y),
        "y",
        "y the cotangent of x",
        2,
    ),
    "input for output": (
        with_vjp(squashed, keeps_the_input, pulls_through_the_input),
        (X,),
        "x",
        "the input x where the result of squashed is meant",
        1,
    ),
    "input for output, forward mode": (
        with_jvp(squashed, tangent_through_the_input),
        (X,),
        "x",
        "the input x where the result of squashed is meant",
        3,
    ),
    "conjugate of all": (
        with_vjp(power, lambda z: (power(z), z), pulls_without_conjugate),
        (Z,),
        "z",
        "the conjugate of what it should be",
        1,
    ),
    "conjugate of a residual": (
        with_vjp(mixed, lambda z, w: (mixed(z, w), (z, w)), pulls_with_one_conjugate),
        (Z, W),
        "w",
        "the conjugate of the input z is missing",
        2,
    ),
}
"""A rule, its primals, the wrong one, what is said of it, and the line of the rule, from 0."""


def result_of(comparison, name):
    [result] = [result for result in comparison.results if result.objective == name]
    return result


def line_of(rule, number):
    written = rule.bwd if isinstance(rule, jax.custom_vjp) else rule.jvp
    return written.__code__.co_firstlineno + number


SWEPT = ("conjugate of all", "input for output, forward mode")


@pytest.mark.parametrize(
    "slip", [pytest.param(s, marks=[pytest.mark.sweep] * (s in SWEPT)) for s in SLIPS]
)
def test_a_slip_is_named_with_its_line(slip):
    rule, primals, name, words, line = SLIPS[slip]
    comparison = check_rule(rule, *primals, points=2)
    result = result_of(comparison, name)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    [finding] = result.diagnosis
    assert words in finding.sentence
    assert finding.kind == "custom rule"
    assert finding.file == __file__
    assert finding.line == line_of(rule, line)
    assert f"test_rules.py:{finding.line}" in str(comparison)


@pytest.mark.parametrize("change", [lambda g: 2 * g, lambda g: -g, lambda g: 0 * g])
def test_what_the_diagnosis_knows_gets_the_line_of_the_rule(change):
    def off(residuals, u):
        of_x, of_y = pulls(residuals, u)
        return of_x, change(of_y)

    comparison = check_rule(with_vjp(product, keeps, off), X, Y, points=1)
    assert result_of(comparison, "x").verdict is Verdict.AGREE
    [finding] = result_of(comparison, "y").diagnosis
    assert "every coordinate" in finding.sentence
    assert "declare" not in str(finding)
    assert finding.line == change.__code__.co_firstlineno


def test_a_cotangent_that_is_forgotten_is_named():
    forgets = with_vjp(product, keeps, lambda residuals, u: (pulls(residuals, u)[0], u * 0 + 1))
    assert not result_of(check_rule(forgets, X, Y, points=1), "y").verdict.ok
    lost = with_vjp(jnp.sin, lambda x: (jnp.sin(x), x), lambda x, u: (jnp.cos(x),))
    [result, *_] = check_rule(lost, X, points=1).results
    assert "cotangent" in str(result.diagnosis[0])


@pytest.mark.parametrize(
    "rule", [PRODUCT, with_jvp(product, tangent_of_product), jax.jit(PRODUCT)]
)
def test_a_right_rule_passes_every_check(rule):
    comparison = check_rule(rule, X, Y, points=1)
    assert [result.objective for result in comparison.results] == ["x", "y"]
    assert comparison.ok
    text = str(comparison)
    for words in ("float32", "jax.vmap", "second derivatives", "large cotangents", "±1000"):
        assert words in text
    assert "calls autodiff itself" not in text
    again = Comparison.from_json(comparison.to_json())
    assert str(again) == text


def test_a_rule_that_is_the_program_of_autodiff_is_a_check():
    cubed = with_jvp(lambda x: x**3, lambda p, t: jax.jvp(lambda x: x**3, p, t))
    assert check_rule(cubed, X, points=1).verdict is Verdict.AGREE


@pytest.mark.parametrize(
    "rule",
    [
        with_vjp(
            lambda n, x: x**n,
            lambda n, x: (x**n, x),
            lambda n, x, u: (u * n * x ** (n - 1),),
            nondiff_argnums=(0,),
        ),
        with_jvp(
            lambda n, x: x**n,
            lambda n, p, t: (p[0] ** n, n * p[0] ** (n - 1) * t[0]),
            nondiff_argnums=(0,),
        ),
    ],
)
def test_arguments_that_are_not_differentiated(rule):
    comparison = check_rule(rule, 3, X, points=1, second_order=False)
    assert [result.objective for result in comparison.results] == ["x"]
    assert comparison.ok


def test_a_wrong_rule_with_such_an_argument():
    wrong = with_jvp(
        lambda n, x: x**n, lambda n, p, t: (p[0] ** n, n * p[0] ** n * t[0]), nondiff_argnums=(0,)
    )
    assert check_rule(wrong, 3, X, points=1).verdict is Verdict.ANALYTIC_WRONG


def test_pytrees_and_whole_numbers():
    def scaled(tree, counts):
        return {"all": tree["w"] * counts, "sum": jnp.sum(tree["b"])}

    def back(counts, u):
        return {"w": u["all"] * counts, "b": u["sum"] * jnp.ones(2)}, None

    rule = with_vjp(scaled, lambda tree, counts: (scaled(tree, counts), counts), back)
    comparison = check_rule(rule, {"w": X, "b": np.ones(2)}, np.array([1, 2, 3]), points=1)
    assert [result.objective for result in comparison.results] == ["tree"]
    assert comparison.ok


FURTHER = {
    "x-linearity": (
        with_vjp(
            jnp.sin, lambda x: (jnp.sin(x), x), lambda x, u: (jnp.clip(u * jnp.cos(x), -9, 9),)
        ),
        "not linear",
    ),
    "x-at-1000": (
        with_vjp(
            jax.nn.softplus,
            lambda x: (jax.nn.softplus(x), x),
            lambda x, u: (u * jnp.exp(x) / (1 + jnp.exp(x)),),
        ),
        "not finite",
    ),
    "x-in-float32": (
        with_vjp(
            jnp.sin,
            lambda x: (jnp.sin(x), x),
            lambda x, u: (u * jnp.cos(x) * ((1 + 1e-6 * x) - 1) / x * 1e6,),
        ),
        "float32",
    ),
    "second-order": (
        with_vjp(
            jnp.sin,
            lambda x: (jnp.sin(x), x),
            lambda x, u: (u * jax.lax.stop_gradient(jnp.cos(x)),),
        ),
        "stop_gradient",
    ),
    "under-vmap": (
        with_vjp(
            jnp.sin,
            lambda x: (jnp.sin(x), x),
            lambda x, u: (u * jnp.asarray(np.cos(np.asarray(x))),),
        ),
        "raises NumPy is called on a traced value",
    ),
}


@pytest.mark.parametrize("name", FURTHER)
def test_what_only_a_further_check_sees(name):
    rule, words = FURTHER[name]
    comparison = check_rule(rule, X, points=1)
    assert comparison.results[0].verdict is Verdict.AGREE
    assert not comparison.ok
    assert words in str(result_of(comparison, name))
    assert Comparison.from_json(comparison.to_json()).verdict is comparison.verdict


def test_a_rule_may_differ_under_vmap():
    @jax.custom_batching.custom_vmap
    def slope(x):
        return jnp.cos(x)

    @slope.def_vmap
    def batched(axis_size, in_batched, x):
        return 2 * jnp.cos(x), True

    rule = with_vjp(jnp.sin, lambda x: (jnp.sin(x), x), lambda x, u: (u * slope(x),))
    comparison = check_rule(rule, X, points=1, second_order=False)
    assert result_of(comparison, "x-under-vmap").verdict is Verdict.ANALYTIC_WRONG


def test_a_rule_whose_parts_are_unknown_is_checked_all_the_same(monkeypatch):
    monkeypatch.setattr(rules, "parts_of_rule", lambda function: [None] * 4)
    [right, wrong] = check_rule(with_vjp(product, keeps, half_right), X, Y, points=1).results
    assert right.verdict is Verdict.AGREE
    assert wrong.verdict is Verdict.ANALYTIC_WRONG
    assert wrong.diagnosis[0].kind == "sign"
    assert not wrong.diagnosis[0].file


def test_the_second_order_can_be_left_out():
    rule, _ = FURTHER["second-order"]
    assert check_rule(rule, X, points=1, second_order=False).ok


def test_a_forward_rule_that_computes_another_value():
    rule = with_vjp(jnp.sin, lambda x: (jnp.sin(x) + 1e-3, x), lambda x, u: (u * jnp.cos(x),))
    comparison = check_rule(rule, X, points=1)
    assert comparison.verdict is Verdict.VALUE_DIFFERS
    assert "the reference is the value by the rule" in str(comparison)


def test_a_residual_that_is_not_finite_is_told():
    rule = with_vjp(
        jnp.sin,
        lambda x: (jnp.sin(x), (x, 1 / (x - x))),
        lambda kept, u: (u * jnp.cos(kept[0]) + 0 * jnp.nan_to_num(kept[1]),),
    )
    assert "not finite at x0: residual 1" in str(check_rule(rule, X, points=1))


@pytest.mark.parametrize(("factor", "verdict"), [(1, "AGREE"), (2, "ANALYTIC_WRONG")])
def test_a_rule_of_forward_mode_alone(factor, verdict):
    def tangent(primals, tangents):
        (x,), (t,) = primals, tangents
        return jnp.sin(x), factor * jnp.cos(x) * jnp.where(t > 0, t, t)

    comparison = check_rule(with_jvp(jnp.sin, tangent), X, points=1)
    assert comparison.verdict.name == verdict
    assert "no reverse mode" in str(comparison)


def test_a_function_on_the_host_without_its_rule():
    def called(x):
        like = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return jax.pure_callback(
            lambda v: np.sin(v).astype(v.dtype), like, x, vmap_method="sequential"
        )

    right = with_vjp(called, lambda x: (called(x), x), lambda x, u: (u * jnp.cos(x),))
    comparison = check_rule(right, X, points=1)
    assert comparison.ok
    assert "no second derivatives" in str(comparison)
    wrong = with_vjp(called, lambda x: (called(x), x), lambda x, u: (-u * jnp.cos(x),))
    assert check_rule(wrong, X, points=1).verdict is Verdict.ANALYTIC_WRONG


def host_product(z, w):
    return np.asarray(z) * np.asarray(w)


PAIRS = {
    "right": (np.tanh, lambda u, x: u * (1 - np.tanh(x) ** 2), (X,), ""),
    "input": (
        np.tanh,
        lambda u, x: u * (1 - x**2),
        (X,),
        "the input x where the result of tanh is meant",
    ),
    "swapped": (host_product, lambda u, x, y: (u * x, u * y), (X, Y), "z the cotangent of w"),
    "convention": (
        host_product,
        lambda u, z, w: (u * np.conj(w), u * np.conj(z)),
        (Z, W),
        'give complex_convention="ascent"',
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_of_functions_on_the_host(pair):
    forward, backward, primals, words = PAIRS[pair]
    comparison = check_rule(forward, *primals, backward=backward, points=1)
    assert comparison.ok is (not words)
    assert words in str(comparison)
    if words:
        assert comparison.results[0].diagnosis[0].line == backward.__code__.co_firstlineno


def test_the_convention_of_torch():
    _, backward, primals, _ = PAIRS["convention"]
    options = {"complex_convention": "ascent", "points": 1}
    assert check_rule(host_product, *primals, backward=backward, **options).ok


def test_a_torch_function():
    torch = pytest.importorskip("torch")

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, a):
            ctx.save_for_backward(x, a)
            return a * x**3

        @staticmethod
        def backward(ctx, u):
            x, a = ctx.saved_tensors
            return 3 * u * a * x**2, factor * u * x**3

    def forward(x, a):
        return Cube.apply(*map(torch.from_numpy, (x, a))).numpy()

    def backward(u, x, a):
        primals = [torch.from_numpy(p.copy()).requires_grad_() for p in (x, a)]
        Cube.apply(*primals).backward(torch.from_numpy(np.asarray(u).copy()))
        return [p.grad.numpy() for p in primals]

    factor = 1
    assert check_rule(forward, X, Y, backward=backward).ok
    factor = -1
    comparison = check_rule(forward, X, Y, backward=backward)
    assert [r.verdict.name for r in comparison.results] == ["AGREE", "ANALYTIC_WRONG"]
    assert comparison.results[1].diagnosis[0].kind == "sign"


BAD = {
    "no rule": (lambda: check_rule(jnp.sin, X), "has no rule of its own"),
    "no rule yet": (lambda: check_rule(jax.custom_vjp(product), X, Y), "No VJP defined"),
    "no function": (lambda: check_rule(X, product), "give a function f"),
    "no primals": (lambda: check_rule(PRODUCT), "no primals are given"),
    "no float": (lambda: check_rule(PRODUCT, 2, 3), "no primal can be differentiated"),
    "argnums": (lambda: check_rule(PRODUCT, X, Y, argnums=2), "argnums names number 2"),
    "an option": (lambda: check_rule(PRODUCT, X, Y, point=2), "unknown option 'point'"),
    "shapes": (lambda: check_rule(PRODUCT, X, np.ones(5)), "product cannot be called"),
    "one for two": (
        lambda: check_rule(with_vjp(product, keeps, lambda kept, u: u), X, Y),
        "return a tuple of 2, one cotangent for each primal",
    ),
    "not summed": (
        lambda: check_rule(
            with_vjp(jnp.add, lambda x, y: (x + y, None), lambda _, u: (u, u)), X[:, None] * Y, Y
        ),
        "sum over the axes along which the primal was broadcast",
    ),
    "one for two, host": (
        lambda: check_rule(host_product, X, Y, backward=lambda u, x, y: u * y),
        "return a tuple of 2, one cotangent for each primal",
    ),
    "not summed, host": (
        lambda: check_rule(host_product, X[:, None] * Y, Y, backward=lambda u, x, y: (u, u)),
        "gives w a cotangent of shape (3, 3), and the primal has (3,); sum over the axes",
    ),
    "another structure": (
        lambda: check_rule(np.sin, X, backward=lambda u, x: ({"x": u},)),
        "of another structure",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_error(name):
    call, words = BAD[name]
    with pytest.raises(InputError, match=re.escape(words)):
        call()


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_page_prints_what_stands_below_it(number, capsys, monkeypatch):
    example, below = EXAMPLES[number]
    if "import torch" in example:
        pytest.importorskip("torch")
    lines = (len(example), None, example.splitlines(True), "layers.py")
    monkeypatch.setitem(linecache.cache, "layers.py", lines)  # as if it were a file
    exec(compile(example, "layers.py", "exec"), {})
    assert without_numbers(capsys.readouterr().out) == without_numbers(below)


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 3
