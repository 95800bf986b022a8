"""Sparse Jacobians and Hessians: few evaluations, and entries that the pattern leaves out."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
from jax.experimental import sparse as jsp

import gradcompare
from gradcompare import Comparison, InputError, Verdict
from gradcompare._model.sparse.pattern import PROBES, Pattern

N = 12
X = np.random.default_rng(0).standard_normal(N)
BAND = sp.diags([np.ones(N), np.ones(N - 1), np.ones(N - 1)], [0, 1, -1])


def chain(x):
    """Each result depends on the coordinates beside it."""
    library = jnp if isinstance(x, jax.Array) else np
    zero = library.zeros(1)
    return (
        x**3
        - library.concatenate([x[1:] ** 2, zero])
        + library.sin(library.concatenate([zero, x[:-1]]))
    )


def entries(x):
    library = jnp if isinstance(x, jax.Array) else np
    return 3 * x**2, -2 * x[1:], library.cos(x[:-1])


def of_scipy(x):
    return sp.diags(entries(np.asarray(x)), [0, 1, -1]).tocsr()


PLACES = np.concatenate(
    [np.stack([np.arange(N - abs(k)) - min(k, 0), np.arange(N - abs(k)) + max(k, 0)], 1)
     for k in (0, 1, -1)]
)  # fmt: skip


def of_jax(x):
    numbers = jnp.concatenate(entries(jnp.asarray(x)))
    return jsp.BCOO((numbers, jnp.asarray(PLACES)), shape=(N, N))


def dense(x):
    diagonal, upper, lower = entries(jnp.asarray(x))
    return jnp.diag(diagonal) + jnp.diag(upper, 1) + jnp.diag(lower, -1)


def without(matrix, mask):
    """The matrix without the entries that a mask makes 0."""
    left = sp.csr_matrix(matrix.multiply(mask))
    left.eliminate_zeros()
    return left


def on_host(x):
    return chain(np.asarray(x))


FORMS = {
    "scipy": (of_scipy, {}),
    "jax": (of_jax, {}),
    "jax-bcsr": (lambda x: jsp.BCSR.from_bcoo(of_jax(x)), {}),
    "pattern": (dense, {"pattern": BAND}),
    "booleans": (dense, {"pattern": BAND.toarray() != 0}),
    "both": (of_scipy, {"pattern": BAND}),
}


@pytest.mark.parametrize("fun", [chain, on_host])
@pytest.mark.parametrize("form", FORMS)
def test_a_right_sparse_jacobian_agrees(form, fun):
    jac, options = FORMS[form]
    comparison = gradcompare.check_jacobian(fun, jac, X, points=2, **options)
    assert comparison.verdict is Verdict.AGREE, comparison
    text = str(comparison)
    assert "34 entries in 3 groups of columns that move together" in text
    assert "escapes 2 random directions with a probability below 1e-06" in text
    assert str(Comparison.from_json(comparison.to_json())) == text


@pytest.mark.parametrize("fun", [chain, on_host])
@pytest.mark.parametrize("form", ["scipy", "jax", "pattern"])
def test_an_entry_that_is_left_out_is_found_and_named(form, fun):
    mask = np.ones((N, N))
    mask[4, 5] = 0
    jacobians = {
        "scipy": (lambda x: without(of_scipy(x), mask), {}),
        "jax": (lambda x: jsp.BCOO((of_jax(x).data[kept], PLACES[kept]), shape=(N, N)), {}),
        "pattern": (dense, {"pattern": without(BAND, mask)}),
    }
    kept = np.array([tuple(place) != (4, 5) for place in PLACES])
    jac, options = jacobians[form]
    comparison = gradcompare.check_jacobian(fun, jac, X, **options)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    (finding,) = comparison.results[0].diagnosis
    assert finding.kind == "pattern"
    name = fun.__name__
    assert str(finding) == (
        f"entries are missing from the pattern in row 4 ({name}[4]): {name}[4] by x[5]; add them"
    )
    assert f"{name}[4] along v1" in str(comparison)


def test_a_wrong_entry_is_found_beside_one_that_is_left_out():
    def jac(x):
        matrix = of_scipy(x).tolil()
        matrix[2, 2] *= 2
        matrix[9] = -matrix[9]
        matrix[4, 5] = 0
        return without(matrix.tocsr(), np.ones((N, N)))

    comparison = gradcompare.check_jacobian(chain, jac, X)
    kinds = [finding.kind for finding in comparison.results[0].diagnosis]
    assert kinds[0] == "pattern"
    text = str(comparison)
    assert "row 9 (chain[9])" in text
    assert "row 2 (chain[2])" in text


def test_rows_of_a_sparse_matrix_have_findings():
    def jac(x):
        return of_scipy(x).multiply(np.where(np.arange(N) == 3, -1.0, 1.0)[:, None]).tocsr()

    comparison = gradcompare.check_jacobian(chain, jac, X)
    assert "row 3 (chain[3]): the opposite sign" in str(comparison.results[0].diagnosis[0])
    turned = gradcompare.check_jacobian(chain, lambda x: of_scipy(x).T.tocsr(), X)
    assert "transpose" in str(turned.results[0].diagnosis[0])


def test_zeros_that_scipy_leaves_out_at_the_point_accuse_nothing():
    """At x0 the entry is 0 and in no pattern; at the other points it is there."""
    x = X.copy()
    x[5] = 0.0

    def jac(x):
        return sp.csr_matrix(np.asarray(dense(x)))

    assert jac(x).nnz < jac(X).nnz
    assert gradcompare.check_jacobian(chain, jac, x).verdict is Verdict.AGREE


def test_numbers_of_different_sizes_and_bounds():
    """Coordinates that move together have their own steps, and stay inside."""
    x = X * 10.0 ** np.linspace(-6, 6, N)
    lower = np.where(np.arange(N) % 2, np.minimum(x, 0.0), -np.inf)
    x = np.where(np.isfinite(lower), lower + 0.0, x)

    def inside(y):
        assert np.all(np.asarray(y) >= lower)
        return chain(np.asarray(y))

    comparison = gradcompare.check_jacobian(inside, of_scipy, x, bounds=(lower, np.inf), points=1)
    assert comparison.verdict is Verdict.AGREE
    assert "the bound" not in comparison.results[0].message


def energy(x):
    library = jnp if isinstance(x, jax.Array) else np
    return library.sum(library.cos(x[1:] * x[:-1])) + x[0] ** 3


def hessian(x):
    with jax.enable_x64(True):
        return sp.csr_matrix(np.asarray(jax.hessian(energy)(jnp.asarray(x))))


@pytest.mark.sweep
@pytest.mark.parametrize("place", ["traced", "host"])
@pytest.mark.parametrize("with_gradient", [True, False])
def test_sparse_hessians(place, with_gradient):
    def gradient(x):
        with jax.enable_x64(True):
            return np.asarray(jax.grad(energy)(jnp.asarray(np.asarray(x))))

    value = energy if place == "traced" else lambda x: float(energy(np.asarray(x)))
    options = {"gradient": gradient if place == "host" else lambda x: jax.grad(energy)(x) * 1.0}
    options = options if with_gradient else {}
    right = gradcompare.check_hessian(value, hessian, X[:6], points=1, **options)
    assert right.verdict is Verdict.AGREE, right
    missing = np.ones((6, 6))
    missing[1, 2] = missing[2, 1] = 0
    wrong = gradcompare.check_hessian(
        value,
        lambda x: without(hessian(x), missing),
        X[:6],
        points=1,
        **options,
    )
    result = wrong.results[-1]
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert "missing from the pattern in row 1 (x[1]), row 2 (x[2])" in str(result.diagnosis[0])
    if with_gradient or place == "traced":
        assert "x[1], x[2]" in str(result.diagnosis[0])


@pytest.mark.sweep
def test_a_sparse_hessian_that_is_not_symmetric_is_said_to_be():
    def uneven(x):
        matrix = hessian(x).tolil()
        matrix[1, 2] *= 3
        return matrix.tocsr()

    wrong = gradcompare.check_hessian(energy, uneven, X[:6], points=1)
    assert wrong.verdict is Verdict.ANALYTIC_WRONG
    assert "the matrix is not symmetric" in str(wrong)
    assert "x[1], x[2]" in str(wrong)


def test_a_large_banded_jacobian_costs_a_few_directions():
    n, calls = 2000, []

    def fun(x):
        calls.append(1)
        return on_host(x)

    x = np.random.default_rng(1).standard_normal(n)
    comparison = gradcompare.check_jacobian(fun, of_scipy, x, points=1)
    assert comparison.verdict is Verdict.AGREE
    assert len(calls) < n / 4
    assert "in 3 groups" in str(comparison)


def test_columns_of_one_colour_have_no_row_in_common():
    rng = np.random.default_rng(0)
    for _ in range(50):
        m, n = rng.integers(1, 30, 2)
        matrix = rng.random((m, n)) < rng.uniform(0, 0.4)
        matrix[0, 0] = True
        pattern = Pattern.of(matrix, (m, n), "it", strict=True)
        for colour in range(pattern.count):
            assert np.all(matrix[:, pattern.colours == colour].sum(axis=1) <= 1)
    band = Pattern.of(BAND, (N, N), "it", strict=True)
    assert band.count == 3


def test_the_stated_probability_bounds_that_of_a_miss():
    """P(|s g| < b) in PROBES directions, drawn, against the bound of `PROBES`."""
    rng = np.random.default_rng(0)
    draws = np.abs(rng.standard_normal((200_000, PROBES)))
    for share in (0.3, 0.1, 0.03):
        escaped = np.mean(np.all(draws < share, axis=1))
        assert escaped <= (np.sqrt(2 / np.pi) * share) ** PROBES * 1.2
        assert escaped >= (np.sqrt(2 / np.pi) * share) ** PROBES * 0.5


@pytest.mark.parametrize("seed", range(4))
def test_an_entry_of_the_stated_size_is_found_and_a_much_smaller_one_is_not(seed):
    def verdict_of(size):
        def fun(x):
            return on_host(x) + size * np.eye(N)[7] * x[1]

        return gradcompare.check_jacobian(fun, of_scipy, X, points=1, seed=seed)

    stated = float(re.findall(r"is above (\S+) at x0", str(verdict_of(0.0)))[0])
    assert 0 < stated < 1e-6
    size = stated / abs(X[1])
    assert verdict_of(size).verdict is Verdict.ANALYTIC_WRONG
    assert verdict_of(1e-6 * size).verdict is Verdict.AGREE


def test_pytrees_have_a_row_for_each_result_and_a_column_for_each_parameter():
    def fun(p):
        return {"a": p["x"] * p["y"][0], "b": jnp.sin(p["y"])}

    def jac(p):
        x, y = np.asarray(p["x"]), np.asarray(p["y"])
        top = np.hstack([y[0] * np.eye(2), np.stack([x, np.zeros(2)], 1)])
        return sp.csr_matrix(np.vstack([top, np.hstack([np.zeros((2, 2)), np.diag(np.cos(y))])]))

    p = {"x": np.array([0.5, 1.5]), "y": np.array([0.3, -0.8])}
    assert gradcompare.check_jacobian(fun, jac, p).verdict is Verdict.AGREE
    wrong = gradcompare.check_jacobian(fun, lambda p: jac(p) * 2.0, p)
    result = wrong.results[0]
    names = [result.name(i) for i in result.points[0].judgement.faulty]
    assert {"a[0] by x[0]", "b[1] by y[1]", "b[1] along v2"} <= set(names)
    pattern = np.asarray(jac(p).toarray() != 0)
    blocks = gradcompare.check_jacobian(
        fun, lambda p: jax.tree.map(lambda b: b + 0.0, jax.jacobian(fun)(p)), p, pattern=pattern
    )
    assert blocks.verdict in (Verdict.AGREE, Verdict.NOT_A_CHECK)


@pytest.mark.parametrize(
    ("jac", "options", "words"),
    [
        (lambda x: sp.csr_matrix(np.ones((N, 2))), {}, r"the jacobian has shape \(12, 2\); give"),
        (of_scipy, {"pattern": np.ones((2, N), bool)}, r"the pattern has shape \(2, 12\); give"),
        (of_scipy, {"pattern": np.zeros((N, N), bool)}, "the pattern has no entries"),
        (of_scipy, {"pattern": np.ones(N, bool)}, "give a matrix of booleans"),
        (None, {"pattern": BAND}, "a pattern is given without the jacobian"),
    ],
)
def test_what_does_not_fit_is_one_clear_error(jac, options, words):
    with pytest.raises(InputError, match=words):
        gradcompare.check_jacobian(chain, jac, X, **options)


def test_a_transposed_sparse_matrix_of_another_shape_is_asked_about():
    with pytest.raises(InputError, match="is it transposed"):
        gradcompare.check_jacobian(
            lambda x: chain(x)[:4], lambda x: of_scipy(x)[:4].T.tocsr(), X, points=1
        )
