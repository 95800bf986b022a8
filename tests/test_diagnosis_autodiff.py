"""What misleads autodiff: each is planted, beside one that looks like it and is right."""

import functools
import importlib
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Comparison, Verdict, check
from gradcompare._foundation import user_code

LINES = Path(__file__).read_text().splitlines()
X = np.linspace(0.3, 1.4, 5)
FIFTY = np.linspace(0.3, 2.0, 50)


def line_of(text: str) -> int:
    """The only line of this file that begins with this text."""
    (line,) = [n for n, line in enumerate(LINES, start=1) if line.strip().startswith(text)]
    return line


@jax.custom_jvp
def wave(x, y):
    return jnp.sin(x) * jnp.cos(y)


@wave.defjvp
def wave_rule(primals, tangents):
    (x, y), (dx, dy) = primals, tangents
    return wave(x, y), jnp.cos(x) * jnp.cos(y) * dx + jnp.sin(x) * jnp.sin(y) * dy  # the sign


def true_wave(x, y):
    return jnp.sin(x) * jnp.cos(y)


@jax.custom_vjp
def product(x, y):
    return jnp.sin(x) * y


def product_forward(x, y):
    return product(x, y), (x, y)


def product_backward(kept, c):
    x, y = kept
    return 3 * c * jnp.cos(x) * y, c * jnp.sin(x)  # three times


product.defvjp(product_forward, product_backward)


@jax.custom_jvp
def square(x):
    return x**2


@square.defjvp
def square_rule(primals, tangents):
    return square(*primals), 2 * primals[0] * tangents[0]


@jax.custom_jvp
def nearly(x):
    return x**2


@nearly.defjvp
def nearly_rule(primals, tangents):
    return nearly(*primals), 2.002 * primals[0] * tangents[0]


@jax.custom_jvp
def bent(x):
    return x**3


@bent.defjvp
def bent_rule(primals, tangents):
    return bent(*primals), primals[0] * tangents[0]  # no multiple of 3x²


@jax.custom_jvp
def straight(x):
    return jnp.round(x)


straight.defjvps(lambda dx, result, x: dx)


def loop(step):
    def value(x):
        return jax.lax.scan(lambda c, xi: (step(c, xi) + xi, None), 0.3, x)[0]

    return value


def branch(step):
    return lambda x: jnp.sum(jax.lax.cond(x[0] > 0, lambda x: step(x, x**2), lambda x: x, x))


def verdict(value, truth, x=X, **options) -> Comparison:
    """The check with the gradient of another function, which is the same but for its rules."""
    result = check(value, jax.grad(truth), x, **options)
    assert result.verdict is Verdict.AUTODIFF_WRONG, str(result)
    return result


def only(result: Comparison):
    (finding,) = result.results[0].diagnosis
    assert finding.residual == 0
    assert f"what: {finding}" in str(result)
    return finding


def named(finding, text: str, kind: str = "custom rule"):
    assert (finding.kind, Path(finding.file).name) == (kind, Path(__file__).name)
    assert finding.line == line_of(text)
    assert f"({Path(__file__).name}:{finding.line})" in finding.sentence


SIGN = "whose derivative with respect to y is of the wrong sign"
RULES = {
    "argument": (
        lambda x: jnp.sum(wave(x, x**2) + square(x)),
        lambda x: jnp.sum(true_wave(x, x**2) + x**2),
        ("@wave.defjvp", SIGN),
    ),
    "backward": (
        lambda x: jnp.sum(product(x, jnp.exp(x)) + square(x)),
        lambda x: jnp.sum(jnp.sin(x) * jnp.exp(x) + x**2),
        ("def product_backward", "whose derivative with respect to x is 3 times what it should"),
    ),
    "slight": (
        lambda x: jnp.sum(nearly(x) * square(x)),
        lambda x: jnp.sum(x**4),
        ("@nearly.defjvp", "whose derivative is 1.001 times what it should be"),
    ),
    "no-factor": (
        lambda x: jnp.sum(bent(x) * square(x)),
        lambda x: jnp.sum(x**5),
        ("@bent.defjvp", "which does not give its derivative"),
    ),
    "scan": (loop(wave), loop(true_wave), ("@wave.defjvp", SIGN)),
    "cond": (branch(wave), branch(true_wave), ("@wave.defjvp", SIGN)),
    "jit": (
        lambda x: jnp.sum(jax.jit(wave)(x, x)),
        lambda x: jnp.sum(true_wave(x, x)),
        ("@wave.defjvp", SIGN),
    ),
    "remat": (
        lambda x: jnp.sum(jax.checkpoint(wave)(x, x)),
        lambda x: jnp.sum(true_wave(x, x)),
        ("@wave.defjvp", SIGN),
    ),
}


@pytest.mark.parametrize("case", sweep(RULES, RULES.keys() - {"remat"}))
def test_a_wrong_rule_is_named_and_the_right_one_beside_it_is_not(case):
    value, truth, (rule, wrong) = RULES[case]
    finding = only(verdict(value, truth))
    named(finding, rule)
    assert wrong in finding.sentence
    assert "without the rule, autodiff agrees with finite differences" in finding.sentence
    assert "square" not in finding.sentence
    assert finding.correction == "correct the rule, or remove it"


@pytest.mark.parametrize("x", [0.7, FIFTY], ids=["1", "50"])
def test_of_one_parameter_and_of_fifty(x):
    value = functools.partial(lambda f, x: jnp.sum(f(x) * square(x)), nearly)
    finding = only(verdict(value, lambda x: jnp.sum(x**4), x))
    named(finding, "@nearly.defjvp")
    assert "1.001 times" in finding.sentence
    assert finding.coordinates == tuple(range(np.size(x)))


def test_without_a_gradient_the_rule_is_named_as_well():
    result = check(lambda x: jnp.sum(nearly(x)), None, X)
    assert result.verdict is Verdict.AUTODIFF_WRONG
    named(only(result), "@nearly.defjvp")
    assert "is not what finite differences find\n  Correct what is named below." in str(result)


def test_two_wrong_rules_are_named_together():
    result = verdict(
        lambda x: jnp.sum(nearly(x) * product(x, x) + square(x)),
        lambda x: jnp.sum(x**3 * jnp.sin(x) + x**2),
    )
    first, second = result.results[0].diagnosis
    named(first, "@nearly.defjvp")
    named(second, "def product_backward")
    assert "without both, autodiff agrees with finite differences" in second.sentence
    assert "agrees" not in first.sentence


def test_a_right_rule_is_no_news():
    result = check(lambda x: jnp.sum(square(x)), lambda x: 2 * x, X)
    assert result.verdict is Verdict.AGREE
    assert not result.results[0].diagnosis


def test_a_rule_is_not_accused_of_a_wrong_formula():
    result = check(lambda x: jnp.sum(square(x)), lambda x: 3 * x, X)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert "rule" not in {finding.kind for finding in result.results[0].diagnosis}
    assert "follows" not in " ".join(map(str, result.results[0].diagnosis))


def test_a_rule_whose_mistake_the_formula_shares_is_named():
    result = check(lambda x: jnp.sum(nearly(x)), lambda x: 2.002 * x, X)
    assert result.verdict is Verdict.BOTH_WRONG
    named(only(result), "@nearly.defjvp")


def test_the_rule_of_relu_at_its_kink_is_not_accused():
    x = np.array([0.0, 1.0, -1.0])
    finding = only(
        verdict(
            lambda x: jnp.sum(jax.nn.relu(x) + nearly(x)),
            lambda x: jnp.sum(jax.nn.relu(x) + x**2),
            x,
        )
    )
    named(finding, "@nearly.defjvp")
    result = check(lambda x: jnp.sum(jax.nn.relu(x)), lambda x: (x > 0) * 1.0, x)
    assert result.verdict is Verdict.VALID_SUBGRADIENT
    assert not result.results[0].diagnosis


LIBRARY = """
import jax

@jax.custom_jvp
def squash(x):
    return x / (1 + x)

@squash.defjvp
def squash_rule(primals, tangents):
    return squash(*primals), tangents[0] / (1 + primals[0])

def held(x):
    return x * jax.lax.stop_gradient(x)
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """An installed package with a wrong rule, and with a stopped gradient."""
    folder = tmp_path / "site-packages" / "squashing"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.delitem(sys.modules, "squashing", raising=False)
    yield importlib.import_module("squashing")
    del sys.modules["squashing"]


@pytest.fixture
def library(installed, monkeypatch):
    """The same as one of the libraries whose code is not the user's."""
    known = user_code.is_users, user_code.library_roots
    with monkeypatch.context() as patch:
        patch.setattr(user_code, "LIBRARIES", (*user_code.LIBRARIES, "squashing"))
        for each in known:
            each.cache_clear()
        yield installed
    for each in known:
        each.cache_clear()


def test_a_rule_of_an_installed_package_is_the_users(installed):
    def value(x):
        return jnp.sum(installed.squash(x))

    finding = only(verdict(value, lambda x: jnp.sum(x / (1 + x))))
    assert finding.kind == "custom rule"
    assert finding.file == installed.__file__


def test_a_rule_of_a_library_is_named_where_it_is_called_first(library):
    def value(x):
        once = library.squash(x)
        return jnp.sum(once * library.squash(x**2))

    finding = only(verdict(value, lambda x: jnp.sum(x / (1 + x) * x**2 / (1 + x**2))))
    named(finding, "once = library.squash(x)")
    assert "the library's rule of `squash` at `library.squash(x)`" in finding.sentence
    assert finding.correction == "move the point, or write out that function"


def test_a_stop_gradient_of_a_library_is_named_where_it_is_called(library):
    def value(x):
        return jnp.sum(library.held(x) + x)  # held

    finding = only(verdict(value, lambda x: jnp.sum(x**2 + x)))
    assert "autodiff treats a part of `library.held(x)`" in finding.sentence


def test_with_a_convention_it_is_the_same():
    result = check(lambda x: jnp.sum(nearly(x)), lambda x: -2 * x * x, X, sign=-1, wrt="log")
    assert result.verdict is Verdict.AUTODIFF_WRONG, str(result)
    assert "1.001 times" in only(result).sentence


def test_a_straight_through_rule_is_not_the_derivative():
    finding = only(
        verdict(lambda x: jnp.sum(straight(x) * x), lambda x: jnp.sum(jnp.round(x) * x))
    )
    assert "follows the rule of `straight`" in finding.sentence
    assert finding.line == line_of("def straight(x)") - 1


def stopped(x):
    fixed = jax.lax.stop_gradient(x[0])  # on the path
    beside = jax.lax.stop_gradient(jnp.asarray(2.0))
    return jnp.sum(fixed * x**2) + beside


def test_stop_gradient_is_named_where_it_is_on_the_path():
    finding = only(verdict(stopped, lambda x: jnp.sum(x[0] * x**2)))
    named(finding, "fixed = jax.lax.stop_gradient", "stop_gradient")
    assert "`jax.lax.stop_gradient(x[0])`" in finding.sentence
    assert finding.coordinates == (0,)
    assert "remove the stop_gradient" in str(finding)


def test_the_stop_gradient_inside_of_logsumexp_is_right():
    """It cancels: JAX holds the largest exponent constant."""
    finding = only(
        verdict(
            lambda x: jax.nn.logsumexp(x) + jnp.sum(nearly(x)),
            lambda x: jax.nn.logsumexp(x) + jnp.sum(x**2),
        )
    )
    named(finding, "@nearly.defjvp")


def stepped(x):
    return jnp.sum(x**2) + jnp.sum(
        jnp.round(x * 1e7) / 1e10  # small steps
    )


def cast(x):
    return jnp.sum(
        (x**2 * 1e7).astype(int).astype(float) / 1e7  # as integers
    )


ROUNDED = {
    "round": (stepped, lambda x: jnp.sum(x**2 + x / 1e3), "jnp.round(x * 1e7)"),
    "cast": (cast, lambda x: jnp.sum(x**2), "(x**2 * 1e7).astype(int)"),
}


@pytest.mark.parametrize("case", ROUNDED)
def test_rounding_in_small_steps_is_named(case):
    value, truth, text = ROUNDED[case]
    finding = only(verdict(value, truth))
    named(finding, text, "rounding")
    assert f"`{text}`" in finding.sentence
    assert "without the rounding, autodiff agrees with finite differences" in finding.sentence


def quantised(w):
    return jnp.sum((jnp.round(4 * w) / 4 - 0.1) ** 2)  # large steps


def test_a_derivative_against_a_staircase():
    w = np.array([0.3, 0.8, -0.4])
    result = check(quantised, lambda w: 2 * (jnp.round(4 * w) / 4 - 0.1), w)
    assert result.verdict is Verdict.INCONCLUSIVE
    finding = only(result)
    named(finding, "return jnp.sum((jnp.round(4 * w)", "rounding")
    assert "so it is a staircase: the rounding `jnp.round(4 * w)`" in finding.sentence


def test_a_wrong_formula_beside_a_rounding_is_no_staircase():
    result = check(lambda w: jnp.sum(w**2 + jnp.round(w)), lambda w: 4 * w, X)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert [finding.kind for finding in result.results[0].diagnosis] == ["factor"]


def bisected(theta):
    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2
        above = middle**3 + middle > theta
        return jnp.where(above, low, middle), jnp.where(above, middle, high)

    ends = jnp.full_like(theta, -8), jnp.full_like(theta, 8)
    return jnp.sum(jax.lax.fori_loop(0, 24, halve, ends)[0] ** 2)


def test_a_solver_without_a_derivative():
    def gradient(theta):
        u = jnp.array([jnp.roots(jnp.array([1.0, 0, 1, -t]), strip_zeros=False) for t in theta])
        u = jnp.real(u[jnp.arange(len(theta)), jnp.argmin(jnp.abs(jnp.imag(u)), axis=1)])
        return 2 * u / (3 * u**2 + 1)

    result = check(bisected, gradient, np.array([2.0, -3.0]))
    assert result.verdict is Verdict.AUTODIFF_WRONG, str(result)
    finding = only(result)
    named(finding, "above = middle**3", "comparison")
    assert (
        "only through operations without a derivative: the comparison `middle**3"
        in finding.sentence
    )


wrong_at_zero = pytest.mark.skipif(
    jax.__version_info__ >= (0, 12), reason="jax.scipy.special.i0 is right at 0 since jax 0.12"
)


def bessel(kappa):
    return jnp.sum(
        jnp.log(jax.scipy.special.i0(kappa))  # even, so 0 at 0
    )


@wrong_at_zero
def test_a_convention_at_a_special_point():
    def gradient(kappa):
        return jax.scipy.special.i1e(kappa) / jax.scipy.special.i0e(kappa)

    kappa = np.array([0.7, 0.0, 1.2])
    result = check(bessel, gradient, kappa)
    assert result.verdict is Verdict.AUTODIFF_WRONG
    finding = only(result)
    named(finding, "jnp.log(jax.scipy.special.i0(kappa))", "special point")
    assert finding.sentence.startswith(
        "x[1] is 0: at this point, autodiff's derivative of `jax.scipy."
    )
    assert finding.coordinates == (1,)
    assert not check(bessel, gradient, kappa + 1).results[0].diagnosis
    scaled = check(bessel, lambda kappa: 3 * gradient(kappa), kappa, scale=3)
    assert only(scaled).sentence == finding.sentence


@wrong_at_zero
def test_an_operation_beside_it_that_makes_no_difference_is_not_accused():
    def value(kappa):
        beside = 0 * jnp.sum(jax.nn.relu(kappa))  # its rule is another convention at 0
        return jnp.sum(jnp.log(jax.scipy.special.i0(kappa) + beside))  # here

    def gradient(kappa):
        return jax.scipy.special.i1e(kappa) / jax.scipy.special.i0e(kappa)

    result = check(value, gradient, np.array([0.0, 0.7]))
    assert result.verdict is Verdict.AUTODIFF_WRONG
    finding = only(result)
    named(
        finding, "return jnp.sum(jnp.log(jax.scipy.special.i0(kappa) + beside))", "special point"
    )
    assert "relu" not in finding.sentence


@jax.custom_vjp
def scaled(x):
    return 3 * x


def scaled_backward(kept, c):
    return (3 * c,)


scaled.defvjp(lambda x: (scaled(x), None), scaled_backward)


@jax.custom_vjp
def hosted(x):
    return 3 * x


def hosted_backward(kept, c):
    return (jax.pure_callback(lambda c: 3 * c, jax.ShapeDtypeStruct(c.shape, c.dtype), c),)


hosted.defvjp(lambda x: (hosted(x), None), hosted_backward)


def halves(x):  # the sum is x, but flat at 0 to autodiff
    return (
        jax.lax.clamp(0.0, x, jnp.inf) + jax.lax.clamp(-jnp.inf, x, 0.0)  # where it is named
    )


BACKWARD_ONLY = {
    "called": scaled,
    "compiled": jax.jit(scaled),
    "vectorised by the library": lambda x: jnp.vectorize(scaled)(x),
    "in a loop": lambda x: jax.lax.scan(lambda c, xi: (c, scaled(xi)), 0.0, x)[1],
    "in a branch": lambda x: jax.lax.cond(jnp.sum(x) < 99, scaled, lambda x: 3 * x, x),
}


@pytest.mark.parametrize("case", sweep(BACKWARD_ONLY, {"called", "compiled", "in a loop"}))
def test_a_right_rule_for_reverse_mode_alone_beside_a_special_point_is_not_accused(case):
    result = check(
        lambda x: jnp.sum(BACKWARD_ONLY[case](halves(x))),
        lambda x: 3 * jnp.ones_like(x),
        np.array([0.7, 0.0]),
    )
    assert result.verdict is Verdict.AUTODIFF_WRONG, str(result)
    finding = only(result)
    named(finding, "jax.lax.clamp(0.0", "special point")
    assert "scaled" not in finding.sentence


def test_a_rule_that_cannot_be_followed_along_a_tangent_is_no_fault_of_ours():
    result = check(
        lambda x: jnp.sum(hosted(halves(x))),
        lambda x: 3 * jnp.ones_like(x),
        np.array([0.7, 0.0]),
    )
    assert result.verdict is Verdict.AUTODIFF_WRONG, str(result)
    assert not result.results[0].diagnosis
    assert "failed" not in str(result)


def test_the_report_says_it_in_few_words_and_json_keeps_the_line():
    result = verdict(lambda x: jnp.sum(nearly(x)), lambda x: jnp.sum(x**2))
    assert "the other sources agree\n  Correct what is named below." in str(result)
    assert "Look for a custom rule" not in str(result)
    assert str(result).count("autodiff follows") == 1
    (kept,) = json.loads(result.to_json())["results"][0]["diagnosis"]
    assert kept["line"] == line_of("@nearly.defjvp")
    assert Comparison.from_json(result.to_json()).results[0].diagnosis == (
        result.results[0].diagnosis
    )


def test_what_cannot_be_shown_is_not_said():
    """The stopped gradient cannot be undone, since what comes after it has no derivative."""

    def value(x):
        shape = jax.ShapeDtypeStruct((), x.dtype)
        seen = jax.lax.stop_gradient(jnp.sum(x))
        hidden = jax.pure_callback(np.sin, shape, seen, vmap_method="sequential")
        return jnp.sum(x**2) * hidden

    result = check(value, None, X)
    assert result.verdict is Verdict.AUTODIFF_WRONG
    assert not result.results[0].diagnosis
    assert "Look for a custom rule" in str(result)


@jax.custom_jvp
def length(x):
    return jnp.sqrt(jnp.sum(x**2))


@length.defjvp
def length_rule(primals, tangents):
    (x,), (dx,) = primals, tangents
    n = length(x)
    return n, 2 * jnp.where(n == 0, 0.0, jnp.sum(x * dx) / jnp.where(n == 0, 1.0, n))  # twice


@pytest.mark.parametrize("options", sweep([{"timing": False, "points": 1}, {}]))
def test_a_rule_that_guards_a_division_is_named_although_it_cannot_be_undone_everywhere(options):
    rows = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [0.5, -1.0, 0.3]])
    comparison = check(
        lambda x: jnp.sum(jax.vmap(length)(x) ** 2), lambda x: 2 * x, rows, **options
    )
    assert comparison.verdict is Verdict.AUTODIFF_WRONG
    (finding,) = comparison.results[0].diagnosis
    assert finding.line == line_of("@length.defjvp")
    assert "is 2 times what it should be" in str(finding)
    assert "except for" not in str(finding)


def guarded_norm(x):
    s = jnp.sum(x**2)
    zero = s == 0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, s)))  # of the norm


def rotated(x):
    """Linear in x near 0, where the angle is 0 and its derivative is taken to be 0."""
    angle = guarded_norm(x)
    axis = x / jnp.where(angle == 0, 1.0, angle)  # of the axis
    return jnp.sin(angle) * (axis @ jnp.array([1.0, -2.0, 3.0]))


def quotient(x):
    small = jnp.abs(x) < 1e-6
    safe = jnp.where(small, 1.0, x)
    return jnp.where(small, 1.0, jnp.expm1(safe) / safe)  # the constant arm


def series(x):
    small = jnp.abs(x) < 1e-6
    safe = jnp.where(small, 1.0, x)
    return jnp.where(small, 1.0 + x / 2, jnp.expm1(safe) / safe)


def through_cond(x):
    return jax.lax.cond(x[0] == 0, lambda x: x[1], lambda x: x[1] + jnp.sin(x[0]), x)  # a cond


@pytest.mark.parametrize(
    ("value", "x0", "text"),
    [
        (rotated, np.zeros(3), "of the norm"),
        pytest.param(
            *(lambda x: jnp.sum(quotient(x)), np.array([0.0, 0.5]), "the constant arm"),
            marks=pytest.mark.xfail(reason="a plateau of 1e-6 is taken for a kink", strict=True),
        ),
        (through_cond, np.array([0.0, 0.5]), "a cond"),
    ],
)
def test_an_arm_that_holds_at_single_points_is_named(value, x0, text):
    comparison = check(value, None, x0)
    assert comparison.verdict is Verdict.AUTODIFF_WRONG
    (finding,) = comparison.results[0].diagnosis
    (line,) = [n for n, each in enumerate(LINES, start=1) if each.endswith(f"# {text}")]
    assert f"test_diagnosis_autodiff.py:{line})" in str(finding)
    assert "takes at this point and not beside it" in str(finding)
    assert "stationary" not in str(comparison)


def test_an_arm_with_the_right_derivative_is_not_named():
    assert check(lambda x: jnp.sum(series(x)), None, np.array([0.0, 0.5])).ok


def test_a_stationary_point_is_called_one():
    assert "stationary" in str(check(lambda x: jnp.sum(x**2), None, np.zeros(3)))


SOFTLIB = """
import jax, jax.numpy as jnp

@jax.custom_vjp
def softly(x):
    return jnp.sum(jnp.sin(x))

softly.defvjp(lambda x: (softly(x), x), lambda x, g: (3 * g * jnp.cos(x),))

def loss(x):
    return softly(x) + jnp.sum(x**2)
"""


def test_a_rule_of_an_installed_package_is_told_from_the_users(tmp_path, monkeypatch):
    (tmp_path / "softlib").mkdir()
    (tmp_path / "softlib" / "__init__.py").write_text(SOFTLIB)
    described = tmp_path / "softlib-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: softlib\nVersion: 1.0\n")
    (described / "top_level.txt").write_text("softlib\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    softlib = importlib.import_module("softlib")
    x = np.array([0.5, -1.0, 2.0])
    theirs = check(lambda x: softlib.softly(x) + jnp.sum(x**3), None, x)
    assert "the rule that softlib has for `softly`" in str(theirs)
    assert "report it to softlib" in str(theirs)
    mine = check(softlib.loss, None, x)  # the objective is in the package
    assert "correct the rule, or remove it" in str(mine)
