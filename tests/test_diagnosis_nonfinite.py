"""Where a NaN comes from: the operation, its numbers, its line, and the `where` that hides it."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Finding, Verdict, check
from gradcompare._evaluation.compiled import CompiledFunction

LINES = Path(__file__).read_text().splitlines()


def line_of(text: str) -> int:
    """The only line of this file that begins with this text."""
    (line,) = [n for n, line in enumerate(LINES, start=1) if line.strip().startswith(text)]
    return line


def findings(value, gradient, x, *args) -> tuple[Finding, ...]:
    result = check(value, gradient, np.array(x), *args)
    assert result.verdict is Verdict.NONFINITE, str(result)
    found = result.results[0].diagnosis
    assert all(f"what: {finding}" in str(result) for finding in found)
    assert {finding.kind for finding in found} <= {"non-finite"}
    return found


def root(x):
    return jnp.sum(
        jnp.where(x > 0, x * jnp.sqrt(x), 0)  # a where
    )


def root_gradient(x):
    return 1.5 * jnp.sqrt(jnp.maximum(x, 0))


def entropy(p):
    term = p * jnp.log(p)
    return -jnp.sum(jnp.where(p == 0, 0.0, term))


def entropy_gradient(p):
    return jnp.where(p > 0, -1 - jnp.log(jnp.where(p > 0, p, 1)), 0)


def summed(x):
    def add(total, xi):
        return total + jnp.where(xi > 0, jnp.power(xi, 1.5), 0.0), None

    return jax.lax.scan(add, 0.0, x)[0]


def inverse(x):
    small = jnp.abs(x) < 1e-3
    return jnp.sum(jnp.where(small, 0.0, 1 / x))


@jax.jit
def own_root(x):
    return jnp.sqrt(x)  # compiled


def compiled(x):
    return jnp.sum(jnp.where(x > 0, own_root(x), 0.0))  # of it


HIDDEN = {
    "where": (
        (root, root_gradient, [1.0, -1.5]),
        "x[1] is -1.5: the first non-finite number comes from sqrt(-1.5) in `jnp.sqrt(x)`",
        "guard its argument too: jnp.sqrt(jnp.where(x > 0, x, 1))",
        ("jnp.where(x > 0, x * jnp.sqrt(x), 0)", "jnp.where(x > 0, x * jnp.sqrt(x), 0)"),
    ),
    "the other branch": (
        (entropy, entropy_gradient, [0.5, 0.0]),
        "x[1] is 0: the first non-finite number comes from log(0) in `jnp.log(p)`",
        "guard its argument too: jnp.log(jnp.where(p == 0, 1, p))",
        ("term = p * jnp.log(p)", "return -jnp.sum(jnp.where(p == 0"),
    ),
    "scan": (
        (summed, root_gradient, [1.0, -1.5]),
        "in `jnp.power(xi, 1.5)`",
        "look at its argument in the untaken branch: it has to be such that the derivative there "
        "is finite",
        ("return total + jnp.where", "return total + jnp.where"),
    ),
    "no call": (
        (inverse, lambda x: jnp.where(x == 0, 0, -1 / jnp.where(x == 0, 1, x) ** 2), [1.0, 0.0]),
        "in the derivative of div at `1 / x`",
        "guard its argument with a where(small, …) of its own",
        ("return jnp.sum(jnp.where(small", "return jnp.sum(jnp.where(small"),
    ),
    "compiled": (
        (compiled, lambda x: jnp.where(x > 0, 0.5 / jnp.sqrt(jnp.abs(x)), 0), [1.0, -1.5]),
        "comes from sqrt(-1.5) in `jnp.sqrt(x)`",
        "guard its argument too: jnp.sqrt(jnp.where(x > 0, x, 1))",
        ("return jnp.sqrt(x)  # compiled", "return jnp.sum(jnp.where(x > 0, own_root"),
    ),
}


@pytest.mark.parametrize("case", sweep(HIDDEN, HIDDEN.keys() - {"compiled"}))
def test_what_a_where_hides(case):
    given, said, advice, (source, where) = HIDDEN[case]
    (finding,) = findings(*given)
    assert said in finding.sentence
    assert finding.correction == advice
    assert (Path(finding.file).name, finding.line) == (Path(__file__).name, line_of(source))
    assert finding.coordinates == (1,)
    place = f"({Path(__file__).name}:{line_of(where)}) keeps it out of the value, but autodiff"
    assert place in finding.sentence


def length(x, c):
    positive = jnp.sum(jnp.where(c > 0, c, 1.0))  # has nothing to do with it
    return positive + jnp.linalg.norm(x)


def test_what_hides_it_need_not_be_a_where():
    (finding,) = findings(lambda x: jnp.sum(jnp.nan_to_num(jnp.sqrt(x))), lambda x: 0 * x, [-1.0])
    assert "`jnp.nan_to_num(jnp.sqrt(x))`" in finding.sentence
    assert "where(ok, f(where(ok, x, 1)), other)" in finding.correction


def test_a_where_beside_it_is_not_accused():
    (finding,) = findings(length, lambda x, c: 0 * x, [0.0, 0.0], np.array([1.0, -1.0]))
    assert "in the derivative of `jnp.linalg.norm(x)`" in finding.sentence
    assert finding.line == line_of("return positive + jnp.linalg.norm")
    assert "where" not in str(finding)


def test_a_number_that_is_not_finite_and_does_no_harm_is_not_accused():
    """exp(-∞) is 0 in the value and in the derivative; the root is what is at fault."""

    def value(x):
        weight = jnp.exp(-1 / jax.lax.stop_gradient(x) ** 2)
        return jnp.sum(weight + jnp.sqrt(x))

    (finding,) = findings(value, lambda x: 0 * x, [0.0, 1.0])
    assert "in the derivative of sqrt at `jnp.sqrt(x)`" in finding.sentence


def test_a_value_that_is_not_finite():
    (finding,) = findings(
        lambda x: jnp.sum(jnp.where(x > 2, jnp.log(x), jnp.sqrt(x - 1))), None, [3.0, 0.5]
    )
    assert finding.sentence.startswith(
        "in the value, the first non-finite number comes from sqrt(-0.5) in `jnp.sqrt(x - 1)`"
    )


def careless(x):
    return jnp.where(x > 0, 1 + jnp.log(x), 0.0 / x)


def test_the_formula_is_not_finite():
    """The logarithm of 0 is not finite either, and not chosen."""

    def value(x):
        return jnp.sum(jnp.where(x > 0, x * jnp.log(jnp.where(x > 0, x, 1)), 0.0))

    (finding,) = findings(value, careless, [2.0, 0.0])
    assert "in your gradient, the first non-finite number" in finding.sentence
    assert "div(0, 0) in `0.0 / x`" in finding.sentence
    assert finding.line == line_of("return jnp.where(x > 0, 1 + jnp.log(x)")


def test_both_are_not_finite():
    first, second = findings(jnp.linalg.norm, lambda x: x / jnp.linalg.norm(x), [0.0, 0.0])
    assert "in your gradient" in first.sentence
    assert "in the gradient given" not in second.sentence


def test_on_the_host_nothing_can_be_said():
    value = lambda x: np.sum(np.where(x < 0, np.nan, x))  # noqa: E731
    assert findings(value, lambda x: 0 * x, [-1.0, 1.0]) == ()


def test_without_the_source_at_hand_the_lines_are_named():
    code = "def f(x):\n    return jnp.sum(jnp.where(x > 0, jnp.sqrt(x), 0.0))\n"
    scope = {"jnp": jnp}
    exec(compile(code, "nowhere.py", "exec"), scope)
    (finding,) = findings(scope["f"], lambda x: 0 * x, [-1.0])
    assert "comes from sqrt(-1) at nowhere.py:2; the where at nowhere.py:2" in finding.sentence
    assert "where(ok, f(where(ok, x, 1)), other)" in finding.correction


def test_a_nan_of_hasty_compilation_is_not_believed(monkeypatch):
    run = CompiledFunction.run

    def hasty_nan(self, *args):
        result = run(self, *args)
        small = len(args) == 3  # not the values at many points
        return jax.tree.map(lambda x: x * np.nan, result) if self.hasty and small else result

    monkeypatch.setattr(CompiledFunction, "run", hasty_nan)
    x0 = np.array([0.3, 1.2])
    comparison = check(lambda x: jnp.sum(x**2), lambda x: 2 * x, x0, timing=False, points=1)
    assert comparison.verdict is Verdict.AGREE


def spectrum(M):
    return jnp.linalg.eigh((M + M.T) / 2)[1][0, 0] ** 2


def test_equal_eigenvalues_are_called_so():
    (finding,) = findings(spectrum, None, np.diag([1.0, 1.0, 2.0]))
    assert "two eigenvalues are equal" in finding.sentence
    result = check(spectrum, None, np.diag([1.0, 1.5, 2.0]) + 0.1, points=1)
    assert "eigenvalues are equal" not in str(result)


def by_its_result(x):
    y = jnp.log(x)
    return jnp.sum(jnp.where(jnp.isfinite(y), y, 0.0) * x)


def test_a_guard_of_its_own_result_is_not_advised():
    (finding,) = findings(by_its_result, None, [0.0, 1.5])
    assert "instead of the result" in finding.correction
    assert "isfinite" not in finding.correction


def twice_used(x):
    y = jnp.sqrt(x * x - 1)
    return jnp.sum(jnp.where(x > 2, y, 0.0)) + jnp.sum(jnp.where(x > 1, y, 0.0))


def test_a_guard_that_would_change_the_value_is_not_advised():
    """The first `where` alone would guard the root at 1.5, which the second one takes."""
    (finding,) = findings(twice_used, None, [1.5, 1.0])
    assert "keeps it out of the value" in finding.sentence
    assert "would change the value" in finding.correction
    assert "guard its argument too" not in finding.correction


def not_alone(x):
    return jnp.sum(jnp.where(x > 0, jnp.sqrt(x), 0.0)) + jnp.sum(jnp.where(x > 0, jnp.log(x), 0.0))


def test_a_guard_that_leaves_the_derivative_as_it_is_is_not_advised():
    (finding,) = findings(not_alone, None, [2.0, 0.0])
    assert "leaves the derivative non-finite" in finding.correction
