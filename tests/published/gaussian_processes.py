"""Gaussian processes: scikit-learn's log marginal likelihood, and mpmath where it has none.

The data are six observations, in the plane or, for the periodic kernel, on a line. What
scikit-learn gives is the log marginal likelihood and its derivatives with respect to the
logarithms of the parameters: here with the opposite sign, and in our order of the parameters.
"""

import numpy as np

from gradcompare.objectives import gaussian_process as gp
from gradcompare.objectives import sparse_gaussian_process as sparse

from . import Figure

X = np.array([[-1.3, 0.4], [-0.6, -0.9], [0.2, 1.1], [0.7, -0.3], [1.5, 0.8], [2.1, -1.2]])
T = np.array([[0.1], [0.7], [1.2], [2.0], [2.9], [3.3]])
Y = np.array([0.5, -0.8, 1.1, 0.3, -0.4, 0.9])
INDUCING = np.array([[-0.9, 0.1], [0.4, 0.7], [1.6, -0.5]])

PLANE, LINE, SPARSE = gp.Data(X, Y), gp.Data(T, Y), sparse.Data(X, Y)

SCIKIT_LEARN = (
    "scikit-learn 1.9.1, GaussianProcessRegressor(ConstantKernel(1.7) * {} + WhiteKernel(0.2), "
    "alpha=0, optimizer=None).log_marginal_likelihood(theta, eval_gradient=True)"
)
MPMATH = (
    "mpmath 1.3.0 with 60 digits: differences of {}, each entry of the matrices from its formula, "
    "mpmath.cholesky"
)
EXACT = MPMATH.format("½ yᵀK⁻¹y + ½ log det 2πK as a function of log θ")
BOUND = MPMATH.format(
    "−log N(y; 0, AᵀK⁻¹A + v I) + (m s − tr AᵀK⁻¹A) / (2v), with that m × m matrix"
)


def logs(*parameters) -> list[np.ndarray]:
    return [np.log(parameter) for parameter in parameters]


def figures(objective: str, kernel: str, params, data, value, gradient, hvp) -> list[Figure]:
    """Three figures: value and gradient by scikit-learn, Hessian times parameters by mpmath."""
    source = SCIKIT_LEARN.format(kernel)
    return [
        Figure(objective, value, source, params, data),
        Figure(objective, gradient, source, params, data, function="gradient"),
        Figure(objective, hvp, EXACT, params, data, function="hvp"),
    ]


SCALES = gp.Params(*logs([0.8, 1.4], 1.7, 0.2))
AT_INPUTS = sparse.Params(X, *SCALES)
AT_THREE = sparse.Params(INDUCING, *SCALES)

FIGURES = (
    *figures(
        "gaussian-process",
        "RBF([0.8, 1.4])",
        SCALES,
        PLANE,
        8.297598062266527,
        [-0.14836436364124536, 0.19354523035831328, 1.5821799101702574, 0.19643865168508856],
        [0.18135467223714216, -0.045395335445275941, 0.42049803704130171, -0.3613393746909659],
    ),
    *figures(
        "gp-matern-3-2",
        "Matern([0.8, 1.4], nu=1.5)",
        gp.NaturalParams(np.array([0.8, 1.4]), 1.7, 0.2),
        PLANE,
        8.300170916731176,
        [-0.12074192852307354, 0.06866232723031376, 1.6991811786362427, 0.20587240808577748],
        [-0.83698808750720056, -0.41026477855542802, 0.88468229865946468, -0.11398498452954257],
    ),
    *figures(
        "gp-matern-5-2",
        "Matern([0.8, 1.4], nu=2.5)",
        SCALES,
        PLANE,
        8.297959139040184,
        [-0.13191884031984732, 0.08611129765377337, 1.6703800082179472, 0.20409301064381524],
        [-0.011343189793835656, -0.072068127012800418, 0.50299381727942345, -0.36567487879757208],
    ),
    *figures(
        "gp-rational-quad",
        "RationalQuadratic(length_scale=0.9, alpha=0.6)",
        gp.MixtureParams(*logs(0.9, 0.6, 1.7, 0.2)),
        PLANE,
        8.131178643372422,
        [-0.21414290629903163, 0.1309334878420938, 1.4293125200102335, 0.1952122642706773],
        [-0.23179402568033785, 0.15729910382622195, 0.43186775039128648, -0.32685116580433208],
    ),
    *figures(
        "gp-periodic",
        "ExpSineSquared(length_scale=0.9, periodicity=1.3)",
        gp.PeriodicParams(*logs(0.9, 1.3, 1.7, 0.2)),
        LINE,
        9.49618564326764,
        [-0.7779801348199328, 11.417443534534222, 1.3461405519795395, -2.495634541396421],
        [7.9416499897654218, -1303.0604023970426, 0.23198614918246146, -9.9080967063261843],
    ),
    Figure(
        "sparse-gp",
        8.297598062266527,
        "the exact value, as the inducing inputs are the inputs: "
        + SCIKIT_LEARN.format("RBF([0.8, 1.4])"),
        AT_INPUTS,
        SPARSE,
    ),
    Figure("sparse-gp", 19.808857190601439, BOUND, AT_THREE, SPARSE),
    Figure(
        "sparse-gp",
        [
            *[1.3464849073583915, 1.2392861618871695, 1.0489917634124057],
            *[-0.49275710039181619, -1.9696511532957715, 0.13633079170788393],
            *[-6.1184846632570287, -7.4851312609857698, 10.399658893145998, -13.759279833796826],
        ],
        BOUND,
        AT_THREE,
        SPARSE,
        function="gradient",
    ),
    Figure(
        "sparse-gp",
        [
            *[-2.0169795128412276, -0.54197806635875947, 3.074376864046248],
            *[6.0820733191165385, -4.4258943815594701, 5.097865551662009],
            *[-11.142665067871092, -14.880975737417126, 14.834509696763962, -23.926369700138433],
        ],
        BOUND,
        AT_THREE,
        SPARSE,
        function="hvp",
    ),
)
