"""Scores written by hand that statsmodels ships, as cases to check; see `third_party_cases`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import statsmodels.api as sm
from scipy import special
from statsmodels.discrete import conditional_models, count_model, discrete_model, truncated_model
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.genmod.bayes_mixed_glm import PoissonBayesMixedGLM
from statsmodels.multivariate.factor import Factor
from statsmodels.othermod.betareg import BetaModel
from statsmodels.regression.mixed_linear_model import MixedLM
from third_party_cases import SMALL, WRONG, Case, positive


def cases() -> Iterator[Case]:
    yield from discrete_models(np.random.default_rng(5))
    yield from count_models(np.random.default_rng(6))
    yield from other_models(np.random.default_rng(7))


def likelihood(name: str, model: Any, x: np.ndarray, options: dict | None = None, **more) -> Case:
    """Returns the case of a log-likelihood of statsmodels and its score."""
    label, (kind, *rest) = "statsmodels", name.split(", ")
    name = ", ".join([f"{kind}.score", *rest])
    return Case(label, name, model.loglike, model.score, x, options or {}, **more)


def design(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns sixty rows with an intercept, coefficients, and the predictor of other ones."""
    X = sm.add_constant(rng.standard_normal((60, 2)))
    return X, np.array([0.2, 0.4, -0.3]), X @ [0.3, 0.5, -0.4]


def discrete_models(rng: np.random.Generator) -> Iterator[Case]:
    X, b, eta = design(rng)
    yes, three = (rng.random(60) < special.expit(eta)).astype(float), rng.integers(0, 3, 60)
    yield likelihood("Logit", discrete_model.Logit(yes, X), b)
    yield likelihood("Probit", discrete_model.Probit(yes, X), b)
    many = discrete_model.MNLogit(three, X)
    columns = lambda w: many.score(w).reshape(w.shape, order="F")  # noqa: E731
    w = rng.standard_normal((3, 2))
    yield Case("statsmodels", "MNLogit.score, by columns", many.loglike, columns, w)
    groups = np.repeat(np.arange(6), 10)
    conditional = conditional_models.ConditionalLogit(yes, X[:, 1:], groups=groups)
    yield likelihood("ConditionalLogit", conditional, b[1:])


def count_models(rng: np.random.Generator) -> Iterator[Case]:
    X, b, eta = design(rng)
    y = rng.poisson(np.exp(eta))
    yield likelihood("Poisson", discrete_model.Poisson(y, X), b)
    for kind in ("nb1", "nb2"):
        model = discrete_model.NegativeBinomial(y, X, loglike_method=kind)
        yield likelihood(f"NegativeBinomial({kind!r})", model, np.append(b, 0.6), positive(1, 4))
    for p in (1, 2):
        model = discrete_model.GeneralizedPoisson(y, X, p=p)
        yield likelihood(f"GeneralizedPoisson(p={p})", model, np.append(b, 0.2), positive(1, 4))
    model = discrete_model.NegativeBinomialP(y, X)
    model._transparams = True  # as `fit` does while it optimises
    why = "in ln α the last entry has to be times α, and is squared (issue 7522)"
    x = np.append(b, -0.5)
    yield likelihood("NegativeBinomialP, ln α", model, x, expected=WRONG, why=why)
    zeros = count_model.ZeroInflatedNegativeBinomialP(y, X)
    yield likelihood("ZeroInflatedNegativeBinomialP", zeros, np.r_[-0.5, b, 0.4], positive(1, 5))
    seen = y > 0
    yield likelihood("TruncatedLFPoisson", truncated_model.TruncatedLFPoisson(y[seen], X[seen]), b)
    why = "the model that it is truncated with is made without p, so with p = {}"
    for name, p, wrong in (("GeneralizedPoisson", 2, 1), ("NegativeBinomialP", 1, 2)):
        model = getattr(truncated_model, f"TruncatedLF{name}")(y[seen], X[seen], p=p)
        x, reason = np.append(b, 0.3), why.format(wrong)
        label = f"TruncatedLF{name}(p={p})"
        yield likelihood(label, model, x, positive(1, 4), expected=WRONG, why=reason)


def other_models(rng: np.random.Generator) -> Iterator[Case]:
    package, (X, b, eta), groups = "statsmodels", design(rng), np.repeat(np.arange(12), 5)
    y = rng.gamma(2, np.exp(eta) / 2)
    glm = sm.GLM(y, X, family=sm.families.Gamma(sm.families.links.Log()))
    value, score = (lambda b: glm.loglike(b, scale=1.7)), (lambda b: glm.score(b, scale=1.7))
    yield Case(package, "GLM(Gamma).score, scale=1.7", value, score, b)
    why = "the score holds the scale fixed, and loglike estimates it anew at every point"
    yield likelihood("GLM(Gamma)", glm, b, expected=WRONG, why=why)
    time, seen = np.round(rng.exponential(np.exp(-eta)), 1) + 0.1, rng.integers(0, 2, 60)
    for ties in ("breslow", "efron"):
        yield likelihood(f"PHReg({ties!r})", PHReg(time, X[:, 1:], seen, ties=ties), b[1:])
    share = BetaModel(rng.beta(2, 3, 60), X, exog_precision=X[:, :2])
    yield likelihood("BetaModel", share, np.r_[b, 0.7, 0.3])
    mixed = MixedLM(y, X, groups=groups, exog_re=X[:, :2])
    mixed.fit(maxiter=1)  # it sets what `loglike` reads
    yield likelihood("MixedLM", mixed, np.array([0.8, 0.2, 0.6]), {"points": 1})
    counts, effects = rng.poisson(np.exp(eta)), np.eye(12)[groups]
    bayes = PoissonBayesMixedGLM(counts, X, effects, np.zeros(12, int))
    yield Case(
        package,
        "PoissonBayesMixedGLM.vb_elbo_grad",
        lambda x: bayes.vb_elbo(*np.split(x, 2)),
        lambda x: np.concatenate(bayes.vb_elbo_grad(*np.split(x, 2))),
        np.r_[b, 0.2, 0.3 * rng.standard_normal(12), rng.uniform(0.2, 0.5, 16)],
        positive(16, 32),
    )
    factor = Factor(rng.standard_normal((80, 5)) @ rng.standard_normal((5, 5)), n_factor=2)
    x = np.r_[rng.uniform(0.5, 0.9, 5), rng.uniform(-0.5, 0.5, 10)]
    roots = {"bounds": (np.repeat([SMALL, -np.inf], [5, 10]), np.inf)}
    yield likelihood("Factor", factor, x, roots)
    why = "the roots of the variances may be negative for loglike, not for the score"
    yield likelihood("Factor, unbounded", factor, x, expected=WRONG, why=why)
