"""Complex numbers inside of a real function: data, literals and constants of its program."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check

SIGNAL = np.array([1 + 2j, 3 - 1j, 0.5j, -1.0])
X0 = np.array([0.1, 0.2, 0.7, -0.4])


def literals(p, signal):
    """Products with i, with 2i, which are exact, and with 1 + i/3, which is not."""
    return jnp.real(jnp.vdot(1j * signal, jnp.exp(2j * p) * (1 + 1j / 3) * p))


def spectrum(p, signal):
    return jnp.sum(jnp.abs(jnp.fft.fft(p * signal) - 1j) ** 2)


def chosen(p, signal):
    turned = jnp.where(jnp.abs(p * signal) > 0.3, 1j * p, 2j)
    return jnp.sum(jnp.real(turned) ** 2 + jnp.imag(turned * signal))


VALUES = [literals, spectrum, chosen]


def looks(p):
    """Makes JAX unable to trace the function that calls it."""
    assert float(p[0]) < 100


@pytest.mark.parametrize("value", sweep(VALUES, [literals, spectrum]))
def test_complex_literals_in_value_and_gradient(value):
    def gradient(p, signal):
        return jnp.real((0.5j * jax.grad(value)(p, signal) - 2j) * -2j) + 4

    for by_hand in (None, gradient):
        result = check(value, by_hand, X0, SIGNAL)
        assert result.verdict is Verdict.AGREE, str(result)
        assert "on the host" not in str(result)
        assert "is below 0" not in str(result)  # of a complex number


@pytest.mark.parametrize("value", sweep(VALUES, [chosen]))
def test_a_wrong_gradient_beside_complex_literals_is_found(value):
    def wrong(p, signal):
        return jax.grad(value)(p, signal) + jnp.array([0, 0, 0.01, 0])

    result = check(value, wrong, X0, SIGNAL)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert all(2 in point.judgement.faulty for point in result.results[0].points)


@pytest.mark.parametrize(("factor", "verdict"), [(1, "AGREE"), (1.01, "ANALYTIC_WRONG")])
def test_a_gradient_on_the_host_that_needs_arrays_of_jax(factor, verdict):
    def gradient(p, signal):
        looks(p)
        return jax.grad(spectrum)(p, signal).at[1].multiply(factor)

    result = check(spectrum, gradient, X0, SIGNAL)
    assert result.verdict.name == verdict, str(result)
    assert "gradient: called on the host" in str(result)


@pytest.mark.parametrize(("factor", "verdict"), [(2, "AGREE"), (2.01, "ANALYTIC_WRONG")])
def test_a_value_on_the_host_that_needs_arrays_of_jax(factor, verdict):
    def value(p):
        looks(p)
        return float(jnp.sum(p.at[0].multiply(3) ** 2))

    def gradient(p):
        looks(p)
        return (2 * p).at[0].multiply(9).at[2].set(factor * p[2])

    assert check(value, gradient, X0).verdict.name == verdict


def test_an_error_on_the_host_is_still_the_error_with_numpy():
    def gradient(p):
        looks(p)
        return p.at[0].nonsense

    with pytest.raises(AttributeError, match="no attribute 'at'"):
        check(lambda p: jnp.sum(p**2), gradient, X0)


def test_narrow_complex_numbers_compute_in_less_than_float64():
    def gradient(p):
        return jnp.real((p.astype(jnp.complex64) * (1 + 1j)) * (1 - 1j))

    text = str(check(lambda p: jnp.sum(p**2), gradient, X0))
    assert "analytic computes in " in text
