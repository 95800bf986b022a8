"""Rounding measured inside of programs: its bars hold, no branch flips, and digits are named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import check
from gradcompare._evaluation.monte_carlo.noise import Noise, random_amounts
from gradcompare._evaluation.monte_carlo.operations import Twin
from gradcompare._evaluation.monte_carlo.rerun import Rerun, largest_of
from gradcompare._evaluation.monte_carlo.spread import SAMPLES, spread

OPERATIONS = {
    "sum": lambda m, a, b, X: a + m.sum(b),
    "difference": lambda m, a, b, X: a - b,
    "product": lambda m, a, b, X: a * b,
    "quotient": lambda m, a, b, X: a / (1 + b * b),
    "exp": lambda m, a, b, X: m.exp(m.sin(a)),
    "log": lambda m, a, b, X: m.log(1 + a * a),
    "root": lambda m, a, b, X: m.sqrt(1 + a * a),
    "sine": lambda m, a, b, X: m.sin(b),
    "tanh": lambda m, a, b, X: m.tanh(a),
    "matrix": lambda m, a, b, X: X @ a,
    "running sum": lambda m, a, b, X: m.cumsum(a),
    "cancelling": lambda m, a, b, X: 1 - m.exp(-a * a),
    "saturating": lambda m, a, b, X: 1 / (1 + m.exp(-3 * a)),
}


def program(seed, steps=30):
    """A chain of operations drawn at random; every intermediate result is returned."""
    rng = np.random.default_rng(seed)
    names = rng.choice(list(OPERATIONS), steps)
    chosen = [rng.integers(0, 3 + k, 2) for k in range(steps)]

    def run(m, x, X):
        known = list(x)
        for name, (i, j) in zip(names, chosen, strict=True):
            known.append(OPERATIONS[name](m, known[i], known[j], X))
        return m.stack(known[3:])

    return run


def samples_of(function, *args, count=SAMPLES):
    """The results, plain and with random rounding."""
    with jax.enable_x64(True):
        args = [np.asarray(arg, np.float64) for arg in args]
        closed = jax.jit(function).trace(*args).jaxpr

        def moved(amounts, *args):
            twins = [Twin(arg, arg) for arg in args]
            results, _ = Rerun().run(closed, twins, Noise(amounts))
            return [result.moved for result in results]

        value = np.asarray(jax.jit(function)(*args))
        run = jax.jit(moved)
        amounts = (random_amounts(seed, largest_of(closed)) for seed in range(count))
        return value, np.stack([np.asarray(run(each, *args)[0]) for each in amounts])


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="there is no longer type")
@pytest.mark.parametrize("count", sweep([6, 20]))
def test_bars_hold_and_are_sharp(count):
    """Of programs drawn at random, against 64 binary digits."""
    ratios = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        run = program(seed)
        x, X = rng.standard_normal((3, 6)), rng.standard_normal((6, 6)) / 3
        value, samples = samples_of(lambda x, X, run=run: run(jnp, x, X), x, X)
        exact = run(np, x.astype(np.longdouble), X.astype(np.longdouble))
        error = np.abs(value - exact).astype(float)
        error[error < 1e-18 * np.abs(value)] = 0  # the rounding of the longer type
        bar = spread(value, samples) + 2**-53 * np.abs(value)
        assert np.all(error <= 3 * bar), seed
        ratios.append(error[bar > 0] / bar[bar > 0])
    ratios = np.concatenate(ratios)
    assert np.mean(ratios > 1) < 0.01
    assert 0.02 < np.median(ratios) < 0.5  # bars that are a hundred times too wide show nothing


def test_exact_operations_stay_exact():
    def exact(x):
        mask = (x > 0).astype(float)
        return jnp.stack([jnp.sum((x * mask)[:3]) / 4 - 2 * x[0], 1 - x[3], jnp.exp(0 * x[1])])

    _, samples = samples_of(exact, [3.0, -1.0, 8.0, 0.25])
    np.testing.assert_array_equal(samples, np.broadcast_to(samples[0], samples.shape))


def test_the_error_of_a_long_sum_is_seen():
    """Terms of one size are rounded in the same direction in a whole binade."""
    n = 2**20
    value, samples = samples_of(lambda x: jnp.cumsum(x)[-1] + jnp.sum(x), np.full(n, 0.1))
    exact = 2 * n * np.longdouble(0.1)
    assert abs(float(value - exact)) <= spread(value, samples)


def test_no_branch_flips_and_no_tie_breaks():
    def special(x):
        y = jnp.sin(x) ** 2 + jnp.cos(x) ** 2  # 1 up to rounding
        chosen = jnp.where(y == y[0], 1.0, 5.0) + jnp.sign(y - y[0]) + jnp.floor(y / y)
        order = jnp.argsort(y) * 1.0
        rounds = jax.lax.while_loop(
            lambda c: c[0] < 1.0, lambda c: (c[0] + 0.1, c[1] + 1.0), (0.0, 0.0)
        )[1]
        branch = jax.lax.cond(y[0] == y[1], lambda: 1.0, lambda: 2.0)
        return jnp.concatenate([chosen, order, jnp.stack([rounds, branch])])

    value, samples = samples_of(special, np.full(5, 0.3))
    np.testing.assert_allclose(samples, np.broadcast_to(value, samples.shape), rtol=1e-14)


def test_loops_and_rules_are_entered():
    """A result rounded only behind the loop would be off by one unit."""

    @jax.custom_jvp
    def tangled(x):
        return 1 - jnp.exp(-x)

    tangled.defjvps(lambda tangent, _, x: tangent)

    def inside(x):
        (last, _), _ = jax.lax.scan(lambda c, _: ((c[0] * 1.1, c[1]), None), (x, x), length=50)
        _, end = jax.lax.while_loop(lambda c: c[0] < 50, lambda c: (c[0] + 1, c[1] * 1.1), (0, x))
        return jnp.stack([last, end, tangled(1e-9 * x), jax.jit(tangled)(1e-9 * x)])

    value, samples = samples_of(inside, 0.7)
    relative = spread(value, samples) / np.abs(value)
    assert np.all(relative[:2] > 3 * 2**-52)
    assert np.all(relative[2:] > 1e-8)


def test_branches_and_nested_loops():
    def inside(x):
        def body(c, _):
            more = jax.lax.cond(c > 1, lambda c: jnp.exp(c) / 3, lambda c: c / 3 + 1, c)
            more = jax.lax.fori_loop(0, 3, lambda _, c: c * 1.1, more)
            return more / 2, jnp.float32(more)

        last, rows = jax.lax.scan(body, x, None, length=9)
        return jnp.stack([last, jnp.sum(rows) * 1.0, jnp.sin(last) / 3])

    value, samples = samples_of(inside, 0.7)
    relative = spread(value, samples) / np.abs(value)
    assert np.all(relative > 2**-53)
    assert np.all(relative < [1e-13, 1e-5, 1e-13])


every_seed = pytest.mark.parametrize("seed", sweep(range(20)))


def found(objective, gradient, fault, *args):
    """The verdicts on a gradient, and on the same with a fault planted."""
    right = check(objective, gradient, *args, points=1)
    wrong = check(objective, lambda *args: fault(gradient(*args)), *args, points=1)
    return right, wrong


@every_seed
def test_saturated_intermediates(seed):
    x = np.sort(np.random.default_rng(seed).uniform(5, 30, 4))
    right, wrong = found(
        lambda x: jnp.sum(jax.nn.sigmoid(x)),
        lambda x: jnp.exp(-x) / (1 + jnp.exp(-x)) ** 2,
        lambda g: g.at[0].multiply(1.001),
        x,
    )
    assert right.verdict.name == "AGREE", right
    assert wrong.verdict.name in ("ANALYTIC_WRONG", "ANALYTIC_INEXACT"), wrong


def log_loss(w, X, t):
    p = 1 / (1 + jnp.exp(-X @ w))
    return -jnp.mean(t * jnp.log(p) + (1 - t) * jnp.log(1 - p))


def log_loss_gradient(w, X, t):
    return X.T @ (1 / (1 + jnp.exp(-X @ w)) - t) / len(t)


@every_seed
def test_cancelling_intermediates(seed):
    rng = np.random.default_rng(seed)
    X, w = rng.standard_normal((100, 5)), 3 * rng.standard_normal(5)
    t = (rng.random(100) < 1 / (1 + np.exp(-X @ w))).astype(float)
    fault = lambda g: g.at[jnp.argmax(jnp.abs(g))].multiply(1 + 1e-6)  # noqa: E731
    right, wrong = found(log_loss, log_loss_gradient, fault, w, X, t)
    assert right.verdict.name == "AGREE", right
    assert not wrong.ok, wrong


@pytest.mark.sweep
def test_the_operation_that_loses_digits_is_named():
    """Far from the start, where p is near 1, autodiff and the gradient differ by 1e-11."""
    rng = np.random.default_rng(0)
    X, w = rng.standard_normal((569, 30)), rng.standard_normal(30)
    t = (rng.random(569) < 1 / (1 + np.exp(-X @ w))).astype(float)
    result = check(log_loss, log_loss_gradient, w, X, t)
    assert result.verdict.name == "AGREE", result
    assert "`1 - p` (test_random_rounding.py:" in str(result)
    assert "loses 7 digits here" in str(result)
    result = check(lambda w: jnp.sum(jnp.sin(w)), lambda w: jnp.cos(w), w)
    assert "digits here" not in str(result)


@every_seed
def test_long_sums(seed):
    rng = np.random.default_rng(seed)
    n = 10_000
    X, w = rng.standard_normal((n, 3)), rng.standard_normal(3)
    y = np.where(X[:, 0] + rng.standard_normal(n) > 0, 1.0, -1.0)
    right, wrong = found(
        lambda w, X, y: jnp.mean(jnp.logaddexp(0, -y * (X @ w))),
        lambda w, X, y: -(jax.nn.sigmoid(-y * (X @ w)) * y) @ X / len(y),
        lambda g: g.at[1].multiply(1 + 1e-8),
        *(w, X, y),
    )
    assert right.verdict.name == "AGREE", right
    assert wrong.verdict.name in ("ANALYTIC_WRONG", "ANALYTIC_INEXACT"), wrong


def padded(x):
    """A solver that is padded with steps of length zero."""

    def body(carry, _):
        t, y, h = carry
        h = jnp.minimum(h, 1.0 - t)
        return (t + h, y - h * x * y, 10 * h), None

    (_, y, _), _ = jax.lax.scan(body, (0.0, 1.0, 0.3 + 0.01 * x), None, length=40)
    return y


@pytest.mark.sweep
def test_forward_mode_where_reverse_mode_loses_all_digits():
    def gradient(x):
        h = 0.3 + 0.01 * x
        return -(h + 0.01 * x) * (1 - (1 - h) * x) + (1 - h * x) * (-(1 - h) + 0.01 * x)

    said = check(padded, gradient, 0.7, points=1)
    assert said.verdict.name == "AUTODIFF_WRONG"
    assert "run forward mode" in str(said)
    wrong = check(padded, lambda x: 1.01 * gradient(x), 0.7, points=1)
    assert not wrong.ok


@every_seed
def test_a_wide_bar_excuses_nothing_that_differences_contradict(seed):
    """A difference quotient of nearly equal numbers, written as a rule for autodiff."""

    @jax.custom_jvp
    def mean_exp(a, b):
        h = (a - b) / 2
        return jnp.exp((a + b) / 2) * jnp.where(h == 0, 1.0, jnp.sinh(h) / jnp.where(h == 0, 1, h))

    @mean_exp.defjvp
    def _rule(primals, tangents):
        (a, b), (da, db) = primals, tangents
        ea, eb, d = jnp.exp(a), jnp.exp(b), a - b
        by_a, by_b = (ea * d - (ea - eb)) / d**2, ((ea - eb) - eb * d) / d**2
        return mean_exp(a, b), by_a * da + by_b * db

    a = np.random.default_rng(seed).uniform(0.1, 2)
    result = check(lambda x: mean_exp(x[0], x[1]), None, np.array([a, a + 1e-8]), points=1)
    assert result.verdict.name == "AUTODIFF_WRONG", result
    assert "digits" in str(result)


@every_seed
def test_long_sums_on_the_host(seed):
    """Added one after another, by code that JAX does not trace."""
    rng = np.random.default_rng(seed)
    n = 10_000
    X, w = rng.standard_normal((n, 3)) + 1, rng.standard_normal(3)
    y = X @ w + rng.standard_normal(n)

    def value(w, X, y):
        return float(np.cumsum((X @ w - y) ** 2)[-1]) / len(y)

    def gradient(w, X, y):
        rows = np.asarray(X) * (np.asarray(X) @ np.asarray(w) - y)[:, None]
        return 2 * np.cumsum(rows, axis=0)[-1] / len(y)

    fault = np.array([1, 1, 1 + 1e-6])
    right, wrong = found(value, gradient, lambda g: g * fault, w + 0.1, X, y)
    assert right.verdict.name == "AGREE", right
    assert wrong.verdict.name in ("ANALYTIC_WRONG", "ANALYTIC_INEXACT"), wrong


def test_values_of_long_sums_do_not_differ_from_the_reference():
    """Added one after another, and as JAX does."""
    x = np.random.default_rng(6).uniform(0, 1, 200_000)

    def one_by_one(x, y):
        return jax.lax.scan(lambda total, each: (total + each, None), 0.0, y)[0] * x

    def at_once(factor, x, y):
        return factor * jnp.sum(y) * x

    def compared(factor):
        return check(
            one_by_one,
            lambda x, y: jnp.sum(y),
            2.0,
            x,
            points=1,
            reference=lambda x, y: at_once(factor, x, y),
        )

    assert compared(1.0).verdict.name == "AGREE", compared(1.0)
    assert compared(1 + 1e-8).verdict.name == "VALUE_DIFFERS"


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(4))
def test_digits_that_a_gradient_of_numpy_loses_are_measured_in_its_copy(seed):
    """1 − t² is 0 where t is almost 1, and no move of x changes it."""
    rng = np.random.default_rng(seed)
    a, x = rng.uniform(0.5, 2, 1000), 3 * rng.standard_normal(1000)

    def value(x, a):
        return float(np.sum(np.tanh(a * x) ** 2))

    def gradient(x, a):
        t = np.tanh(a * x)
        return 2 * a * t * (1 - t * t)

    assert check(value, gradient, x, a).verdict.name == "AGREE"
    error = np.where(np.arange(1000) == 3, 1e-9, 0)
    assert not check(value, lambda x, a: gradient(x, a) + error, x, a).verdict.ok
