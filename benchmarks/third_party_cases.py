"""Gradients written by hand that SciPy and scikit-learn ship, as cases to check.

Each case has the library's own value and gradient at one point, the conventions in its
documentation, and the expected verdict. Wrong gradients are included; `why` explains the fault.
The private functions are those that the libraries' optimisers call.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, special
from scipy.interpolate import RectBivariateSpline
from scipy.optimize._lsq.least_squares import construct_loss_function
from scipy.spatial.distance import pdist, squareform
from sklearn._loss import HalfBinomialLoss, HalfMultinomialLoss, HalfTweedieLoss, PinballLoss
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, Matern, WhiteKernel
from sklearn.linear_model._huber import _huber_loss_and_gradient
from sklearn.linear_model._linear_loss import LinearModelLoss
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer

WRONG = "ANALYTIC_WRONG"
SMALL = 1e-3
"""Lower bound of parameters that must be positive."""


class Case(NamedTuple):
    """One gradient at one point.

    Attributes:
        package: The package that ships it.
        name: Its name there, with the options.
        value: `value(x, *args)`, or the pair of both.
        gradient: `gradient(x, *args)`, or True where `value` gives the pair.
        x: The point.
        options: Further arguments of `gradcompare.check`.
        args: The further arguments of `value` and `gradient`.
        expected: The name of the verdict.
        why: The fault or the peculiarity of the gradient.
    """

    package: str
    name: str
    value: Callable
    gradient: Callable | bool
    x: np.ndarray
    options: Mapping[str, Any] = MappingProxyType({})
    args: tuple = ()
    expected: str = "AGREE"
    why: str = ""


def cases() -> Iterator[Case]:
    yield from scipy_cases(np.random.default_rng(0))
    yield from gaussian_processes(np.random.default_rng(0))
    yield from linear_models(np.random.default_rng(2))
    yield from embeddings(np.random.default_rng(3))
    yield from networks(np.random.default_rng(4))


def positive(count: int, d: int) -> dict:
    """Bounds that keep the last `count` of d parameters positive."""
    return {"bounds": (np.repeat([-np.inf, SMALL], [d - count, count]), np.inf)}


def scipy_cases(rng: np.random.Generator) -> Iterator[Case]:
    package, x = "scipy", rng.standard_normal(8)
    yield Case(package, "optimize.rosen_der", optimize.rosen, optimize.rosen_der, x)
    positive_x, inside = np.exp(x), {"bounds": (SMALL, np.inf)}
    gammas = lambda x: np.sum(special.gammaln(x))  # noqa: E731
    yield Case(package, "special.digamma of gammaln", gammas, special.digamma, positive_x, inside)
    grid = np.linspace(0, 1, 12)
    spline = RectBivariateSpline(grid, grid, np.sin(3 * grid[:, None]) * np.cos(4 * grid))
    slopes = lambda x: np.array([spline.ev(*x, dx=1), spline.ev(*x, dy=1)])  # noqa: E731
    height, point, box = lambda x: spline.ev(*x), np.array([0.31, 0.62]), {"bounds": (0.0, 1.0)}
    yield Case(package, "RectBivariateSpline.ev(dx, dy)", height, slopes, point, box)
    A, b = rng.standard_normal((15, 3)), 3 * rng.standard_normal(15)
    for loss in ("cauchy", "soft_l1"):
        rho = construct_loss_function(15, loss, 1.5)
        yield Case(
            package,
            f"least_squares(loss={loss!r})",
            lambda x, rho=rho: rho(A @ x - b, cost_only=True),
            lambda x, rho=rho: A.T @ ((A @ x - b) * rho(A @ x - b)[1]),
            rng.standard_normal(3),
        )


def gaussian_processes(rng: np.random.Generator) -> Iterator[Case]:
    package, X = "sklearn", rng.standard_normal((25, 2))
    y = np.sin(X[:, 0]) + 0.1 * rng.standard_normal(25)
    kernel = 1.5 * RBF([0.7, 1.3]) + WhiteKernel(0.1)
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(X, y)
    theta, name = model.kernel_.theta, "GPR.log_marginal_likelihood"
    evidence = lambda t: model.log_marginal_likelihood(t, eval_gradient=True)  # noqa: E731
    yield Case(package, name, evidence, True, theta)
    plain = lambda p: evidence(np.log(p))[0]  # noqa: E731
    slope, p = lambda p: evidence(np.log(p))[1], np.exp(theta)
    yield Case(package, f"{name}, wrt='log'", plain, slope, p, {"wrt": "log"})
    why = "it is with respect to log θ, and that was not declared"
    inside = {"bounds": (SMALL, np.inf)}
    yield Case(package, f"{name}, plain", plain, slope, p, inside, expected=WRONG, why=why)
    rough = GaussianProcessRegressor(Matern(0.8, nu=0.7) + WhiteKernel(0.1), optimizer=None)
    rough.fit(X, y)
    yield Case(
        package,
        f"{name}, Matern(nu=0.7)",
        lambda t: rough.log_marginal_likelihood(t, eval_gradient=True),
        True,
        rough.kernel_.theta,
        why="the kernel's gradient is a difference quotient with a step of 1e-10",
    )
    classifier = GaussianProcessClassifier(1.5 * RBF([0.7, 1.3]), optimizer=None).fit(X, y > 0)
    yield Case(
        package,
        "GPC.log_marginal_likelihood",
        lambda t: classifier.log_marginal_likelihood(t, eval_gradient=True),
        True,
        classifier.kernel_.theta,
        expected="ANALYTIC_INEXACT",
        why="off by 1e-10: its Newton iteration stops early; with a tolerance of 1e-15, AGREE",
    )


def linear_models(rng: np.random.Generator) -> Iterator[Case]:
    package, X = "sklearn", rng.standard_normal((40, 4))
    labels = rng.integers(0, 3, 40).astype(float)
    many = LinearModelLoss(HalfMultinomialLoss(n_classes=3), fit_intercept=True)
    multinomial = lambda w: many.loss_gradient(w, X, labels, l2_reg_strength=0.3)  # noqa: E731
    w = rng.standard_normal((3, 5))
    yield Case(package, "LinearModelLoss(multinomial)", multinomial, True, w)
    yield Case(package, "LinearModelLoss(multinomial), F", multinomial, True, np.asfortranarray(w))
    two = LinearModelLoss(HalfBinomialLoss(), fit_intercept=True)
    data = (X, np.minimum(labels, 1))
    yield Case(package, "LinearModelLoss(binomial)", two.loss, two.gradient, w[0], args=data)
    y, raw = rng.gamma(2, 1, 12), rng.standard_normal(12)
    for loss, at, verdict, why in (
        (HalfTweedieLoss(power=1.5), raw, "AGREE", ""),
        (PinballLoss(quantile=0.3), y, "VALID_SUBGRADIENT", "every residual is zero"),
    ):
        yield Case(
            package,
            type(loss).__name__ + (", at y" if why else ""),
            lambda r, loss=loss: loss.loss(y, r).sum(),
            lambda r, loss=loss: loss.gradient(y, r),
            at.copy(),
            {"points": 1} if why else {},
            expected=verdict,
            why=why,
        )
    huber, start = _huber_loss_and_gradient, np.append(0.3 * rng.standard_normal(5), 0.8)
    both = lambda w: huber(w, X, labels, 1.35, 0.1, np.ones(40))  # noqa: E731
    yield Case(package, "_huber_loss_and_gradient", both, True, start, positive(1, 6))


def embeddings(rng: np.random.Generator) -> Iterator[Case]:
    package, X = "sklearn", rng.standard_normal((25, 4))
    labels = rng.integers(0, 3, 25)
    model, same = NeighborhoodComponentsAnalysis(), labels[:, None] == labels
    model.n_iter_ = 1  # as `fit` does
    nca = lambda t, sign: model._loss_grad_lbfgs(t, X, same, sign)  # noqa: E731
    yield Case(
        package,
        "NCA._loss_grad_lbfgs(sign=-1)",
        lambda t: nca(t, 1.0)[0],
        lambda t: nca(t, -1.0)[1],
        rng.standard_normal(8),
        {"sign": -1},
    )
    P = _joint_probabilities(squareform(pdist(X, "sqeuclidean")).astype(np.float32), 8, 0)
    power = "the gradient has (1 + d²/ν) to the power −(ν+1)/2 instead of −1: right for ν = 1 only"
    for k, verdict, why in ((2, "AGREE", ""), (3, WRONG, power)):
        yield Case(
            package,
            f"TSNE._kl_divergence(n_components={k})",
            lambda t, k=k: _kl_divergence(t, P, max(k - 1, 1), 25, k),
            True,
            rng.standard_normal(25 * k),
            expected=verdict,
            why=why,
        )


def networks(rng: np.random.Generator) -> Iterator[Case]:
    X = rng.standard_normal((30, 3))
    y, labels = rng.standard_normal((30, 2)), rng.integers(0, 3, 30)
    hot = LabelBinarizer().fit_transform(labels)
    why = "the loss is the mean over the outputs, the gradient that of their sum (issue 8349)"
    yield network("MLPRegressor._loss_grad_lbfgs", MLPRegressor, X, y[:, 0], y[:, :1])
    yield network("MLPClassifier._loss_grad_lbfgs", MLPClassifier, X, labels, hot)
    yield network(
        "MLPRegressor._loss_grad_lbfgs, 2 outputs", MLPRegressor, X, y, y, expected=WRONG, why=why
    )
    twice = {"options": {"scale": 2.0}, "why": "the same, declared"}
    yield network(
        "MLPRegressor._loss_grad_lbfgs, 2 outputs, scale=2", MLPRegressor, X, y, y, **twice
    )


def network(name: str, kind: type, X, y, target, **more) -> Case:
    """A network with one hidden layer, after three steps of training."""
    settings = {"activation": "tanh", "solver": "lbfgs", "max_iter": 3, "random_state": 0}
    model = kind(hidden_layer_sizes=(4,), alpha=0.0, **settings).fit(X, y)
    x = np.concatenate([a.ravel() for a in model.coefs_ + model.intercepts_])

    def both(x):
        buffers = [[None] * 2 for _ in range(3)]
        return model._loss_grad_lbfgs(x, X, target, None, [X, None, None], *buffers)

    return Case("sklearn", name, both, True, x, **more)
