"""Figures for geometry and for physics that is solved or stepped through.

What was computed with mpmath is in 40 digits, without our formulas: a rotation is there the power
series of the exponential, `mpmath.expm`, a state is the solution of the tridiagonal system with
`mpmath.lu_solve`, and derivatives are numerical ones, `mpmath.diff`.
"""

import numpy as np

from gradcompare.objectives import bundle_adjustment, diffusion, euler_rollout
from gradcompare.objectives.procrustes import Data

from . import Figure

MPMATH = "mpmath 1.3.0 in 40 digits: "

# Two cameras, turned by less and by more than 1, two points and three observations.

SCENE = bundle_adjustment.Params(
    rotation=np.array([[0.3, -0.2, 0.5], [-1.1, 0.8, 0.4]]),
    translation=np.array([[0.1, -0.3, -4.0], [-0.2, 0.4, -5.0]]),
    lens=np.array([[1.2, -0.4, 0.2], [0.9, 0.3, -0.1]]),
    points=np.array([[0.7, -1.1, 0.4], [-0.6, 0.9, 1.3]]),
)
SEEN = bundle_adjustment.Data(
    camera=np.array([0.0, 0.0, 1.0]),
    point=np.array([0.0, 1.0, 1.0]),
    image=np.array([[0.3, -0.5], [-0.1, 0.2], [-0.3, 0.4]]),
)
SCENE_GRADIENT = bundle_adjustment.Params(
    rotation=[
        [0.149329669592485, -0.078355619072616, 0.21386082805669],
        [0.0130050780510484, 0.0257024805412687, -0.0377465558827443],
    ],
    translation=[
        [-0.09595625778437, -0.0670757437727011, 0.0461265579006781],
        [0.0323287274140308, -0.00226475989177809, -0.00561019475816648],
    ],
    lens=[
        [0.109015363421942, 0.018598204642129, 0.00243622106116805],
        [-0.0275154428531226, -0.00453738913331658, -0.000876441653179173],
    ],
    points=[
        [0.0401230687065205, 0.0324293516949832, -0.0279548661525719],
        [-0.114300145540828, -0.0483515995755339, 0.113080190324964],
    ],
)
SCENE_HVP = bundle_adjustment.Params(
    rotation=[
        [0.244650412141207, -0.101518817156081, 0.351896473317314],
        [0.0427522330778009, -0.0246302266763119, 0.0137005361371081],
    ],
    translation=[
        [0.00158073263150609, -0.187099660007457, 0.164024614160358],
        [-0.0494056870355412, 0.0624564470517084, 0.0312334025467292],
    ],
    lens=[
        [0.509365811474433, 0.146507494847099, 0.0260493795410019],
        [0.146853166433418, 0.021751047719281, 0.00457441768909869],
    ],
    points=[
        [0.110040948645625, -0.106250283485084, 0.0357946120953365],
        [-0.207859309045361, 0.0790797699425857, 0.243849679063607],
    ],
)

# The best rotation of four points, and a point in the plane, turned by 2 arctan(1/2).

FOUR_POINTS = Data(
    A=np.array([[1, 2, -1, 0.5], [0, 1, 3, -2], [2, -1, 0.5, 1]]),
    B=np.array([[0.6, 0.3, -2.9, 2], [1.2, 2, 0.6, -0.4], [1.8, -1.1, 1.2, 1.1]]),
)
BEST = np.array([0.5752243232251005, -0.09025870648570175, -0.0154276871018205])
IN_PLANE = Data(A=np.array([[1.0], [0.0]]), B=np.array([[2.0], [3.0]]))
HALF = np.array([0.5])
ANGLE = "½‖b‖² + ½ − b·(cos θ, sin θ), θ = 2 arctan s, b = (2, 3), s = ½, where cos θ = 0.6"

# Four cells that are alike, where the differences are exact, and five that are not.

PARABOLA = diffusion.Data(q=np.ones(3), w=np.ones(3), z=np.zeros(3), lam=0.0)
FIVE_CELLS = diffusion.Data(
    q=np.array([3.0, -1.0, 4.0, 1.0]),
    w=np.array([1.0, 0.0, 1.0, 1.0]),
    z=np.array([0.1, 0.0, 0.25, 0.2]),
    lam=0.05,
)
LOG_COEFFICIENTS = np.array([0.3, -0.5, 0.8, 0.1, -0.2])

# One state with one unit that ignores it, which moves by τ w tanh b = ½ in each of three steps.

STRAIGHT = euler_rollout.Params(
    V=np.array([[0.0]]), b=np.array([0.5493061443340549]), W=np.array([[2.0]])
)
ORIGIN = euler_rollout.Data(start=np.ones((1, 1)), Y=np.zeros((3, 1, 1)), tau=0.5)
SUM = "states 1, 1.5, 2, 2.5 for V = 0, tanh b = ½, W = 2, τ = ½; closed form: "

CURVED = euler_rollout.Params(
    V=np.array([[0.5, -0.7, 0.2], [0.3, 0.4, -0.9]]),
    b=np.array([0.1, -0.2, 0.3]),
    W=np.array([[0.6, -0.4], [0.2, 0.8], [-0.5, 0.7]]),
)
THREE_STEPS = euler_rollout.Data(
    start=np.array([[1, -0.5], [0.3, 0.8]]),
    Y=np.array([[[1.2, -0.3], [0.1, 0.9]], [[1.1, 0.2], [0.4, 0.7]], [[0.9, 0.1], [0.6, 0.5]]]),
    tau=0.25,
)
CURVED_GRADIENT = euler_rollout.Params(
    V=[
        [0.0321650011932324, -0.0438062161140514, -0.0380207087037247],
        [-0.0061061502111589, 0.0117006479522201, 0.00273537024836972],
    ],
    b=[0.0430671439196252, -0.0555964863396203, -0.0532582517821174],
    W=[
        [-0.00533314347970738, -0.0606759992738544],
        [0.0220914130467561, 0.107048635481604],
        [-0.0267352631034065, -0.0922090527360485],
    ],
)
CURVED_HVP = euler_rollout.Params(
    V=[
        [0.0383382301464449, -0.0105638229645436, -0.0259403175374271],
        [0.0378481084477598, -0.0468754695713587, -0.0806283849015965],
    ],
    b=[0.0847707040437443, -0.0512038758183245, -0.092798940645922],
    W=[
        [0.0159433126628344, -0.102421308754866],
        [0.0289642569797841, 0.105043368729382],
        [-0.0668217781601676, -0.0644566665325895],
    ],
)

FIGURES = (
    Figure(
        "bundle-adjustment",
        0.12913792409663818,
        "SciPy 1.17.1: scipy.spatial.transform.Rotation.from_rotvec(ω).apply(X)",
        SCENE,
        SEEN,
    ),
    Figure("bundle-adjustment", SCENE_GRADIENT, MPMATH + "diff", SCENE, SEEN, 12, "gradient"),
    Figure("bundle-adjustment", SCENE_HVP, MPMATH + "diff", SCENE, SEEN, 12, "hvp"),
    Figure(
        "procrustes",
        0.2205846036040582,
        "SciPy 1.17.1: scipy.linalg.orthogonal_procrustes(Aᵀ, Bᵀ), S = (R − I)(R + I)⁻¹",
        BEST,
        FOUR_POINTS,
    ),
    Figure("procrustes", 3.4, ANGLE, HALF, IN_PLANE),
    Figure("procrustes", [-0.32], ANGLE, HALF, IN_PLANE, 12, "gradient"),
    Figure("procrustes", [4.736], ANGLE, HALF, IN_PLANE, 12, "hvp"),
    Figure("diffusion", 17 / 1024, "u = x (1 − x)/2 for a = q = 1, N = 4", np.zeros(4), PARABOLA),
    Figure("diffusion", 0.0277883916900444, MPMATH + "lu_solve", LOG_COEFFICIENTS, FIVE_CELLS),
    Figure(
        "diffusion",
        [
            0.0162423259852034,
            -0.0231139568825037,
            0.0410318482861835,
            0.00511645893390137,
            -0.00196692272269666,
        ],
        MPMATH + "diff of lu_solve",
        LOG_COEFFICIENTS,
        FIVE_CELLS,
        function="gradient",
    ),
    Figure(
        "diffusion",
        [
            0.0170999034831142,
            -0.0240236869626762,
            0.0390521081155982,
            0.00556271219974872,
            -0.0103029654034369,
        ],
        MPMATH + "diff of lu_solve",
        LOG_COEFFICIENTS,
        FIVE_CELLS,
        function="hvp",
    ),
    Figure("euler-rollout", 3.125, SUM + "½τ (1.5² + 2² + 2.5²)", STRAIGHT, ORIGIN),
    Figure(
        "euler-rollout",
        euler_rollout.Params(V=[[6.65625]], b=[4.875], W=[[1.625]]),
        SUM + "τ Σ Xₖ ∂Xₖ, ∂Xₖ = ¾ Σ_{j<k} Xⱼ, ¾ k and ¼ k",
        STRAIGHT,
        ORIGIN,
        function="gradient",
    ),
    Figure("euler-rollout", 0.108113746282958, MPMATH + "steps", CURVED, THREE_STEPS),
    Figure("euler-rollout", CURVED_GRADIENT, MPMATH + "diff", CURVED, THREE_STEPS, 12, "gradient"),
    Figure("euler-rollout", CURVED_HVP, MPMATH + "diff", CURVED, THREE_STEPS, 12, "hvp"),
)
