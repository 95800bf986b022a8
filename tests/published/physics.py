"""Figures of particles, spins, springs, gluons and the Higgs field.

What comes from loops is the Lagrangian as it is printed, summed in plain Python over all sites,
directions and colours with each of its indices, without a field strength or a bracket.
"""

import numpy as np

from gradcompare.objectives import coulomb, gluon, higgs, lennard_jones, spring_network, xy_model

from . import Figure

# Particles

SIGNS = [(a, b) for a in (-1, 1) for b in (-1, 1)]
GOLDEN = (1 + np.sqrt(5)) / 2
PAIR = np.array([[0.0, 0, 0], [1, 0, 0]])
TRIANGLE = np.array([[0, 0, 0], [1, 0, 0], [0.5, np.sqrt(3) / 2, 0]])
TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(8)
OCTAHEDRON = np.concatenate([np.eye(3), -np.eye(3)])
ICOSAHEDRON = np.concatenate(
    [np.roll([(0, a, b * GOLDEN) for a, b in SIGNS], k, axis=1) for k in range(3)]
) / np.sqrt(1 + GOLDEN**2)
FILLED = np.concatenate([np.zeros((1, 3)), ICOSAHEDRON])
REST = 2 ** (1 / 6)


def cluster(X, number, source, function="value", digits=12):
    data = lennard_jones.Data(epsilon=1.0, sigma=1.0)
    return Figure("lennard-jones", number, source, X, data, digits, function)


def charged(X, number, source):
    data = coulomb.Data(np.ones(len(X)), epsilon=0.0)
    return Figure("coulomb", number, source, X, data, digits=10)


TABLE = "Wales & Doye, J. Phys. Chem. A 101 (1997), Table 1, N = 13: an icosahedron, filled"
THOMSON = "the problem of Thomson: least energy of {} charges on a unit sphere, at the {}"
SOFT = coulomb.Data(np.array([2.0, -5.0]), epsilon=4.0)

PARTICLES = (
    cluster(REST * PAIR, -1, "−ε at the distance 2^{1/6} σ"),
    cluster(REST * TRIANGLE, -3, "three pairs at the distance 2^{1/6} σ"),
    cluster(REST * TETRAHEDRON, -6, "six pairs at the distance 2^{1/6} σ"),
    # The radius is (2A/B)^{1/6}, for the energy 4A R⁻¹² − 4B R⁻⁶ of this shape.
    cluster(1.08183828855137 * FILLED, -44.326801, TABLE, digits=8),
    cluster(PAIR, [[24, 0, 0], [-24, 0, 0]], "φ′(σ) = −24 ε/σ", "gradient"),
    cluster(PAIR, [[-456, 0, 0], [456, 0, 0]], "φ″(σ) = 4 (156 − 42) ε/σ²", "hvp"),
    charged(np.sqrt(8 / 3) * TETRAHEDRON, 3.674234614, THOMSON.format(4, "tetrahedron")),
    charged(OCTAHEDRON, 9.985281374, THOMSON.format(6, "octahedron")),
    charged(ICOSAHEDRON, 49.165253058, THOMSON.format(12, "icosahedron")),
    Figure("coulomb", -2, "q₁q₂/√(3² + 4²)", 3 * PAIR, SOFT),
    Figure(
        "coulomb",
        [[-0.24, 0, 0], [0.24, 0, 0]],
        "−q₁q₂ r/√(r² + ε²)³ = 10 · 3/125",
        3 * PAIR,
        SOFT,
        function="gradient",
    ),
    Figure(
        "coulomb",
        [[0.0192, 0, 0], [-0.0192, 0, 0]],
        "q₁q₂ (2r² − ε²)/√(r² + ε²)⁵ = −10 · 2/3125, times r = 3",
        3 * PAIR,
        SOFT,
        function="hvp",
    ),
)

# Spins and springs

SPIRAL = 2 * np.pi / 8 * np.arange(8)[:, None] * np.ones((8, 8))
CHECKERS = np.indices((4, 4)).sum(axis=0) % 2
SIDE = np.indices((2, 2)).transpose(1, 2, 0)
SQUARE = 2 * np.concatenate([SIDE, 0 * SIDE[..., :1]], axis=2)
ONES = spring_network.Springs(np.ones((1, 2)), np.ones((2, 1)), np.ones((1, 1)))
NET = spring_network.Data(ONES, ONES._replace(diagonal=np.full((1, 1), np.sqrt(2))))
PULLS = np.array([[[-2.0, -2, 0], [-1, 1, 0]], [[1, -1, 0], [2, 2, 0]]])


def spins(theta, number, source, function="value"):
    data = xy_model.Data(np.ones((2, *theta.shape)))
    return Figure("xy-model", number, source, theta, data, function=function)


def net(number, source, function="value"):
    return Figure("spring-network", number, source, SQUARE, NET, function=function)


SPINS_AND_SPRINGS = (
    spins(SPIRAL, -64 * (1 + np.sqrt(0.5)), "one turn over 8 spins: −64 (cos 45° + cos 0)"),
    spins(np.pi / 3 * CHECKERS, -16, "32 bonds at 60°"),
    spins(
        np.pi / 6 * CHECKERS,
        np.where(CHECKERS, 2, -2),
        "four bonds of each spin at 30°: ±4 sin 30°",
        "gradient",
    ),
    spins(
        np.pi / 3 * CHECKERS,
        np.where(CHECKERS, 2 * np.pi / 3, -2 * np.pi / 3),
        "four bonds of each spin at 60°, which change by π/3: ±4 cos 60° π/3",
        "hvp",
    ),
    net(3, "a square drawn out to twice its size: ½ (4 · 1² + √2²)"),
    net(PULLS, "the same: every side pulls by 1, the diagonal by √2", "gradient"),
    net(2 * PULLS, "the same: the pulls are (size − 1) times these, and the size is 2", "hvp"),
)

# Gluons

SHAPE = (3, 4, 5, 3)
LOOPS = "loops over Σₓ −ℒ, with fᵃᵇᶜ from the traces of Gell-Mann's matrices"
STRONG = gluon.Data(gluon.structure_constants(), gs=1.2)
WAVES = 0.5 * np.sin(np.arange(32 * 180)).reshape(4, 8, *SHAPE)


def rotation(*planes):
    """Rotates the colours of each plane (a, b) by an angle."""
    R = np.eye(8)
    for a, b, angle in planes:
        cos, sin = np.cos(angle), np.sin(angle)
        R[np.ix_([a - 1, b - 1], [a - 1, b - 1])] = [[cos, -sin], [sin, cos]]
    return R


# exp(ω) with ωᵃᶜ = fᵃᵇᶜ θᵇ, first for θ³ = 0.4 and √3 θ⁸ = 1, then for θ² = −0.6.
TURN = rotation((1, 3, 0.6), (4, 6, -0.3), (5, 7, -0.3)) @ rotation(
    (1, 2, 0.4), (4, 5, 0.7), (6, 7, 0.3)
)
TURNED = np.einsum("ac,mc...->ma...", TURN, WAVES)

ISOTROPIC = np.zeros((4, 8, 3, 1, 1, 1))
ISOTROPIC[[0, 1, 2], [0, 1, 2]] = 0.5
PHASE = 2 * np.pi / 5 * np.arange(5) + 0.3
ONE_COLOUR = np.zeros((4, 8, 1, 5, 1, 1))
ONE_COLOUR[0, 2, 0, :, 0, 0] = np.cos(PHASE)
FREQUENCY = np.sin(2 * np.pi / 5) ** 2


def gluons(g, number, source, function="value"):
    return Figure("gluon-line", number, source, g, STRONG, function=function)


GLUONS = (
    gluons(WAVES, 799.849861921463, LOOPS),
    gluons(TURNED, 799.849861921463, LOOPS + ", of the same field before a rotation of colours"),
    gluons(ISOTROPIC, 3 * 1.5 * 1.2**2 / 16, "gᵃ_μ = A δᵃ_μ for a ≤ 3: 3/2 g_s² A⁴ at a site"),
    gluons(ISOTROPIC, 2 * 1.2**2 * ISOTROPIC**3, "the same: 2 g_s² A³ for a = μ ≤ 3", "gradient"),
    gluons(ISOTROPIC, 6 * 1.2**2 * ISOTROPIC**3, "the same: 2 g_s² A³ to first order", "hvp"),
    gluons(ONE_COLOUR, 1.25 * FREQUENCY, "½ sin²(p) Σₓ sin²(px + 0.3) for one colour, p = 2π/5"),
    gluons(ONE_COLOUR, FREQUENCY * ONE_COLOUR, "a free plane wave: sin²(p) g", "gradient"),
    gluons(ONE_COLOUR, FREQUENCY * ONE_COLOUR, "a free plane wave: sin²(p) g", "hvp"),
)

# The Higgs field

COUPLED = higgs.Data(g=0.65, M=0.804, m_h=1.25, c_w=0.88, alpha_h=0.6, beta_h=0.1)
QUARTIC = higgs.Data(g=2.0, M=0.0, m_h=0.0, c_w=1.0, alpha_h=0.5, beta_h=0.0)
FREE = higgs.Data(g=1.0, M=3.0, m_h=2.0, c_w=0.75, alpha_h=0.0, beta_h=0.0)
TREE = higgs.Data(g=2.0, M=1.5, m_h=2.4, c_w=0.9, alpha_h=0.64, beta_h=0.0)  # α_h = m_h²/4M²


def uniform(*numbers):
    return higgs.Fields(*(np.full((3, 1, 1, 1), number) for number in numbers))


def scaled(factor, fields):
    return higgs.Fields(*(factor * field for field in fields))


RHO_25 = uniform(1.0, 2.0, 2.0, 4.0)
WAVE = np.cos(PHASE).reshape(1, 5, 1, 1)
BROKEN = "gradients of plane waves: (sin²(2π/5) + m²) Φ, m = m_h, M/c_w, M, M"

HIGGS = (
    Figure(
        "higgs-lines",
        390.951181540497,
        "loops over Σₓ −ℒ, with complex φ^± = (φ₁ ∓ iφ₂)/√2",
        higgs.Fields(*np.sin(np.arange(4 * 180)).reshape(4, *SHAPE)),
        COUPLED,
    ),
    Figure("higgs-lines", 468.75, "⅛ g² α_h ρ² = 156.25 at each of 3 sites", RHO_25, QUARTIC),
    Figure(
        "higgs-lines",
        scaled(25, RHO_25),
        "½ g² α_h ρ Φ = 25 Φ",
        RHO_25,
        QUARTIC,
        function="gradient",
    ),
    Figure(
        "higgs-lines",
        scaled(75, RHO_25),
        "the derivative of 25 s³ Φ at s = 1",
        RHO_25,
        QUARTIC,
        function="hvp",
    ),
    Figure(
        "higgs-lines",
        -3 * 1.62,
        "the other vacuum, H = −4M/g, is as low as H = 0: −2M⁴α_h/g² at each of 3 sites",
        uniform(-3.0, 0.0, 0.0, 0.0),
        TREE,
    ),
    Figure(
        "higgs-lines",
        higgs.Fields(*((FREQUENCY + square) * WAVE for square in (4, 16, 9, 9))),
        BROKEN,
        higgs.Fields(WAVE, WAVE, WAVE, WAVE),
        FREE,
        function="gradient",
    ),
)

FIGURES = (*PARTICLES, *SPINS_AND_SPRINGS, *GLUONS, *HIGGS)
