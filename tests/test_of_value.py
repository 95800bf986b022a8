"""What is made of a value's program is kept with it, and each value has its own."""

import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import Verdict, check, clear_cache, estimate
from gradcompare._evaluation.compiled import CompiledFunction
from gradcompare._evaluation.evaluator import Evaluator

X = np.linspace(-1.0, 1.0, 20)
METHODS = ("central", "richardson")


@pytest.fixture(autouse=True)
def _empty():
    clear_cache()


class Counted:
    """A value that counts how often Python runs through it; each instance is another function."""

    def __init__(self, factor=None):
        self.factor, self.calls = factor, 0

    def __call__(self, x):
        self.calls += 1
        return jnp.sum(jnp.sin(x) if self.factor is None else jnp.sin(self.factor * x))


@pytest.mark.parametrize("method", METHODS)
def test_python_runs_through_the_value_twice_only(method):
    first, second = Counted(), Counted()
    once = estimate(first, X, method=method)
    again = estimate(second, X, method=method)
    assert first.calls == second.calls == 2  # for its shape, and for its program
    np.testing.assert_array_equal(once.value, again.value)
    np.testing.assert_array_equal(once.error, again.error)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", [float, lambda number: np.full(20, number)])
def test_a_function_that_changes_is_another_one(method, kind):
    value = Counted(kind(1.0))
    for factor in (1.0, 2.0, 3.0, 1.0):
        value.factor = kind(factor)  # a literal of the program, or an array that it captures
        slope = estimate(value, X, method=method)
        np.testing.assert_allclose(slope.value, factor * np.cos(factor * X), atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_methods_and_directions_do_not_share_programs(method):
    direction = np.ones(20)
    for _ in range(2):
        along = estimate(Counted(), X, method=method, direction=direction)
        np.testing.assert_allclose(along.value, np.sum(np.cos(X)), atol=1e-8)
        whole = estimate(Counted(), X, method=method)
        np.testing.assert_allclose(whole.value, np.cos(X), atol=1e-8)
        forward = estimate(Counted(), X, method="forward")
        assert not np.array_equal(forward.value, whole.value)


def test_numbers_that_are_drawn_in_a_trace_are_seen():
    draws = np.random.default_rng(0)

    def value(x):
        return jnp.sum(x**2) * draws.uniform(0.5, 2)

    for _ in range(3):
        assert check(value, lambda x: 2 * x, X + 2).verdict is Verdict.STOCHASTIC


def test_arrays_that_are_drawn_in_a_trace_are_seen():
    draws = np.random.default_rng(0)

    def value(x):
        return jnp.sum(x**2 * draws.uniform(0.5, 2, size=20))

    for _ in range(3):
        assert check(value, lambda x: 2 * x, X + 2).verdict is Verdict.STOCHASTIC


def test_a_value_that_is_not_kept_has_compiled_programs_all_the_same(monkeypatch):
    built, build = [], Evaluator._build

    def record(self, *args):
        built.append(build(self, *args))
        return built[-1]

    monkeypatch.setattr(Evaluator, "_build", record)
    assert check(lambda x: jnp.sum(jnp.sin(x.astype(jnp.float32))), jnp.cos, X).ok
    assert len(built) > 3
    assert all(isinstance(program, CompiledFunction) for program in built)
