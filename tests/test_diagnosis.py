"""Each hypothesis about a fault: what it recognises, and what only looks like it."""

import dataclasses

import numpy as np
import pytest
from evidence import SCALE, D, M, S, V, W, made, matrix, on
from sweeps import sweep

from gradcompare._foundation.user_code import Place
from gradcompare.diagnosis.diagnose import diagnose, hypotheses
from gradcompare.diagnosis.evidence.data import Leaf

EVERY = slice(0, D)


def swapped(r, x):
    return r[[1, 0, 2, 3, 4]]


def exchanged(r, x):
    r[W], r[V] = r[V].copy(), r[W].copy()
    return r


def rosenbrock(r, x):
    r[1] *= x[0]
    return r


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


POSITIVE = {
    "twice": (on(EVERY, lambda r, x: 2 * r), "factor", "every coordinate: 2 times the reference"),
    "opposite": (on(EVERY, lambda r, x: -r), "sign", "every coordinate: the opposite sign"),
    "rows": (
        on(EVERY, lambda r, x: 11 * r), "factor", "11 (the number of rows of X) times",
    ),
    "mean": (on(EVERY, lambda r, x: r / 7), "factor", "1/7 (7 is the number of columns of X)"),
    "lam": (on(EVERY, lambda r, x: 0.37 * r), "factor", "0.37 (lam) times the reference"),
    "pi": (on(EVERY, lambda r, x: 2 * np.pi * r), "factor", "2π times the reference"),
    "plain-factor": (on(EVERY, lambda r, x: 1.01 * r), "factor", "1.01 times the reference"),
    "sign-of-leaf": (
        on(M, lambda r, x: -r), "sign", "M: the opposite sign of the reference; w, v and s agree",
    ),
    "factor-of-entry": (on(3, lambda r, x: 1.01 * r), "factor", "w[3]: 1.01 times"),
    "zero-leaf": (on(V, lambda r, x: 0 * r), "zero", "v: exactly 0, but the reference is "),
    "zero-entry": (on(3, lambda r, x: 0 * r), "zero", "w[3]: exactly 0"),
    "zero-scalar": (on(S, lambda r, x: 0 * r), "zero", "s: exactly 0"),
    "zero-row": (matrix(lambda G: G * [[1], [0], [1]]), "zero", "row 1 of M: exactly 0"),
    "column": (matrix(lambda G: G * [1, 1, 3]), "factor", "column 2 of M: 3 (the length of r"),
    "diagonal": (matrix(lambda G: G + np.diag(np.diag(G))), "factor", "the diagonal of M: 2"),
    "off-diagonal": (matrix(lambda G: np.diag(np.diag(G))), "zero", "M off its diagonal: exac"),
    "triangle": (matrix(np.tril), "zero", "M above its diagonal: exactly 0"),
    "log": (
        on(EVERY, lambda r, x: x * r), "chain factor", "θ times the reference (the derivative with"
    ),
    "not-log": (on(W, lambda r, x: r / x), "chain factor", "w: the chain factor w is missing"),
    "exp": (on(W, lambda r, x: np.exp(x) * r), "chain factor", "w: exp(w) times the reference"),
    "not-exp": (on(W, lambda r, x: np.exp(-x) * r), "chain factor",
        "w: the chain factor exp(w) is missing: w is on the log scale, and your gradient is the",
    ),
    "not-exp-half": (
        on(W, lambda r, x: 2 * np.exp(-x / 2) * r), "chain factor",
        "w: the chain factor 1/2 × exp(w/2) is missing: w is on the log scale",
    ),
    "not-exp-half-alone": (
        on(W, lambda r, x: np.exp(-x / 2) * r), "chain factor",
        "w: the chain factor exp(w/2) is missing: w is on the log scale",
    ),
    "not-exp-twice": (
        on(W, lambda r, x: np.exp(-2 * x) * r), "chain factor",
        "w: the chain factor exp(2w) is missing: w is on the log scale",
    ),
    "not-exp-of-square": (
        on(W, lambda r, x: np.exp(-2 * x) / 2 * r), "chain factor",
        "w: the chain factor 2 × exp(2w) is missing",
    ),
    "logit": (
        on(W, lambda r, x: sigmoid(x) * sigmoid(-x) * r), "chain factor", "w: σ(w)(1-σ(w)) times",
    ),
    "not-logit": (
        on(W, lambda r, x: r / (sigmoid(x) * sigmoid(-x))), "chain factor",
        "w: the chain factor σ(w)(1-σ(w)) is missing: w is on the logit scale",
    ),
    "minus-log": (on(W, lambda r, x: -x * r), "chain factor", "w: -1 × w times the reference"),
    "weights": (on(V, lambda r, x: SCALE * r), "data factor", "v: scale times the reference; "),
    "not-scales": (on(V, lambda r, x: r / SCALE**2), "data factor", "v: the reference divided "),
    "by-rows": (
        matrix(lambda G: SCALE[:3, None] * G), "data factor", "rows times the reference, one entry"
    ),
    "other-leaf": (
        lambda r, x: np.concatenate([x[V] * r[W], r[5:]]), "parameter factor", "w: v times the "
    ),
    "scalar-leaf": (rosenbrock, "parameter factor", "w[1]: w[0] times the reference; all others"),
    "transposed": (matrix(np.transpose), "transpose", "M is transposed; w, v and s agree"),
    "reversed": (on(W, lambda r, x: r[::-1]), "reversed", "w is in reverse order"),
    "turned": (matrix(np.flip), "reversed", "M is in reverse order along both axes"),
    "shifted": (on(W, lambda r, x: np.roll(r, 1)), "shift", "w is shifted by one entry forw"),
    "exchanged": (exchanged, "swap", "w and v are swapped: each holds the derivative of "),
    "copied": (
        lambda r, x: np.concatenate([r[V], r[5:]]), "permutation", "w holds the derivative of v;"
    ),
    "swapped": (on(W, swapped), "swap", "w[0] and w[1] are swapped; all others agree"),
    "index": (
        lambda r, x: np.concatenate([r[[4]], r[1:]]), "permutation", "w[0] holds the derivative of"
    ),
    "symmetric": (matrix(lambda G: (G + G.T) / 2), "symmetric part", "M holds the symmetric par"),
    "both-triangles": (
        matrix(lambda G: G + G.T - np.diag(np.diag(G))), "symmetric part", "M holds G + Gᵀ minus"
    ),
    "one-triangle": (
        matrix(lambda G: np.tril(G + G.T) - np.diag(np.diag(G))), "symmetric part",
        "M: the symmetric part (G + Gᵀ)/2 of your gradient G is right, and G is not; all",
    ),
    "row-sums": (
        matrix(lambda G: G.sum(1, keepdims=True) + 0 * G), "sum", "M holds the sum of the referen"
    ),
    "running": (on(W, lambda r, x: np.cumsum(r)), "accumulated", "w holds running sums"),
    "constant": (on(W, lambda r, x: r + 0.3), "additive", "w: analytic - reference is 0.3 in ev"),
    "ridge": (
        on(W, lambda r, x: r - 0.37 / 2 * x), "additive", "w: analytic - reference is -lam/2 × w",
    ),
    "sizes": (on(W, lambda r, x: r + 0.37 * np.sign(x)), "additive", "lam × sign(w)"),
    "data-added": (on(V, lambda r, x: r + SCALE), "additive", "v: analytic - reference is scale"),
    "twice-no-ridge": (
        on(EVERY, lambda r, x: 2 * r - 0.74 * x), "factor and term",
        "every coordinate: 2 times the reference, plus -2 lam × θ (2 lam is 0.74)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", POSITIVE)
def test_recognised(case):
    fault, kind, sentence = POSITIVE[case]
    (finding,) = diagnose(made(fault))
    assert finding.kind == kind, finding
    assert sentence in finding.sentence
    assert finding.residual == 0


NEAR_MISSES = {
    "twice": (on(EVERY, lambda r, x: r * (2 + 1e-6 * x)), {"factor"}),
    "constant-at-one-point": (on(EVERY, lambda r, x: r * (2 + (x[1] > 0))), {"factor"}),
    "sign": (on(M, lambda r, x: -r - 1e-8), {"sign"}),
    "zero": (on(V, lambda r, x: 1e-9 * r**2), {"zero"}),
    "log": (on(EVERY, lambda r, x: x * r * (1 + 1e-6 * r)), {"chain factor", "factor"}),
    "exp": (on(W, lambda r, x: np.exp(1.001 * x) * r), {"chain factor"}),
    "logit": (on(W, lambda r, x: sigmoid(x) * (1 - 1.01 * sigmoid(x)) * r), {"chain factor"}),
    "weights": (on(V, lambda r, x: (SCALE + 1e-6 * x) * r), {"data factor"}),
    "other-leaf": (
        lambda r, x: np.concatenate([np.sin(x[V]) * r[W], r[5:]]), {"parameter factor"},
    ),
    "transposed": (matrix(lambda G: G.T * (1 + 1e-6 * G)), {"transpose"}),
    "reversed": (on(W, lambda r, x: r[::-1] + 1e-6 * x), {"reversed", "swap"}),
    "shifted": (on(W, lambda r, x: np.roll(r, 1) + 1e-6 * x), {"shift", "permutation"}),
    "swapped": (on(W, lambda r, x: swapped(r, x) + 1e-6 * (r > r[2])), {"swap"}),
    "symmetric": (matrix(lambda G: (G + 1.001 * G.T) / 2), {"symmetric part"}),
    "one-triangle": (matrix(lambda G: np.tril(G + 1.001 * G.T)), {"symmetric part"}),
    "sum": (matrix(lambda G: G.sum(1, keepdims=True) + 1e-6 * G), {"sum"}),
    "running": (on(W, lambda r, x: np.cumsum(r) + 1e-6 * x), {"accumulated"}),
    "constant": (on(W, lambda r, x: r + 0.3 + 1e-6 * x), {"additive"}),
    "ridge": (on(W, lambda r, x: r - 0.37 * x - 1e-6 * x**3), {"additive"}),
    "affine": (on(EVERY, lambda r, x: 2 * r - 0.74 * x + 1e-6), {"factor and term"}),
}  # fmt: skip


@pytest.mark.parametrize("case", NEAR_MISSES)
def test_near_miss_is_not_called_so(case):
    fault, kinds = NEAR_MISSES[case]
    for finding in diagnose(made(fault)):
        assert finding.kind not in kinds, finding


def test_a_right_gradient_has_no_findings():
    assert diagnose(made(lambda r, x: r)) == ()


@pytest.mark.parametrize("bar", [1e-14, 1e-9, 1e-5])
@pytest.mark.parametrize("first", sweep(range(4)))
def test_nothing_is_read_into_noise(bar, first):
    """Gradients that are wrong in no simple way: where, at most, and never how."""
    for seed in range(first, 40, 4):
        rng = np.random.default_rng([1, seed])
        part = [EVERY, W, M, 3][seed % 4]
        size = np.shape(np.zeros(D)[part])

        def fault(r, x, part=part, size=size, rng=rng):
            return on(part, lambda r, x: r * (1 + rng.standard_normal(size)))(r, x)

        for finding in diagnose(made(fault, bar=bar, seed=seed, points=1 + seed % 3)):
            assert finding.kind == "place", finding


def test_an_imprecise_factor_has_an_error_bar_and_no_name():
    (finding,) = diagnose(made(on(EVERY, lambda r, x: 2 * r), bar=1e-2))
    assert finding.sentence.startswith("every coordinate: 2")
    assert "±" in finding.sentence
    assert "scale" not in finding.correction
    (finding,) = diagnose(made(on(EVERY, lambda r, x: 2.001 * r), bar=1e-5))
    assert "2.001" in finding.sentence


@pytest.mark.parametrize(
    ("factor", "said", "undone"),
    [
        (1 - 2e-4, "0.9998 times", "divide by 0.9998"),
        (1 - 1.23456e-4, "0.999877 times", "divide by 0.999877"),
        (-1 - 2e-6, "-(1 + 2e-6) times", "multiply by -1/(1 + 2e-6)"),
        (1.000123, "(1 + 0.000123) times", "divide by (1 + 0.000123)"),
        (1.0002, "1.0002 times", "divide by 1.0002"),
    ],
)
def test_a_factor_near_one_shows_by_how_much_it_is_not_one(factor, said, undone):
    for part in (EVERY, 3):
        (finding,) = diagnose(made(on(part, lambda r, x: factor * r)))
        assert f": {said} the reference" in finding.sentence
        assert finding.correction.split(", or ")[0] == undone


def test_a_factor_near_one_has_no_more_digits_than_are_known():
    (finding,) = diagnose(made(on(EVERY, lambda r, x: (1 + 4e-4) * r), bar=2e-6))
    assert finding.sentence.startswith("every coordinate: 1.0004")
    assert "±" in finding.sentence


@pytest.mark.parametrize("off", [1.71e-9, -4e-9, 4e-6, 5e-5])
@pytest.mark.parametrize("part", [EVERY, W, M, 3])
def test_a_gradient_that_is_right_to_several_digits_has_no_factor(off, part):
    for finding in diagnose(made(on(part, lambda r, x: (1 + off) * r))):
        assert finding.kind == "place", finding


@pytest.mark.parametrize(
    ("factor", "literal", "words"),
    [
        (1 + 1e-6, 1 + 1e-6, "(1 + 1e-6) (the 1 in loss.py:3) times"),
        (3.1416 / np.pi, 3.1416, "(the 3.1416 in loss.py:3 is not π) times"),
        (np.pi / 3.1416, 3.1416, "(the 3.1416 in loss.py:3 is not π) times"),
    ],
)
def test_a_factor_near_one_that_a_number_in_the_code_explains(factor, literal, words):
    evidence = made(on(EVERY, lambda r, x: factor * r))
    literals = {literal: Place("loss.py", 3)}
    (finding,) = diagnose(dataclasses.replace(evidence, literals=literals))
    assert words in finding.sentence


def linear(analytic, reference, points=3):
    """The evidence of a linear objective: each point repeats the first one."""
    evidence = made(lambda r, x: r, points=points, noise=False)
    rows = [np.tile(each, (points, 1)) for each in (analytic, reference)]
    return dataclasses.replace(evidence, analytic=rows[0], reference=rows[1])


@pytest.mark.parametrize("seed", sweep(range(10)))
@pytest.mark.parametrize("change", ["noise", "permuted", "one entry", "own factors"])
@pytest.mark.parametrize("points", [1, 3, 5])
def test_points_that_repeat_one_another_are_no_evidence(seed, change, points):
    rng = np.random.default_rng([7, seed])
    r = rng.standard_normal(D)
    a = {
        "noise": rng.standard_normal(D),
        "permuted": np.round(rng.permutation(r), 3),
        "one entry": np.where(np.arange(D) == 3, rng.standard_normal(), r),
        "own factors": r * rng.standard_normal(D),
    }[change]
    assert {f.kind for f in diagnose(linear(a, r, points))} <= {"place"}


@pytest.mark.parametrize("digits", sweep([1e-14, 1e-9, 1e-5, 1e-2], {1e-14, 1e-2}))
def test_ratios_of_single_entries_are_no_factors(digits):
    """In a separable objective, each entry has a ratio that is the same at every point."""
    for seed in range(10):
        own = np.random.default_rng([8, seed]).standard_normal(D)
        own[:4] = [2, -1, 0.5, 3]  # as whole numbers in the data give them
        found = diagnose(made(lambda r, x, own=own: own * r, bar=digits, seed=seed))
        assert {finding.kind for finding in found} <= {"place"}


def test_factors_of_linear_objectives_are_named():
    r = np.random.default_rng(9).standard_normal(D)
    for factor, words in ((2, "2 times"), (-1, "the opposite sign"), (1.37, "1.37 times")):
        (finding,) = diagnose(linear(factor * r, r))
        assert finding.sentence.startswith(f"every coordinate: {words}")


def test_other_points_tell_a_parameter_from_a_constant():
    x = np.full((3, D), 2.0)
    fault = on(EVERY, lambda r, x: x * r)
    (finding,) = diagnose(made(fault, x=x))
    assert finding.kind == "factor"
    x[1:] = np.random.default_rng(0).uniform(0.5, 2, (2, D))
    (finding,) = diagnose(made(fault, x=x))
    assert finding.kind == "chain factor"


def test_hypotheses_come_in_order_and_each_once():
    ranks = [hypothesis.rank for hypothesis in hypotheses()]
    assert ranks == sorted(ranks)
    assert len({type(hypothesis) for hypothesis in hypotheses()}) == len(ranks) > 10


NUMBERS = {
    "-1": -1.0, "2": 2.0, "1/2": 0.5, "1/9": 1 / 9, "π": np.pi, "1/2π": 1 / (2 * np.pi),
    "√2": 2**0.5, "ln 2": np.log(2), "11": 11.0, "1/11": 1 / 11, "7": 7.0, "1/77": 1 / 77,
    "20": 20.0, "0.37": 0.37, "2.7027": 1 / 0.37, "-11": -11.0,
}  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_named_factors_are_always_recognised(seed):
    rng = np.random.default_rng([2, seed])
    text = list(NUMBERS)[seed % len(NUMBERS)]
    part = [EVERY, W, V, M, S][rng.integers(5)]
    bar = 10.0 ** rng.uniform(-15, -7)
    points = int(rng.integers(1, 4))
    fault = on(part, lambda r, x: NUMBERS[text] * r)
    (finding,) = diagnose(made(fault, seed=seed, bar=bar, points=points))
    assert finding.kind in ("factor", "sign")
    assert finding.residual == 0
    assert text in finding.sentence or text == "-1"


def test_two_is_no_count_of_what_has_the_length_two():
    evidence = made(on(EVERY, lambda r, x: 2 * r))
    pair = Leaf("pair", (30, 2), values=np.zeros((30, 2)))
    (finding,) = diagnose(dataclasses.replace(evidence, data=(*evidence.data, pair)))
    assert finding.sentence == "every coordinate: 2 times the reference"
