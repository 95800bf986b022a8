"""Acceptance scenarios 7 to 10: bounds, signs, orders, and what may be chosen at a kink."""

import jax
import jax.numpy as jnp
import numpy as np
from scenarios import said_nowhere, says

from gradcompare import Verdict, check

RNG = np.random.default_rng(0)


def logistic(s, y):
    return jnp.sum(jax.nn.sigmoid(s) - y)


def twice_the_curvature(s, y):
    p = 1 / (1 + jnp.exp(-s))
    return 2 * p * (1 - p)


SCORES, LABELS = RNG.standard_normal(5), np.array([0.0, 1.0, 1.0, 0.0, 1.0])


def test_scenario_07_intended_bound():
    comparison = check(logistic, twice_the_curvature, SCORES, LABELS, intent="upper_bound")
    assert comparison.ok
    says(comparison, "upper bound.*only entries that are too small count as wrong")
    half = check(logistic, lambda s, y: 0.25 * twice_the_curvature(s, y), SCORES, LABELS,
                 intent="upper_bound")  # fmt: skip
    assert half.verdict is Verdict.ANALYTIC_WRONG
    undeclared = check(logistic, twice_the_curvature, SCORES, LABELS)
    assert undeclared.verdict is Verdict.ANALYTIC_WRONG
    says(undeclared, "every coordinate: 2 times the reference", "declare scale=2")


def test_scenario_07_says_how_far_the_bound_is():
    comparison = check(logistic, twice_the_curvature, SCORES, LABELS, intent="upper_bound")
    says(comparison, r"upper bound.* 2(\.0+)? times")


def test_scenario_08_sign_of_one_block():
    def value(p, X):
        r = X - p["mean"]
        return (
            0.5 * jnp.sum(r @ jnp.linalg.inv(p["cov"]) * r)
            + 0.5 * len(X) * jnp.linalg.slogdet(p["cov"])[1]
        )

    def gradient(p, X):
        P, r = jnp.linalg.inv(p["cov"]), X - p["mean"]
        of_cov = -0.5 * P.T @ (r.T @ r) @ P.T + 0.5 * len(X) * P.T
        return {"cov": -of_cov, "mean": -jnp.sum(r @ (P + P.T) / 2, 0)}

    A = RNG.standard_normal((3, 3))
    p = {"mean": RNG.standard_normal(3), "cov": A @ A.T + 3 * np.eye(3)}
    comparison = check(value, gradient, p, RNG.standard_normal((5, 3)))
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(comparison, "9 of 12 coordinates")
    says(comparison, "cov: the opposite sign of the reference; mean agrees")


def test_scenario_09_components_swapped():
    def value(p, x):
        return jnp.sum(jnp.log1p(jnp.exp(-p["alpha"] * x)) + p["beta"] ** 2 * x)

    def gradient(p, x):
        right = {"alpha": -jnp.sum(x / (1 + jnp.exp(p["alpha"] * x))),
                 "beta": 2 * p["beta"] * jnp.sum(x)}  # fmt: skip
        return {"alpha": right["beta"], "beta": right["alpha"]}

    comparison = check(value, gradient, {"alpha": 0.7, "beta": 1.3}, RNG.uniform(1, 2, 5))
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(comparison, "alpha and beta are swapped")


def test_scenario_09_transposed():
    B = RNG.standard_normal((3, 3))
    comparison = check(
        lambda A, B: jnp.sum(jnp.sin(A @ B) * B),
        lambda A, B: (jnp.cos(A @ B) * B @ B.T).T,
        RNG.standard_normal((3, 3)),
        B,
    )
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(comparison, "what: x is transposed")


def relu(x):
    return jnp.sum(jax.nn.relu(x))


AT_ZERO = np.array([1.0, -2.0, 0.5, 3.0, 0.0])
AT_TIE = np.array([2.0, 2.0, 1.0])


def test_scenario_10_relu_at_zero():
    right = check(relu, lambda x: jnp.where(x > 0, 1.0, 0.0), AT_ZERO, points=1)
    assert right.verdict is Verdict.VALID_SUBGRADIENT
    says(right, "kink", r"x\[4\] +0 ± 0 +0 ± 0 +0 \| 1")
    wrong = check(
        relu, lambda x: jnp.where(x > 0, 1.0, 0.0).at[4].set(1.7), AT_ZERO, points=1
    )  # fmt: skip
    assert wrong.verdict is Verdict.ANALYTIC_WRONG
    says(wrong, r"1 of 5 coordinates", r"x\[4\] +1\.7 ± \S+ +0 ± 0 +0 \| 1")


def test_scenario_10_max_at_a_tie():
    """Two conventions, and no direction excludes either."""
    comparison = check(jnp.max, lambda x: jnp.zeros(3).at[1].set(1.0), AT_TIE, points=1)
    assert comparison.verdict is Verdict.VALID_SUBGRADIENT
    says(
        comparison,
        r"x\[0\] +0 ± \S+ +0\.5 ± \S+ +0 \| 1",
        "no direction tried excludes this derivative",
    )


def test_scenario_10_no_second_opinion_at_a_kink():
    comparison = check(relu, lambda x: jnp.where(x > 0, 1.0, 0.0), AT_ZERO, points=1)
    said_nowhere(comparison, "with a correct gradient it falls")
