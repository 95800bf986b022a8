"""Figures for the representation learning: closed forms, scikit-learn, and mpmath.

Where mpmath is the source, f was summed up in plain loops from its definition with 60 digits, and
differentiated by difference quotients of fourth order with steps of 10⁻¹⁵, which leaves 25 digits.
"""

import math

import numpy as np

from gradcompare.objectives import (
    info_nce,
    matrix_factorisation,
    neighbourhood_components,
    t_sne,
    triplet_loss,
    word2vec,
)
from published import Figure

MPMATH = "mpmath 1.3.0, 60 digits, from the definition of f"

FULL = matrix_factorisation.Data(R=np.array([[2.0, 1], [1, 2]]), M=np.ones((2, 2)), lam=0.5)
BALANCED = np.array([[1.25**0.5, 0.5], [1.25**0.5, -0.5]])

RATINGS = matrix_factorisation.Data(
    R=np.array([[4.0, 0, 1], [0, 2, 5]]), M=np.array([[1.0, 0, 1], [0, 1, 1]]), lam=0.25
)
FACTORS = matrix_factorisation.Params(
    U=np.array([[1.0, 0.5], [-0.75, 1.5]]), V=np.array([[0.5, 2], [1.25, -0.5], [1, 1.75]])
)

UNIFORM = t_sne.Data((1 - np.eye(3)) / 6)
TWO_TOGETHER = np.array([[0.0, 0], [0, 0], [1, 0]])

AFFINITIES = t_sne.Data(
    np.array(
        [[0, 0.1, 0.06, 0.04], [0.1, 0, 0.12, 0.08], [0.06, 0.12, 0, 0.1], [0.04, 0.08, 0.1, 0]]
    )
)
POSITIONS = np.array([[0.5, -0.25], [1, 0.75], [-0.5, 1.25], [-1.5, 0.25]])
TSNE = "scikit-learn 1.9.1: sklearn.manifold._t_sne._kl_divergence(Y, squareform(P), 1, 4, 2)"

ROWS = neighbourhood_components.Data(
    X=np.array(
        [[1, 0.5, -0.5], [0.25, -1, 0.75], [-0.5, 0.5, 1.25], [1.5, -0.25, 0.5], [-1, -0.75, 0.25]]
    ),
    Y=np.eye(2)[[0, 1, 0, 1, 0]],
)
MAP = np.array([[0.5, -0.25, 0.75], [-0.5, 1, 0.25]])
NCA = (
    "scikit-learn 1.9.1: NeighborhoodComponentsAnalysis._loss_grad_lbfgs(A, X, same_class_mask) "
    "with sign=1"
)

PAIRS = word2vec.Data(
    centres=np.array([0.0, 1, 2, 1]),
    contexts=np.array([1.0, 2, 0, 0]),
    noise=np.array([[2.0, 2], [0, 1], [1, 0], [2, 0]]),
)
VECTORS = word2vec.Params(
    V=np.array([[0.5, -1], [0.25, 0.75], [-1.25, 0.5]]),
    U=np.array([[1, 0.5], [-0.5, 0.25], [0.75, -0.75]]),
)

TRIPLETS = triplet_loss.Data(
    anchors=np.array([[1, 0.5], [0, -1], [0.5, 2], [-1, 0.25]]),
    positives=np.array([[0.5, 1.5], [0.75, -0.5], [1.5, 1], [-1.5, 0]]),
    negatives=np.array([[1.5, -0.5], [0.5, -0.25], [1, 1.75], [3, -2]]),
    margin=0.5,
)
EMBEDDING = np.array([[1, 0.5], [-0.25, 0.75]])
BY_HAND = "exact arithmetic on dyadic fractions: three triplets of four are active"

ORTHOGONAL = info_nce.Data(np.concatenate([np.eye(3), np.eye(3)]))
VIEWS = info_nce.Data(np.array([[1, 0.5], [-0.5, 1], [0.75, 0.25], [-1, 0.5]]))
ENCODER = info_nce.Params(np.array([[1, 0.5], [-0.25, 0.75]]), np.asarray(-0.5))

FIGURES = (
    Figure(
        "matrix-factorisation",
        1.75,
        "minimum λ Σ σ − λ²/2 per singular value σ > λ, here 3 and 1: soft thresholding",
        matrix_factorisation.Params(BALANCED, BALANCED),
        FULL,
    ),
    Figure(
        "matrix-factorisation",
        matrix_factorisation.Params(
            [[-0.125, -3.34375], [-7.921875, -3.25]],
            [[-2.375, -0.75], [3.078125, -5.65625], [3.46875, -3.8125]],
        ),
        MPMATH,
        FACTORS,
        RATINGS,
        function="gradient",
    ),
    Figure(
        "matrix-factorisation",
        matrix_factorisation.Params(
            [[5.125, 9.21875], [-8.390625, 5]],
            [[0.625, 0.75], [5.609375, -10.71875], [4.40625, 3.6875]],
        ),
        MPMATH,
        FACTORS,
        RATINGS,
        function="hvp",
    ),
    Figure(
        "t-sne",
        8 / 3 * math.log(2) - math.log(6),
        "closed form: P uniform, q = 1/4 between the two points that coincide, else 1/8",
        TWO_TOGETHER,
        UNIFORM,
    ),
    Figure(
        "t-sne",
        [[-1 / 12, 0], [-1 / 12, 0], [1 / 6, 0]],
        "closed form: 4 (1/6 − 1/8) ½ between the third point and each of the others",
        TWO_TOGETHER,
        UNIFORM,
        function="gradient",
    ),
    Figure("t-sne", 0.05928573432486, TSNE, POSITIONS, AFFINITIES),
    Figure(
        "t-sne",
        [
            [-0.007408635299748, 0.09047401336719],
            [0.07382061245106, -0.07358193081199],
            [-0.04663612481475, -0.003014700643752],
            [-0.01977585233656, -0.01387738191145],
        ],
        TSNE,
        POSITIONS,
        AFFINITIES,
        function="gradient",
    ),
    Figure(
        "t-sne",
        [
            [0.08437998933304, 0.02527482986275],
            [-0.06525984126492, -0.05735605465555],
            [-0.005127681961873, 0.01289287965252],
            [-0.01399246610625, 0.01918834514028],
        ],
        MPMATH,
        POSITIONS,
        AFFINITIES,
        function="hvp",
    ),
    Figure("nca", 3.934071040262, NCA, MAP, ROWS),
    Figure(
        "nca",
        [
            [1.152741912204, -1.268720321237, 1.002371011765],
            [-1.178255515256, 0.8959222925379, -1.041853591515],
        ],
        NCA,
        MAP,
        ROWS,
        function="gradient",
    ),
    Figure(
        "nca",
        [
            [-2.160313542387, 0.9005194792443, 0.2538038268864],
            [2.234197860715, -0.8817590857882, 0.9421180071398],
        ],
        MPMATH,
        MAP,
        ROWS,
        function="hvp",
    ),
    Figure(
        "skip-gram",
        3 * math.log(2),
        "closed form: all scores are 0, of one context and two words of noise to each centre",
        word2vec.Params(VECTORS.V, np.zeros((3, 2))),
        PAIRS,
    ),
    Figure("skip-gram", 2.808001395824, MPMATH, VECTORS, PAIRS),
    Figure(
        "skip-gram",
        word2vec.Params(
            [
                [0.3609005364756, -0.3219968282755],
                [0.1393136840514, 0.1862342939652],
                [-0.2004266267119, -0.01531597595904],
            ],
            [
                [0.2040406487686, 0.1211224667172],
                [-0.2578245151599, 0.3371909043955],
                [0.1771454217226, -0.4122074684166],
            ],
        ),
        MPMATH,
        VECTORS,
        PAIRS,
        function="gradient",
    ),
    Figure(
        "skip-gram",
        word2vec.Params(
            [
                [0.5463852328663, -0.4927937926536],
                [0.2804123411722, 0.3625321280266],
                [-0.4378938712837, -0.09319428691461],
            ],
            [
                [0.5030301836663, 0.1824903551337],
                [-0.3873870386185, 0.4426508004535],
                [0.2585857838072, -0.688250490048],
            ],
        ),
        MPMATH,
        VECTORS,
        PAIRS,
        function="hvp",
    ),
    Figure("triplet-loss", 0.6474609375, BY_HAND, EMBEDDING, TRIPLETS),
    Figure(
        "triplet-loss",
        [[0.3125, -0.28125], [-0.4609375, 0.34375]],
        BY_HAND,
        EMBEDDING,
        TRIPLETS,
        function="gradient",
    ),
    Figure(
        "triplet-loss",
        [[0.3125, -0.28125], [-0.4609375, 0.34375]],
        BY_HAND + "; along A itself the quadratic pieces change as their gradient is",
        EMBEDDING,
        TRIPLETS,
        function="hvp",
    ),
    Figure(
        "info-nce",
        math.log(1 + 4 / math.e),
        "closed form log(1 + (2N − 2) exp(−1/τ)) of N = 3 orthogonal pairs, τ = 1",
        info_nce.Params(np.eye(3), np.asarray(0.0)),
        ORTHOGONAL,
    ),
    Figure("info-nce", 0.3072860673749, MPMATH, ENCODER, VIEWS),
    Figure(
        "info-nce",
        info_nce.Params(
            [[-0.2294614979486, 0.529585356834], [0.4098072963642, 0.08949419149689]],
            0.3955031691708,
        ),
        MPMATH,
        ENCODER,
        VIEWS,
        function="gradient",
    ),
    Figure(
        "info-nce",
        info_nce.Params(
            [[0.2398132077026, -0.504111745464], [-0.3824561894656, -0.1111618431161]],
            -0.07788410369141,
        ),
        MPMATH,
        ENCODER,
        VIEWS,
        function="hvp",
    ),
)
