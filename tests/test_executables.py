"""Compiled programs are kept between calls, and no call meets the program of another function."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import Verdict, check, clear_cache, estimate
from gradcompare._evaluation import executables
from gradcompare._evaluation.compiled import HASTY
from gradcompare._evaluation.executables import KEPT, Executables

X = np.array([0.5, -1.0, 2.0])


@pytest.fixture(autouse=True)
def _empty():
    clear_cache()


@pytest.fixture
def compilations(monkeypatch):
    """The programs that were compiled and not taken from those kept."""
    seen, compile_traced = [], executables._compile

    def record(traced, options):
        seen.append(traced)
        return compile_traced(traced, options)

    monkeypatch.setattr(executables, "_compile", record)
    return seen


DATA = np.array([1.0, 2.0, 3.0])
FUNCTIONS = {
    "arguments": (lambda x, a: jnp.sum(a * x**2), lambda x, a: 2 * a * x, (DATA,)),
    "captured": (lambda x: jnp.sum(DATA * x**2), lambda x: 2 * DATA * x, ()),
    "a rule": (lambda x: jax.nn.softplus(x).sum(), jax.nn.sigmoid, ()),
    "float32 inside": (lambda x: jnp.sum(jnp.sin(x.astype(jnp.float32))), jnp.cos, ()),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_second_call_compiles_nothing(name, compilations):
    value, gradient, data = FUNCTIONS[name]
    first = check(lambda x, *a: value(x, *a), lambda x, *a: gradient(x, *a), X, *data)
    assert compilations
    compilations.clear()
    second = check(lambda x, *a: value(x, *a), lambda x, *a: gradient(x, *a), X + 0.25, *data)
    assert not compilations
    assert first.verdict is second.verdict is Verdict.AGREE


def test_results_are_those_of_a_fresh_process():
    value, gradient, data = FUNCTIONS["captured"]
    fresh = check(value, gradient, X, *data)
    assert str(check(value, gradient, X, *data)) == str(fresh)


def closure():
    held = {"factor": 2.0, "array": DATA.copy(), "function": jnp.sin}
    return held, lambda x: jnp.sum(held["array"] * held["function"](held["factor"] * x))


CHANGES = {
    "a number": lambda held: held.update(factor=3.0),
    "an array": lambda held: held.update(array=DATA + 1),
    "an array in place": lambda held: held["array"].__setitem__(0, 7.0),
    "the last digit": lambda held: held.update(factor=np.nextafter(2.0, 3.0)),
    "a function": lambda held: held.update(function=jnp.cos),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_closure_holds_may_change(change):
    held, value = closure()
    before = estimate(value, X, method="reverse").value
    CHANGES[change](held)
    after = estimate(value, X, method="reverse").value
    truth = held["array"] * held["factor"]
    slope = jnp.cos if held["function"] is jnp.sin else lambda x: -jnp.sin(x)
    with jax.enable_x64(True):
        truth = truth * np.asarray(slope(held["factor"] * X))
    assert np.any(after != before)
    np.testing.assert_allclose(after, truth, rtol=1e-14)


def test_a_gradient_of_data_that_have_changed_is_wrong():
    held, value = closure()

    def gradient(x):
        return held["array"] * 2 * jnp.cos(2 * x)

    assert check(value, gradient, X).verdict is Verdict.AGREE
    held["factor"] = 2.5
    assert check(value, gradient, X).verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_callbacks_are_called_anew(power):
    """Their program is the same whatever they call, so that none is kept."""
    shape = jax.ShapeDtypeStruct((), np.float64)

    def value(x):
        return jax.pure_callback(lambda x: np.sum(x**power), shape, x)

    np.testing.assert_allclose(
        estimate(value, X**2).value, power * X ** (2 * power - 2), rtol=1e-6
    )


def test_captured_arrays_go():
    def run():
        captured = np.arange(3.0) + 1
        assert check(lambda x: jnp.sum(captured * x), lambda x: captured * 1.0, X).ok
        return weakref.ref(captured)

    reference = run()
    gc.collect()
    assert reference() is None


def of(kept: Executables, function, *args):
    with jax.enable_x64(True):
        args = jax.device_put(args)
        return kept.of(jax.jit(function).trace(*args), args, HASTY, timed=False)(*args)


def test_the_least_recently_used_goes_first(compilations):
    kept = Executables(most=2)
    sine, cosine, root = (lambda f: lambda x: f(x))(jnp.sin), lambda x: jnp.cos(x), jnp.sqrt
    for function in (sine, cosine, sine, root, sine):
        np.testing.assert_allclose(of(kept, function, 0.5), float(function(0.5)), rtol=1e-6)
    assert len(compilations) == 3
    of(kept, cosine, 0.5)
    assert len(compilations) == 4
    assert len(kept) == 2


def test_shapes_types_and_structures_are_told_apart(compilations):
    kept = Executables()
    for arg in (np.ones(2), np.ones(3), np.ones(3, np.float32), {"a": np.ones(3)}):
        double = of(kept, lambda arg: jax.tree.map(lambda a: 2 * a, arg), arg)
        assert jax.tree.structure(double) == jax.tree.structure(arg)
    assert len(compilations) == 4


def test_a_program_whose_time_counts_keeps_its_constants():
    kept, args = Executables(), (jnp.ones(3),)
    traced = jax.jit(lambda x: jnp.sum(x * DATA.astype(np.float32))).trace(*args)
    for timed in (True, False):
        executable = kept.of(traced, args, None, timed=timed)
        assert len(executable.captured) == (not timed)
        assert float(executable(*args)) == 6.0
    assert len(kept) == 1


def test_they_can_be_forgotten():
    check(*FUNCTIONS["a rule"][:2], X)
    assert len(KEPT) > 0
    clear_cache()
    assert len(KEPT) == 0
