"""Networks: figures from their definitions by mpmath, by scikit-learn, and in closed form.

The points are rounded sines, so that both sides can have the same ones in a line. By mpmath, each
objective was written out in loops over its indices, without arrays and without any derivative;
the gradients are central differences of step 1e-20, the products those of the gradients, of step
1e-15, with 60 digits.
"""

import math

import numpy as np

from gradcompare.objectives import attention, batch_norm_network, convolution, lstm, tanh_network
from published import Figure

LOOPS = "mpmath 1.3.0, 60 digits: the definition in loops, and differences"


def sines(step: float, *shape: int) -> np.ndarray:
    """Returns sin(step), sin(2 step), …, rounded to two decimals."""
    return np.round(np.sin(step * np.arange(1, math.prod(shape) + 1)), 2).reshape(shape)


def indicators(*labels: int) -> np.ndarray:
    """Returns a row of three classes for each label."""
    return np.eye(3)[list(labels)]


def by_loops(objective, params, data, value, *, gradient, hvp) -> tuple[Figure, ...]:
    """Returns the figures by mpmath; those of each derivative in one row, in the leaves' order."""
    rows = {"gradient": np.fromstring(gradient, sep=" "), "hvp": np.fromstring(hvp, sep=" ")}
    return (
        Figure(objective, value, LOOPS, params, data),
        *(Figure(objective, row, LOOPS, params, data, function=k) for k, row in rows.items()),
    )


TANH = {
    "W1": sines(1.1, 2, 2),
    "W2": sines(1.9, 2, 2),
    "b1": sines(2.3, 2),
    "b2": sines(0.9, 2),
}
TANH_DATA = tanh_network.Data(X=sines(1.3, 4, 2), Y=sines(0.7, 4, 2))
BATCH = batch_norm_network.Params(
    W1=sines(1.1, 2, 2),
    gain=sines(0.4, 2),
    shift=sines(2.3, 2),
    W2=sines(1.9, 2, 3),
    b2=sines(0.9, 3),
)
BATCH_DATA = batch_norm_network.Data(X=sines(1.3, 5, 2), Y=indicators(0, 2, 1, 2, 0))

BLOCK = attention.Params(
    E=sines(1.1, 2, 3), gain=sines(0.4, 3), shift=sines(2.3, 3), W=sines(1.9, 3, 3, 3)
)
BLOCK_DATA = attention.Data(X=sines(1.3, 4, 2), Y=sines(0.7, 4, 3))

IMAGES = convolution.Params(
    F=sines(1.1, 3, 3, 2), b=sines(0.4, 2), W=sines(2.3, 2, 3), b2=sines(1.9, 3)
)
IMAGES_DATA = convolution.Data(X=sines(1.3, 3, 4, 4), Y=indicators(0, 2, 1))

CELLS = lstm.Params(
    weight=sines(1.1, 2, 4, 2),
    bias=sines(0.4, 2, 4, 2),
    in_weight=sines(2.3, 2),
    out_weight=sines(1.9, 2),
    out_bias=sines(0.9, 2),
)
CELLS_DATA = lstm.Data(
    sequence=np.array([[1.0, 0], [1, 1], [0, 1], [1, 0], [0, 0], [1, 1]]),
    hidden=sines(0.5, 2, 2),
    cell=sines(0.8, 2, 2),
)

TANH_FIGURES = by_loops(
    "tanh-network",
    TANH,
    TANH_DATA,
    4.12373568835201,
    gradient="""
    0.1879993101437 -0.529151253757 0.1599445872022 -0.1290891289979 2.456244455689
    0.1020492115222 -1.562652883434 0.1762309889336 1.225858563684 -0.8833578739463
    3.31682547058 0.1978273968162
    """,
    hvp="""
    -0.6752182437259 -0.5603457363827 -0.2519139998923 0.3745619462571 4.167958705979
    -0.355455626707 -2.988973953068 1.007082882367 1.876443832965 -1.687762937034
    4.323417930544 -0.8012874870981
    """,
)

BATCH_FIGURES = by_loops(
    "batch-norm",
    BATCH,
    BATCH_DATA,
    1.37426090848327,
    gradient="""
    -0.0267937422886 -0.1778659230763 -0.1490612262058 -0.1516598024809 0.2670720332308
    0.4322241771513 -0.09162326329509 0.2635822638739 0.02719295414843 0.03646052123004
    -0.06365347537848 0.1464791490405 -0.01486644412212 -0.1316127049184 -0.03651884900926
    0.1055088155028 -0.06898996649357
    """,
    hvp="""
    -0.01607810382262 -0.05353873259575 -0.08942409388942 -0.04564414814211 0.4026062528001
    0.5105968255473 -0.1534384449026 0.4558611193015 0.1002602591548 -0.05443188227041
    -0.0458283768844 0.06419245141872 0.002624140481456 -0.06681659190017 0.07234786529361
    -0.09993889293941 0.0275910276458
    """,
)

BLOCK_FIGURES = by_loops(
    "attention",
    BLOCK,
    BLOCK_DATA,
    1.17346529237731,
    gradient="""
    0.1737784107125 -0.4147261187056 -0.9080134332627 0.03819653832041 -0.1618037536748
    -0.04230717554813 0.05530219242674 -0.06956948192399 0.5414569791229 0.8936557473322
    0.2235624977885 -0.5181602145315 0.5133291241 -0.1753887119965 -0.3975081039807
    -0.4167184341753 0.1420630123894 0.322900709435 -0.09726596229257 0.03354037186654
    0.07512079040837 0.006680580282435 -0.1179286468046 0.07061795970977 0.005508763552452
    -0.1043373371817 0.06289964562338 -0.0230461007749 0.4159835259835 -0.2496420487509
    -0.3046765314038 0.8555690954804 -0.6518734497528 0.2800847547287 -0.7375873147207
    0.5838242923203 -0.00640492260372 -0.0730245461702 0.017422782816
    """,
    hvp="""
    -0.3981497031818 1.307605213326 -0.1375107595967 -1.16143875078 0.8069068038231
    -0.2167680111745 0.6596057428652 0.7496421584196 -0.1407417356523 6.308022623247
    4.613238075281 1.387109900948 3.352475505376 -1.14716400264 -2.594946928251
    -2.484810823891 0.8493107917533 1.923957558153 -1.019248130432 0.3491669991046
    0.7886809526571 0.0337248599963 -0.8449945542126 0.5184111395761 0.02695398778383
    -0.7466531746876 0.4609510875512 -0.1152363875453 2.979414031197 -1.831606333743
    -0.7355622162556 2.846711104795 -0.9789042938927 0.5781049280092 -2.434774088815
    0.8651148287191 0.1747123492092 -0.2842573758456 0.06501875205288
    """,
)

IMAGES_FIGURES = by_loops(
    "convolution",
    IMAGES,
    IMAGES_DATA,
    2.00859487503824,
    gradient="""
    -0.1556927838132 -0.1386770054521 -0.06816327393608 0.1531681812117 0.1191905906205
    0.2213600163679 -0.0481171978971 -0.2390890816224 -0.1579900061258 -0.09322516600298
    -0.03553430060674 0.1898786200816 0.1105410461734 -0.08435342003108 -0.07985604691057
    -0.2399325242041 -0.1532098066476 -0.04316454886678 0.2230355151751 0.2308721687064
    0.5283796988133 -0.1910777375933 -0.33730196122 0.4868089057189 -0.4158798845601
    -0.07092902115883 0.3710203483163 -0.3262767190136 -0.04474362930266
    """,
    hvp="""
    -0.1385640115931 -0.1892872037804 -0.156117697712 0.2013037012653 0.05457378029472
    0.297905552431 0.04505037119657 -0.3192926549748 -0.1617908719741 -0.1289319132563
    -0.130506009447 0.2510491948966 0.1802928149053 -0.1085668024352 0.004552911955773
    -0.3213933210885 -0.1780540817427 -0.06231702858946 0.218204869971 0.2600976971887
    0.5843824516312 -0.06223108418743 -0.5221513674438 0.4424473460181 -0.2657753526567
    -0.1766719933614 0.1572525506723 -0.03764271609702 -0.1196098345753
    """,
)

CELLS_FIGURES = by_loops(
    "lstm",
    CELLS,
    CELLS_DATA,
    0.627630800240713,
    gradient="""
    4.771351595306e-5 -4.25292252945e-5 5.866788890098e-5 1.240311848225e-5
    -3.190987342424e-5 -6.080177113136e-5 0.0001562698636211 8.893452838794e-5
    -0.0003540094542775 -0.0002027271717176 0.001382154319823 -0.0009546801663629
    0.0008261384505089 -0.0003339904874825 -0.0006214624060253 0.001155201296395
    0.0002044274768331 6.261166145015e-5 0.0001175461194546 1.871429287796e-5
    0.0003028993013324 5.41791198335e-5 0.0003148674137167 0.0001426326563894
    -0.001028768711342 -0.0006012624923398 0.003660800192297 -0.0006011364576174
    0.001114832681173 -0.0007619858960887 -0.01253565293234 0.003861739016209
    8.682805243924e-5 5.383557731239e-5 0.002435349881616 0.002364567225202 -0.1109502716907
    -0.06467368901209
    """,
    hvp="""
    3.190642019359e-6 -0.000118449116688 2.110089348144e-5 3.090051955424e-5
    -0.0002907777492987 -0.0001686599229014 -0.000192497237395 0.0001324752699131
    0.0003955688880058 -8.629860450252e-5 0.0001155257937772 1.346969251622e-5
    0.001797778167423 2.075860605022e-5 0.002389987359513 -0.002662984337389
    4.746126446445e-5 9.479263364531e-5 -1.418472570533e-7 4.579422735793e-5
    0.0004001872540102 0.0001099749722584 -0.0004923752495048 0.0001926891307875
    0.0004093323270079 -0.0001708455648953 0.002980272536189 0.0002179236680273
    0.001274700969604 0.0002466964884695 0.002841899108582 -0.007171897633859
    0.0002790558311991 0.0001497256167846 0.0008894020359314 -0.003085757865438
    0.02474692816398 0.08493141363414
    """,
)

SKLEARN = (
    "scikit-learn 1.9.1: MLPRegressor(hidden_layer_sizes=(2,), activation='tanh', alpha=0) with "
    "these weights; twice _backprop, which has the factor ½"
)

FIGURES = (
    *TANH_FIGURES,
    *BATCH_FIGURES,
    *BLOCK_FIGURES,
    *IMAGES_FIGURES,
    *CELLS_FIGURES,
    Figure("tanh-network", 4.123735688352006, SKLEARN, TANH, TANH_DATA),
    Figure(
        "tanh-network",
        {
            "W1": [[0.18799931014372, -0.52915125375703], [0.15994458720221, -0.12908912899786]],
            "W2": [[2.45624445568855, 0.10204921152224], [-1.56265288343366, 0.17623098893362]],
            "b1": [1.22585856368368, -0.88335787394635],
            "b2": [3.31682547057985, 0.19782739681619],
        },
        SKLEARN,
        TANH,
        TANH_DATA,
        function="gradient",
    ),
    Figure(
        "batch-norm",
        math.log(6) - math.log(18) / 5,
        "closed form: no output weights, so the probabilities are 1/6, 2/6 and 3/6",
        BATCH._replace(W2=0 * BATCH.W2, b2=np.log([1, 2, 3])),
        BATCH_DATA,
    ),
    Figure(
        "convolution",
        math.log(6) * 2 / 3,
        "closed form: no output weights, so the probabilities are 1/6, 2/6 and 3/6",
        IMAGES._replace(W=0 * IMAGES.W, b2=np.log([1, 2, 3])),
        IMAGES_DATA,
    ),
    Figure(
        "attention",
        3.0,
        "closed form: no values, so only the residual connection is left; (1/t) ‖11ᵀ‖² = n",
        BLOCK._replace(E=np.eye(3), W=BLOCK.W * np.array([1, 1, 0])[:, None, None]),
        attention.Data(X=sines(0.7, 4, 3) + 1, Y=sines(0.7, 4, 3)),
    ),
    Figure(
        "lstm",
        0.6 * math.log(4),
        "closed form: no output weights, two bits: log(2 + 2) for each 1 of the 6 of 10 bits",
        CELLS._replace(out_weight=np.zeros(2), out_bias=np.zeros(2)),
        CELLS_DATA,
    ),
)
