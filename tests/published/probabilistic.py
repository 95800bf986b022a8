"""Gaussian, Student t, von Mises–Fisher, Dirichlet-multinomial and evidence lower bound.

What has mpmath as its source is computed from the densities as textbooks define them, in 30 to 60
digits: with covariance matrix and determinant, Gamma and Bessel functions, and the divergence as
an integral; derivatives are those by `mpmath.diff`.
"""

import math

import numpy as np

from gradcompare.objectives import (
    dirichlet_multinomial,
    gaussian_cholesky,
    student_t,
    variational_gaussian,
    von_mises_fisher,
)

from . import Figure

MPMATH = "mpmath 1.3.0: mpmath.diff of the density"


def derivatives(objective, params, data, gradient, hvp, digits=12):
    """Figures of the gradient, and of the Hessian times the point."""
    for function, number in {"gradient": gradient, "hvp": hvp}.items():
        yield Figure(objective, number, MPMATH, params, data, digits, function)


FOUR_SAMPLES = gaussian_cholesky.Data(
    np.array([[0.5, -1, 2], [1.5, 0.25, -0.75], [-0.5, 1.25, 0.5], [2, -0.5, 1]])
)
THREE_DIMENSIONS = gaussian_cholesky.Params(
    np.array([0.25, -0.5, 0.75]), np.array([0.3, -0.2, 0.1]), np.array([0.6, -0.4, 0.35])
)

# Their mean is zero and their covariance [[1, 0.5], [0.5, 2.5]], of determinant 1.5².
CENTRED = gaussian_cholesky.Data(np.array([[1.0, 2], [-1, -2], [1, -1], [-1, 1]]))
CENTRED_FIT = gaussian_cholesky.Params(np.zeros(2), np.array([0, math.log(1.5)]), np.array([0.5]))

GAUSSIAN = (
    Figure(
        "gaussian-cholesky",
        5.037775774929022,
        "SciPy 1.17.1: −scipy.stats.multivariate_normal(μ, LLᵀ).logpdf(X).mean()",
        THREE_DIMENSIONS,
        FOUR_SAMPLES,
    ),
    Figure(
        "gaussian-cholesky",
        math.log(1.5) + 1 + math.log(2 * math.pi),
        "closed form: at the maximum of the likelihood ½ log det S + (d/2) (1 + log 2π)",
        CENTRED_FIT,
        CENTRED,
    ),
    *derivatives(
        "gaussian-cholesky",
        THREE_DIMENSIONS,
        FOUR_SAMPLES,
        gaussian_cholesky.Params(
            np.array([-0.2067076748492653, -0.3217716102789005, -0.02269438432525997]),
            np.array([-0.3721774989392772, -1.4266175044848424, -0.4437739838759225]),
            np.array([0.9014909861800231, -0.2774190871446341, 1.225104028869052]),
        ),
        gaussian_cholesky.Params(
            np.array([1.1634954490727716, -1.0897568681233123, 0.8122485549983777]),
            np.array([-0.1935841368062671, -2.7438320128533924, -0.9460445152214252]),
            np.array([0.2843009726025848, 0.0629146840443054, 1.294680408301671]),
        ),
    ),
)

AIR_FLOW = [80, 80, 75, *[62] * 5, *[58] * 6, *[50] * 5, 56, 70]
TEMPERATURE = [27, 27, 25, 24, 22, 23, 24, 24, 23, 18, 18, 17, 18, 19, 18, 18, 19, 19, 20, 20, 20]
ACID = [89, 88, 90, 87, 87, 87, 93, 93, 87, 80, 89, 88, 82, 93, 89, 86, 72, 79, 80, 82, 91]
LOSS = [42, 37, 37, 28, 18, 18, 19, 20, 15, 14, 14, 13, 11, 12, 8, 7, 8, 8, 9, 15, 15]

STACK_LOSS = student_t.Data(
    np.column_stack([np.ones(21), AIR_FLOW, TEMPERATURE, ACID]), np.array(LOSS, float)
)
"""Brownlee, Statistical Theory and Methodology (1965): a plant that oxidises ammonia."""

FIVE_ROWS = student_t.Data(
    np.array([[1, 0.5], [1, -1.25], [1, 2], [1, 0.75], [1, -0.5]]),
    np.array([0.3, -1.1, 6.5, 1.4, 0.2]),
)
HEAVY_TAILS = student_t.Params(np.array([0.4, 0.9]), -0.3, 0.8)
NEARLY_GAUSSIAN = HEAVY_TAILS._replace(log_dof=14.0)

STUDENT = (
    Figure(
        "student-t",
        2.3771947524903783,
        "SciPy 1.17.1: −scipy.stats.t.logpdf(y, 1.1, loc=X @ w, scale=1).mean()",
        student_t.Params(np.array([-39.69, 0.832, 0.574, -0.061]), 0.0, math.log(1.1)),
        STACK_LOSS,
    ),
    Figure("student-t", 1.774569391464709, MPMATH, HEAVY_TAILS, FIVE_ROWS),
    *derivatives(
        "student-t",
        HEAVY_TAILS,
        FIVE_ROWS,
        student_t.Params(
            np.array([-0.01389218069444369, -0.4427478906760113]),
            0.11745273466320467,
            0.1770185544846201,
        ),
        student_t.Params(
            np.array([0.2760184360857916, 0.4539393546275706]),
            -0.178973576576602,
            0.2205728724913118,
        ),
    ),
    Figure("student-t", 4.099369099538976, MPMATH, NEARLY_GAUSSIAN, FIVE_ROWS),
    *derivatives(
        "student-t",
        NEARLY_GAUSSIAN,
        FIVE_ROWS,
        student_t.Params(
            np.array([-1.4394312437171195, -3.2478416641624825]),
            -5.960766300150101,
            4.410641950259748e-05,
        ),
        student_t.Params(
            np.array([0.356523825719999, 0.4415539362921119]),
            2.818557845683712,
            -0.0006561823126945152,
        ),
        digits=10,
    ),
)

ON_THE_SPHERE = von_mises_fisher.Data(np.array([[1, 2, -2], [2, 1, 2]]) / 3)
KAPPA_3 = np.array([2.0, -1, 2])
FOUR_DIRECTIONS = von_mises_fisher.Data(
    np.array([[1, 1, 1, 1, 0], [1, -1, 1, 1, 0], [0, 1, 1, -1, 1], [0, 0, 1.2, 0, 1.6]]) / 2
)
FIVE_DIMENSIONS = np.array([1.5, -0.75, 2.25, 0.5, -1.25])

VON_MISES_FISHER = (
    Figure(
        "von-mises-fisher",
        math.log(4 * math.pi),
        "closed form: −log of the uniform density, one over the area of the sphere",
        np.zeros(3),
        ON_THE_SPHERE,
    ),
    Figure(
        "von-mises-fisher",
        math.log(4 * math.pi * math.sinh(3) / 3) - 1 / 2,
        "closed form for p = 3: log(4π sinh κ / κ) − θᵀx̄ with κ = 3",
        KAPPA_3,
        ON_THE_SPHERE,
    ),
    Figure(
        "von-mises-fisher",
        (1 / math.tanh(3) - 1 / 3) / 3 * KAPPA_3 - np.array([1 / 2, 1 / 2, 0]),
        "closed form for p = 3: A(κ) μ − x̄ with A(κ) = coth κ − 1/κ and κ = 3",
        KAPPA_3,
        ON_THE_SPHERE,
        function="gradient",
    ),
    Figure(
        "von-mises-fisher",
        (1 / 9 - 1 / math.sinh(3) ** 2) * KAPPA_3,
        "closed form for p = 3 along θ: A′(κ) θ with A′(κ) = 1/κ² − 1/sinh² κ and κ = 3",
        KAPPA_3,
        ON_THE_SPHERE,
        function="hvp",
    ),
    Figure(
        "von-mises-fisher",
        3.0149306886010727,
        "SciPy 1.17.1: −scipy.stats.vonmises_fisher(θ/κ, κ).logpdf(X).mean(), κ = ‖θ‖",
        FIVE_DIMENSIONS,
        FOUR_DIRECTIONS,
    ),
    *derivatives(
        "von-mises-fisher",
        FIVE_DIMENSIONS,
        FOUR_DIRECTIONS,
        np.array(
            [
                *[-0.00857436000733587, -0.24571281999633207, -0.1628615400110038],
                *[-0.04452478666911196, -0.5261880333272201],
            ]
        ),
        0.10524321987763295 * FIVE_DIMENSIONS,
    ),
)

ONE_ROW = dirichlet_multinomial.Data(np.array([[2.0, 1, 0]]))
THREE_ROWS = dirichlet_multinomial.Data(np.array([[3.0, 0, 2, 1], [1, 4, 0, 0], [2, 2, 5, 1]]))
FOUR_CATEGORIES = np.array([0.4, -0.3, 0.7, -1.1])

DIRICHLET = (
    Figure(
        "dirichlet-multinomial",
        math.log(30),
        "closed form for α = 1: log((N + k − 1)! / ((k − 1)! Π nₖ!)), here log(5! / (2! 2!))",
        np.zeros(3),
        ONE_ROW,
    ),
    Figure(
        "dirichlet-multinomial",
        np.array([-43, -13, 47]) / 60,
        "closed form for α = 1: 1/3 + 1/4 + 1/5 − H(nₖ) with the harmonic numbers H",
        np.zeros(3),
        ONE_ROW,
        function="gradient",
    ),
    Figure(
        "dirichlet-multinomial",
        9.683567682824185,
        "SciPy 1.17.1: the mean over the rows of log(N! / Π nₖ!) − "
        "scipy.stats.dirichlet_multinomial(exp(a), N).logpmf(n)",
        FOUR_CATEGORIES,
        THREE_ROWS,
    ),
    *derivatives(
        "dirichlet-multinomial",
        FOUR_CATEGORIES,
        THREE_ROWS,
        np.array([-0.080983158471003, -0.381191537037706, 0.4466763606231668, -0.340773211737851]),
        np.array([0.1690545675189303, -0.291237362063109, 0.6803443584775233, -0.429543021230628]),
    ),
)

APPROXIMATION = variational_gaussian.Params(np.array([0.6, -0.45]), np.array([-0.35, 0.2]))
LABELLED = variational_gaussian.Data(
    np.array([[0.5, -1], [1.5, 0.25], [-0.75, 2]]),
    np.array([1.0, -1, 1]),
    np.array([[0.3, -1.2], [-0.8, 0.5]]),
    prior_deviation=1.5,
)

LOWER_BOUND = (
    Figure(
        "gaussian-elbo",
        4.397530799254272,
        "statsmodels 0.15.0: −Logit(y, X).loglike(w), the mean for both w (3.8697316938306816); "
        "mpmath 1.3.0: the divergence by mpmath.quad",
        APPROXIMATION,
        LABELLED,
    ),
    *derivatives(
        "gaussian-elbo",
        APPROXIMATION,
        LABELLED,
        variational_gaussian.Params(
            np.array([1.5413358227149891, -1.152809845444032]),
            np.array([-0.8345613125375548, 0.8649359136645907]),
        ),
        variational_gaussian.Params(
            np.array([0.7628737946544282, -0.6084734153109072]),
            np.array([-0.31598274122595105, 0.3518887696856122]),
        ),
    ),
)

FIGURES = (*GAUSSIAN, *STUDENT, *VON_MISES_FISHER, *DIRICHLET, *LOWER_BOUND)
