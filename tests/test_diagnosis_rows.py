"""Rows of the data that a sum leaves out, or repeats, are named."""

import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import check

RNG = np.random.default_rng(0)
X, Y, W = RNG.standard_normal((80, 5)), RNG.standard_normal(80), RNG.standard_normal(5)


def loss(w, X, y):
    return jnp.sum(jnp.logaddexp(0, -y * (X @ w))) + 0.1 * jnp.sum(w**2)


def mean(w, X, y):
    return jnp.mean(jnp.cosh(X @ w - y)) + 0.1 * jnp.sum(w**2)


def found(value, gradient):
    return check(value, gradient, W, X, Y).results[0].diagnosis


def by_rows(rows):
    """The gradient of `loss` by these rows."""

    def gradient(w, X, y):
        X, y = X[rows], y[rows]
        return X.T @ (-y / (1 + jnp.exp(y * (X @ w)))) + 0.2 * w

    return gradient


ROWS = {
    said: rows
    for rows, said in (
        (np.r_[:56], "rows 57 to 80 of the 80 of X and y (X[56:80]) are left out of your"),
        (np.r_[3:80], "rows 1 to 3 of the 80 of X and y (X[0:3]) are left out of your gradient"),
        (np.r_[:20, 40:80], "rows 21 to 40 of the 80 of X and y (X[20:40]) are left out"),
        (np.r_[:17, 18:80], "row 18 of the 80 of X and y (X[17:18]) is left out of your gradient"),
        (np.r_[:80, 17], "row 18 of the 80 of X and y (X[17:18]) is counted twice in your"),
        (np.r_[:64, 60:80], "rows 61 to 64 of the 80 of X and y (X[60:64]) are counted twice"),
        (np.r_[32:64], "only rows 33 to 64 of the 80 of X and y (X[32:64]) are in your gradient"),
    )
}


# The last ones, one, several twice, and some alone.
@pytest.mark.parametrize("said", sweep(ROWS, [list(ROWS)[case] for case in (0, 3, 5, 6)]))
def test_rows_of_a_sum(said):
    (finding,) = found(loss, by_rows(ROWS[said]))
    assert finding.kind == "rows"
    assert finding.residual == 0
    assert finding.sentence.startswith(said)


def test_batches_whose_last_part_is_dropped():
    """A mean over whole batches of 32 rows: the sum, and what it is divided by."""

    def gradient(w, X, y):
        total, count = jnp.zeros(5), 0
        for start in range(0, len(y) - 31, 32):
            rows = slice(start, start + 32)
            total, count = total + X[rows].T @ jnp.sinh(X[rows] @ w - y[rows]), count + 32
        return total / count + 0.2 * w

    (finding,) = found(mean, gradient)
    assert finding.sentence == (
        "rows 65 to 80 of the 80 of X and y (X[64:80]) are left out of your gradient, times 1.25"
    )


OTHER = {
    "at random": RNG.permutation(80)[:50],
    "every second": np.r_[0:80:2],
    "three parts": np.r_[:10, 20:30, 50:80],
    "two twice": np.r_[:80, 3, 9],
}


@pytest.mark.parametrize("case", sweep(OTHER, {"three parts"}))
@pytest.mark.sweep
def test_other_rows_are_not_called_a_block(case):
    assert "rows" not in {finding.kind for finding in found(loss, by_rows(OTHER[case]))}


def test_nearly_a_block_is_none():
    right = by_rows(np.r_[:56])
    gradient = lambda w, X, y: right(w, X, y) + 1e-8 * w  # noqa: E731
    assert "rows" not in {finding.kind for finding in found(loss, gradient)}
