"""Hidden Markov model, state space model and conditional random field.

What has mpmath as its source is computed from the definition, in 40 digits: sums over all paths
of states or labels; the normal density of a whole series with its n × n covariance matrix; and
derivatives of those by `mpmath.diff`.
"""

import numpy as np

from gradcompare.objectives import hidden_markov, kalman, linear_chain_crf

from . import Figure

PATHS = "mpmath 1.3.0: sum over all paths"
JOINT = "mpmath 1.3.0: joint normal density of the series"


def indicators(*sequences):
    """The indicators of sequences of equal length, by time first."""
    sequences = np.array(sequences).T
    return np.eye(np.max(sequences) + 1)[sequences]


UMBRELLA = hidden_markov.Params(
    np.log([0.5, 0.5]),
    np.log([[0.7, 0.3], [0.3, 0.7]]),
    np.log([[0.9, 0.1], [0.2, 0.8]]),
)
"""Rain or not, umbrella or not. The probabilities are 0.5; 0.7, 0.3; 0.9, 0.2."""

TWO_DAYS = hidden_markov.Data(np.eye(2)[np.zeros((2, 1), int)])
FIVE_DAYS = hidden_markov.Data(indicators([0, 0, 1, 0, 0]))

THREE_STATES = hidden_markov.Params(
    np.array([0.3, -0.2, 0.5]),
    np.array([[0.1, -0.4, 0.7], [-0.6, 0.2, 0.9], [0.4, -0.3, 0.8]]),
    np.array([[-0.5, 0.6, -0.1], [0.25, -0.7, 1.1], [0.35, -0.9, 0.15]]),
)
TWO_SEQUENCES = hidden_markov.Data(indicators([0, 2, 1, 1], [1, 0, 0, 2]))

LABELLED = linear_chain_crf.Data(
    np.array([[[0.5, -1], [-0.5, 0.75]], [[1.5, 0.25], [1.25, -1.5]], [[-0.75, 2], [0.25, 1]]]),
    indicators([0, 2, 1], [1, 1, 0]),
    lam=0.25,
)
WEIGHTS = linear_chain_crf.Params(
    np.array([[0.3, -0.2, 0.5], [0.1, -0.4, 0.7]]),
    np.array([[-0.6, 0.2, 0.9], [0.4, -0.3, 0.8], [-0.5, 0.6, -0.1]]),
)

# fmt: off
NILE = np.array([
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180,
    799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833,
    701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845,
    864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676,
    649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797, 923,
    975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
], float)
# fmt: on
"""The annual flow of the Nile at Aswan from 1871 to 1970; Durbin & Koopman (2012), section 2.2."""

LEVEL = kalman.Params(np.eye(1), np.ones(1), np.log(15099), np.log([1469.1]))
AFTER_FIRST = kalman.Data(NILE[1:], NILE[:1], np.array([[15099 + 1469.1]]))
"""What is known of the level in 1872 if nothing but the flow in 1871 is known."""

TREND = kalman.Params(
    np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([1.0, 0.0]), np.log(15000), np.log([1500, 40])
)
TWELVE_YEARS = kalman.Data(NILE[:12], np.array([1000.0, 5.0]), np.diag([20000.0, 100.0]))

SYSTEM = kalman.Params(
    np.array([[0.7, 0.3], [-0.2, 0.5]]),
    np.array([1.0, 0.4]),
    np.array(-0.5),
    np.array([0.2, -0.8]),
)
FOUR_TIMES = kalman.Data(
    np.array([1.25, -0.5, 0.75, 2.0]), np.array([0.5, -0.25]), np.array([[1.5, 0.5], [0.5, 1.0]])
)

FIGURES = (
    Figure(
        "hidden-markov",
        -np.log(0.3515),
        "closed form: P(umbrella on both days) = 0.345 × 0.9 + 0.205 × 0.2 = 0.3515, in the world "
        "of Russell & Norvig, Artificial Intelligence (3rd ed. 2010), section 15.2",
        UMBRELLA,
        TWO_DAYS,
    ),
    Figure("hidden-markov", 3.37250204433217, PATHS, UMBRELLA, FIVE_DAYS),
    Figure(
        "hidden-markov",
        hidden_markov.Params(
            [-0.367338889575485, 0.367338889575485],
            [
                [-0.109223787678533, 0.109223787678533],
                [-0.380172556019139, 0.380172556019139],
            ],
            [
                [-0.0608163702338761, 0.0608163702338761],
                [-0.361084006082667, 0.361084006082667],
            ],
        ),
        f"{PATHS}; 0.5 + 0.3673 is the smoothed probability of rain on the first of the five days",
        UMBRELLA,
        FIVE_DAYS,
        function="gradient",
    ),
    Figure("hidden-markov", 4.58297758447167, PATHS, THREE_STATES, TWO_SEQUENCES),
    Figure(
        "hidden-markov",
        hidden_markov.Params(
            [-0.0969609266559904, 0.0768463383209372, 0.0201145883350533],
            [
                [-0.0661127559463509, 0.0461739074069861, 0.0199388485393647],
                [-0.0224665122700011, 0.0179587352181063, 0.00450777705189477],
                [-0.0219199120701328, 0.0159030611540066, 0.00601685091612627],
            ],
            [
                [0.00951666069297072, -0.192770278738407, 0.183253618045437],
                [-0.0826349936243265, -0.0496275114828646, 0.132262505107191],
                [-0.0747592563085194, -0.145367133554561, 0.220126389863081],
            ],
        ),
        PATHS,
        THREE_STATES,
        TWO_SEQUENCES,
        function="gradient",
    ),
    Figure(
        "hidden-markov",
        hidden_markov.Params(
            [-0.086588495309399, 0.0525581062479625, 0.0340303890614366],
            [
                [-0.112415907823017, 0.0454613091322656, 0.0669545986907516],
                [-0.00152896571025805, 0.00194446925797724, -0.000415503547719191],
                [-0.0223801402007238, 0.0141567638657969, 0.00822337633492698],
            ],
            [
                [0.0430355429799888, -0.0368324880193848, -0.00620305496060406],
                [0.0160655704621033, 0.0723095508491829, -0.0883751213112862],
                [0.000206461276095554, 0.00222983632368025, -0.0024362975997758],
            ],
        ),
        PATHS,
        THREE_STATES,
        TWO_SEQUENCES,
        digits=11,
        function="hvp",
    ),
    Figure("linear-chain-crf", 3.92456216803857, PATHS, WEIGHTS, LABELLED),
    Figure(
        "linear-chain-crf",
        linear_chain_crf.Params(
            [
                [0.107688137320651, 0.422869090194, -0.380557227514651],
                [0.0091362517167607, -1.0548720033995, 1.14573575168274],
            ],
            [
                [-0.0668432948790368, 0.181656628464353, 0.12147037258281],
                [-0.143691018220543, -0.491397954388138, 0.606128599502893],
                [-0.00557448903807415, -0.0791335994445454, 0.227384755420281],
            ],
        ),
        PATHS,
        WEIGHTS,
        LABELLED,
        function="gradient",
    ),
    Figure(
        "linear-chain-crf",
        linear_chain_crf.Params(
            [
                [0.142040140106502, 0.0782286356127901, -0.0702687757192926],
                [-0.177136762682044, -0.623821765586617, 0.900958528268662],
            ],
            [
                [-0.237254594627812, -0.0181274607747613, 0.318854824303428],
                [0.134386847979679, -0.160099490125859, 0.344427261845871],
                [-0.21918426031889, 0.203317282905386, -0.0163204111870423],
            ],
        ),
        PATHS,
        WEIGHTS,
        LABELLED,
        function="hvp",
    ),
    Figure(
        "kalman-filter",
        (633.4646 - np.log(2 * np.pi) / 2) / 99,
        "100 times the final value 6.334646 in the introduction to the R package statespacer, "
        "which counts ½ log 2π for the first year as well",
        LEVEL,
        AFTER_FIRST,
        digits=7,
    ),
    Figure(
        "kalman-filter",
        6.389349748643171,
        "statsmodels 0.15.0: UnobservedComponents(y, 'llevel'), initialize_known(a1, P1), "
        "loglikelihood_burn=0: -loglike([15099, 1469.1]) / 99",
        LEVEL,
        AFTER_FIRST,
    ),
    Figure(
        "kalman-filter",
        6.626096363719032,
        "statsmodels 0.15.0: UnobservedComponents(y, 'lltrend'), initialize_known(a1, P1), "
        "loglikelihood_burn=0: -loglike([15000, 1500, 40]) / 12",
        TREND,
        TWELVE_YEARS,
    ),
    Figure("kalman-filter", 1.66527574172121, JOINT, SYSTEM, FOUR_TIMES),
    Figure(
        "kalman-filter",
        kalman.Params(
            [[0.0416813647957573, 0.085507226385108], [-0.0451123732855438, 0.0518790866558117]],
            [0.191938700212771, 0.0855073913933799],
            0.0395827537948219,
            [0.0331015972078691, 0.00202045018958429],
        ),
        JOINT,
        SYSTEM,
        FOUR_TIMES,
        function="gradient",
    ),
    Figure(
        "kalman-filter",
        kalman.Params(
            [[0.165932408189495, 0.136145942257165], [0.0420086508252308, 0.103383623019783]],
            [0.524022848087596, -0.0184120476938198],
            0.0630978056317971,
            [0.233951148907126, 0.0236708864481976],
        ),
        JOINT,
        SYSTEM,
        FOUR_TIMES,
        function="hvp",
    ),
)
