"""Functions that cannot be traced: they are called on the host, and their oddities are named."""

import cProfile
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import (
    GradcompareError,
    InputError,
    Objective,
    Verdict,
    check,
    compare,
    estimate,
    locate,
)

X0 = np.array([0.5, -1.0, 2.0])
A = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])


def value(x, a=A):
    return float(np.sum(np.sin(a @ x) ** 2))


def written(x, a=A):
    """The same with an array that is written to in place: it cannot be rerun with jax.numpy."""
    squares = np.empty(len(a))
    squares[:] = np.sin(a @ x) ** 2
    return float(np.sum(squares))


def gradient(x, a=A):
    return np.sin(2 * np.asarray(a @ x)) @ a


def branching(x):
    """JAX operations that Python chooses between by looking at a number."""
    return jnp.sum(x**2) if x[0] > 0 else jnp.sum(x**4)


def test_numpy_is_judged_by_two_sources_and_says_so():
    comparison = check(written, gradient, X0, A)
    assert comparison.verdict is Verdict.AGREE
    text = str(comparison)
    assert "reverse: not available: NumPy is called on a traced value at test_host.py:" in text
    assert "value: called on the host, not compiled: NumPy is called on a traced value" in text
    (result,) = comparison
    assert set(result.points[0].estimates) == {"analytic", "richardson"}
    assert not result.unverified


def test_a_wrong_numpy_gradient_is_found_by_two_sources():
    def wrong(x, a):
        return gradient(x, a) * np.array([1.0, 1.01, 1.0])

    comparison = check(written, wrong, X0, A)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    assert comparison.results[0].points[0].judgement.faulty == (1,)


def test_the_gradient_alone_may_be_numpy():
    def traced(x, a):
        return jnp.sum(jnp.sin(a @ x) ** 2)

    comparison = check(traced, gradient, X0, A)
    assert comparison.verdict is Verdict.AGREE
    assert set(comparison.results[0].points[0].estimates) == {"analytic", "reverse", "richardson"}
    assert "gradient: called on the host" in str(comparison)
    assert "value: called on the host" not in str(comparison)


def test_autodiff_runs_without_the_compiler_where_python_branches():
    comparison = check(branching, lambda x: 2 * x if x[0] > 0 else 4 * x**3, X0)
    assert comparison.verdict is Verdict.AGREE
    assert "reverse" in comparison.results[0].points[0].estimates
    assert "Python branches on a traced value at test_host.py:" in str(comparison)


def leaves_jax(x):
    """JAX hands out a number here, of which it does not know where it comes from."""
    return jnp.sin(jnp.sum(x**2).item())


def leaves_jax_behind_a_branch(x):
    return jnp.sum(x**2) * jnp.max(x**2).item() if x[0] > 0 else jnp.sum(x**4)


def product_rule(x):
    k = np.argmax(x**2)
    if x[0] <= 0:
        return 4 * x**3
    return 2 * x * x[k] ** 2 + np.sum(x**2) * 2 * x * (np.arange(3) == k)


@pytest.mark.parametrize(
    ("value", "gradient"),
    [
        (leaves_jax, lambda x: 2 * x * np.cos(np.sum(x**2))),
        (leaves_jax_behind_a_branch, product_rule),
    ],
)
def test_autodiff_is_not_asked_where_it_silently_loses_the_value(value, gradient):
    comparison = check(value, gradient, X0)
    assert comparison.verdict is Verdict.AGREE
    line = value.__code__.co_firstlineno + 1 + (value is leaves_jax)
    reason = "reverse: not available: Python takes the number behind a traced value at"
    assert f"{reason} test_host.py:{line}" in str(comparison)
    assert check(value, lambda x: 1.01 * gradient(x), X0).verdict is Verdict.ANALYTIC_WRONG
    with pytest.raises(GradcompareError, match=f"test_host.py:{line}"):
        estimate(value, X0, method="reverse")


def with_cprofile(monkeypatch):
    profile = cProfile.Profile()
    profile.enable()
    return profile.disable


def with_a_function(monkeypatch):
    def seen(frame, event, result):
        """Nothing."""

    sys.setprofile(seen)

    def stop():
        assert sys.getprofile() is seen
        sys.setprofile(None)

    return stop


def with_one_that_cannot_be_paused(monkeypatch):
    monkeypatch.setattr(sys, "getprofile", object)


@pytest.mark.parametrize(
    ("profiler", "reason"),
    [
        (with_cprofile, "Python takes the number behind a traced value"),
        (with_a_function, "Python takes the number behind a traced value"),
        (with_one_that_cannot_be_paused, "a profiler is active that cannot be paused"),
    ],
)
def test_a_profiler_changes_no_verdict(profiler, reason, monkeypatch):
    """Whether Python takes a number out of a traced value is seen by a profiler of our own."""
    stop = profiler(monkeypatch)
    try:
        comparison = check(leaves_jax, lambda x: 2 * x * np.cos(np.sum(x**2)), X0)
    finally:
        if stop:
            stop()
    assert comparison.verdict is Verdict.AGREE
    assert f"reverse: not available: {reason}" in str(comparison)


def test_whole_numbers_and_conditions_leave_autodiff_alone():
    def value(x):
        best = int(jnp.argmax(x)) if x[0] > 0 else jnp.argmax(x).item()
        return jnp.sum(x**2) * x[best] + x[jnp.argmin(x).item()]

    assert "reverse" in check(value, None, X0).results[0].points[0].estimates


def test_a_callback_that_cannot_be_vectorised_is_called_point_by_point():
    def value(x):
        return jax.pure_callback(lambda x: np.sum(np.sin(x)), jax.ShapeDtypeStruct((), x.dtype), x)

    comparison = check(value, lambda x: jnp.cos(x), X0, timing=False)
    assert comparison.verdict is Verdict.AGREE
    assert "JVP" in comparison.results[0].points[0].missing["reverse"]


def test_estimate_and_compare_call_numpy_too():
    found = estimate(value, X0, A)
    assert np.all(np.abs(found.value - gradient(X0)) <= found.error)
    numpy = Objective(
        "numpy",
        lambda x, a: value(x, a),
        lambda rng, size: (rng.standard_normal(3), A),
        lambda x, a: gradient(x, a),
    )
    for quantity in ("gradient", "directional"):
        comparison = compare(numpy, timing=True, quantity=quantity, repeats=1)
        assert comparison.verdict is Verdict.AGREE
        assert comparison.results[0].cost_ratio("analytic") is not None


def processes(workers):
    # JAX warns of processes that are forked from one with threads.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("executor", [ThreadPoolExecutor, processes])
def test_executor_gives_the_same(executor):
    alone = estimate(value, X0, A)
    with executor(2) as pool:
        together = estimate(value, X0, A, executor=pool)
    np.testing.assert_array_equal(alone.value, together.value)
    np.testing.assert_array_equal(alone.error, together.error)


def doubling(x, a):
    x *= 2
    return gradient(x, a)


def spoiling(x, a):
    a[0, 1] = 7.0
    return value(x, a)


def test_changing_an_argument_is_named():
    with pytest.raises(
        InputError, match=r"gradient changes the point in place \(entry 0.*0.5 → 1"
    ):
        check(value, doubling, X0, A)
    with pytest.raises(InputError, match=r"value changes its data in place \(entry 1.*1.0 → 7.0"):
        check(spoiling, gradient, X0, A)
    assert X0[0] == 0.5
    assert A[0, 1] == 1.0


def test_a_buffer_that_is_used_again_is_named_and_copied():
    buffer = np.zeros(3)

    def reusing(x, a):
        buffer[:] = gradient(x, a)
        return buffer

    comparison = check(value, reusing, X0, A)
    assert comparison.verdict is Verdict.AGREE
    assert "gradient returns the same array on every call; it is copied" in str(comparison)


def test_no_evaluation_leaves_the_bounds():
    def guarded(x):
        if np.any(x < 0) or np.any(x > 1):
            raise ValueError(f"{x} is outside")
        return float(np.sum(np.sqrt(1 + x)))

    def by_hand(x):
        return 0.5 / np.sqrt(1 + x)

    x0 = np.array([0.0, 2.6e-5, 1.0])
    assert check(guarded, by_hand, x0, domain="unit").verdict is Verdict.AGREE
    assert check(guarded, by_hand, x0, bounds=(0.0, 1.0)).verdict is Verdict.AGREE


SHAPES = {
    "one-vector": (lambda x: np.array([value(x)]), gradient, r"float64\[1\]; return one real"),
    "vector": (lambda x: np.sin(x), gradient, r"float64\[3\]; return one real floating scalar"),
    "column": (value, lambda x: gradient(x)[:, None], r"shape \(3, 1\) at x, the parameter has"),
    "row": (value, lambda x: gradient(x)[None], r"shape \(1, 3\) at x, the parameter has \(3,\)"),
    "integers": (value, lambda x: gradient(x).astype(int), "dtype int64 at x; give a real float"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_shapes_that_do_not_fit_are_named(case):
    function, by_hand, message = SHAPES[case]
    with pytest.raises(InputError, match=message):
        check(function, by_hand, X0)


def test_what_fails_on_the_host_too_is_told_as_it_is():
    def broken(x):
        return np.linalg.inv(np.zeros((2, 2)))[0, 0] * float(x[0])

    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        check(broken, gradient, X0)


def test_labels_among_the_data_stay_whole_numbers():
    """Moved by a few units in the last place, 2.0 would become another class."""

    def likelihood(W, X, y):
        Z = X @ W
        return jnp.mean(jax.nn.logsumexp(Z, axis=1) - Z[jnp.arange(len(y)), y.astype(int)])

    def right(W, X, y):
        return X.T @ (jax.nn.softmax(X @ W) - jax.nn.one_hot(y.astype(int), 3)) / len(y)

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 3)), rng.integers(0, 3, 30).astype(float)
    W = rng.standard_normal((3, 3))
    assert check(likelihood, right, W, X, y).verdict is Verdict.AGREE
    found = check(likelihood, lambda *args: 1.01 * right(*args), W, X, y)
    assert found.verdict is Verdict.ANALYTIC_WRONG


STAIRCASES = {
    "float32": lambda x: np.float32(np.sum(np.exp(np.array(x)))),
    "8 digits": lambda x: float(f"{np.sum(np.exp(np.array(x))):.7e}"),
    "5 places": lambda x: round(float(np.sum(np.exp(np.array(x)))), 5),
}


@pytest.mark.parametrize("name", STAIRCASES)
@pytest.mark.parametrize("seed", sweep(range(5)))
def test_a_value_that_is_rounded_accuses_nothing(name, seed):
    x = np.random.default_rng(seed).standard_normal(6)
    comparison = check(STAIRCASES[name], lambda x: np.exp(np.array(x)), x)
    assert comparison.verdict in (Verdict.AGREE, Verdict.INCONCLUSIVE), str(comparison)
    wrong = check(STAIRCASES[name], lambda x: 1.3 * np.exp(np.array(x)), x)
    assert wrong.verdict is Verdict.ANALYTIC_WRONG


def test_data_keep_their_order_in_memory():
    def needs_columns(c, X):
        assert X.flags.f_contiguous
        return float(np.sum((X @ c) ** 2))

    X = np.asfortranarray(np.random.default_rng(0).standard_normal((5, 3)))
    assert check(needs_columns, lambda c, X: 2 * (X @ c) @ X, X0, X).verdict is Verdict.AGREE


def test_what_is_wrong_on_the_host_is_not_hidden_by_what_jax_says():
    def broken(x):
        np.array(x)
        raise ValueError("Expected 2D array")

    with pytest.raises(ValueError, match="Expected 2D array"):
        check(broken, None, X0)


def test_sentence_of_two_sources_speaks_of_no_third():
    text = str(check(written, lambda x, a: 2 * gradient(x, a), X0, A))
    assert "is not what finite differences find, and there is no third source" in text


def test_nothing_verified_is_not_called_a_difference():
    text = str(
        check(lambda x: float(np.sum((x - 1) ** 2)), lambda x: 2 * (x - 1), np.ones(3), points=1)
    )
    assert "INCONCLUSIVE (GC201): nothing was verified: no derivative is larger" in text


def with_an_end(x):
    if x[0] < 1:
        raise ZeroDivisionError("x[0] is below 1")
    return float(np.sum(np.square(x)))


def its_gradient(x):
    if x[0] < 1:
        raise ZeroDivisionError("x[0] is below 1")
    return 2 * x


RAISES = "at some steps value raises ZeroDivisionError: x[0] is below 1; it counts as NaN there"


@pytest.mark.parametrize("start", [1.0, 1.01, 30.0])
def test_an_error_at_some_steps_is_a_value_that_is_not_finite(start):
    x0 = np.array([start, 0.7, -0.4])
    comparison = check(with_an_end, its_gradient, x0)
    assert comparison.verdict is Verdict.AGREE
    assert not comparison.results[0].unverified
    assert (RAISES in str(comparison)) == (start < 2)
    wrong = check(with_an_end, lambda x: 2.02 * x, x0)
    assert wrong.verdict is Verdict.ANALYTIC_WRONG
    derivative = estimate(with_an_end, x0)
    assert np.all(np.abs(derivative.value - 2 * x0) <= derivative.error)
    location = locate(with_an_end, its_gradient, x0)
    assert location.ok
    assert (RAISES in str(location)) == (start < 2)


@pytest.mark.sweep
def test_an_error_at_some_steps_comes_back_from_a_process():
    x0 = np.array([1.0, 0.7, -0.4])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        comparison = check(with_an_end, its_gradient, x0, executor=executor, points=1)
    assert comparison.verdict is Verdict.AGREE
    assert RAISES in str(comparison)


def test_an_error_at_the_point_itself_is_raised():
    for examine in (check, locate):
        with pytest.raises(ZeroDivisionError, match="x\\[0\\] is below 1"):
            examine(with_an_end, its_gradient, np.array([0.5, 0.7, -0.4]))


@pytest.mark.parametrize("d", sweep([1, 2, 3, 10, 40], {1, 40}))
def test_a_value_may_be_a_number_of_python(d):
    x0 = np.linspace(1, 2, d)
    assert locate(lambda x: 0.0, lambda x: 0 * x, x0).ok
    assert check(lambda x: 2.5, lambda x: 0 * x, x0).verdict is Verdict.AGREE
