"""A recursion with an index that is off is right at first: the step from which on it is wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import check

RNG = np.random.default_rng(0)
SERIES = RNG.standard_normal(20)
P = np.array([0.3, 0.2, 0.6])


def garch(p, y, numpy=np):
    """The negative log-likelihood of a GARCH(1, 1) series, and its right recursion."""
    h, total = 1.0, 0.0
    for t in range(len(y)):
        h = p[0] + p[1] * (y[t - 1] ** 2 if t else 1.0) + p[2] * h
        total = total + numpy.log(h) + y[t] ** 2 / h
    return total


def on_host(p, y):
    """With numbers of Python, which nothing can trace."""
    return garch(np.asarray(p).tolist(), y)


def traced(p, y):
    return garch(p, y, jnp)


def gradient(p, y, late=2, numpy=np):
    """From step `late` on, counted from 0, it takes the variance of one step too early."""
    before = h = 1.0
    dh, total = numpy.zeros(3), numpy.zeros(3)
    for t in range(len(y)):
        square = y[t - 1] ** 2 if t else 1.0
        dh = numpy.stack([1.0, square, before if t >= late else h]) + p[2] * dh
        before, h = h, p[0] + p[1] * square + p[2] * h
        total = total + (1 - y[t] ** 2 / h) / h * dh
    return total


def found(value, wrong, series=SERIES):
    return check(value, wrong, P, series).results[0].diagnosis


@pytest.mark.parametrize("late", [1, 2, 7])
def test_the_step_from_which_on_it_is_wrong(late):
    (finding,) = found(on_host, lambda p, y: gradient(p, y, late))
    rows = f"{late} row{'s' * (late > 1)}"
    assert finding.kind == "prefix"
    assert finding.sentence == (
        f"right for the first {rows} of y alone, and wrong from step {late + 1} on"
    )


@pytest.mark.sweep
def test_a_traced_recursion():
    with jax.enable_x64(True):
        (finding,) = found(traced, lambda p, y: gradient(p, y, 2, jnp), SERIES[:6])
    assert "wrong from step 3 on" in finding.sentence


@pytest.mark.parametrize(
    "wrong",
    [
        lambda p, y: gradient(p, y, 99) * (1 + 0.1 * np.sin(p * len(y))),
        lambda p, y: gradient(p, y, 99 if len(y) % 2 else 1),
        lambda p, y: gradient(p, y, 99) + 0.1 * p**3,
    ],
)
def test_what_is_wrong_from_the_start_or_off_and_on_is_not_named(wrong):
    assert "prefix" not in {finding.kind for finding in found(on_host, wrong)}


def test_an_error_at_fewer_rows_is_ours_and_is_not_told():
    """A function of data of one length may raise where the diagnosis tries less of them."""
    fixed = np.linspace(1, 2, len(SERIES))

    def value(p, y):
        held = np.empty(len(SERIES))
        held[:] = p[0] * y + p[1] * y**2 - p[2]
        return np.sum(fixed * held**2).item()

    def wrong(p, y):
        r = 2 * fixed * (p[0] * y + p[1] * y**2 - p[2])
        r[9:] *= 1.2
        return np.array([r @ y, r @ y**2, -np.sum(r)])

    assert "raises" not in str(check(value, wrong, P, SERIES))
