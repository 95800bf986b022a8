"""Several faults at once, faults in one part of the space, and what stays unexplained."""

import numpy as np
from evidence import D, M, S, V, W, both, made, matrix, on

from gradcompare.diagnosis.diagnose import diagnose

EVERY = slice(0, D)


def test_two_faults_are_told_apart():
    fault = both(on(W, lambda r, x: 2 * r), on(M, lambda r, x: -r))
    first, second = diagnose(made(fault))
    assert "M: the opposite sign" in first.sentence
    assert "w: 2 times" in second.sentence
    assert first.residual > second.residual == 0


def test_two_faults_in_one_array():
    fault = both(on(M, lambda r, x: 2 * r), on(12, lambda r, x: 0 * r))
    first, second = diagnose(made(fault))
    assert "8 of the 9 coordinates of M" in first.sentence
    assert "M[0, 2]: exactly 0" in second.sentence


def test_three_faults_of_different_kinds():
    fault = both(matrix(np.transpose), on(W, lambda r, x: r * np.exp(x)), on(S, lambda r, x: -r))
    kinds = {finding.kind for finding in diagnose(made(fault))}
    assert kinds == {"transpose", "chain factor", "sign"}


def test_what_is_left_is_said():
    fault = both(on(EVERY, lambda r, x: 2 * r), on(7, lambda r, x: np.sin(r)))
    first, rest = diagnose(made(fault))
    assert first.kind == "factor"
    assert rest.kind == "unexplained"
    assert "v[2]: unexplained (" in rest.sentence
    assert 0 < rest.residual == first.residual < 1


def test_the_place_of_a_fault_of_no_known_kind():
    (finding,) = diagnose(made(on(M, lambda r, x: np.sin(r))))
    assert (finding.kind, finding.residual) == ("place", 1)
    assert finding.sentence == "the fault is in M alone; w, v and s agree"
    (finding,) = diagnose(made(on(13, lambda r, x: np.sin(r))))
    assert "the fault is in M[1, 0] alone: analytic / reference = " in finding.sentence


def test_wrong_in_one_regime_only():
    (finding,) = diagnose(made(on(EVERY, lambda r, x: np.where(x > 1, -r, r))))
    assert finding.kind == "regime"
    assert finding.sentence.startswith("only for θ ≥ 1.13, and right for θ ≤ 0.871: w, v")


def test_wrong_in_one_regime_of_one_array():
    fault = on(W, lambda r, x: np.where(x > 1, 2 * r, r))
    (finding,) = diagnose(made(fault, points=5))
    assert finding.kind == "regime"
    assert finding.sentence.startswith("only for w ≥ 1.")
    assert "w: 2 times the reference; v, M and s agree" in finding.sentence


def test_wrong_at_some_points_only():
    evidence = made(on(W, lambda r, x: -r if r[1] > 0 else r))
    at_fault = evidence.wrong.any(axis=1)
    assert 0 < at_fault.sum() < 3
    (finding,) = diagnose(evidence)
    here = " and ".join(label for label, bad in zip(evidence.labels, at_fault, strict=True) if bad)
    assert finding.sentence.startswith(f"only at {here}: w: the opposite sign")


def test_more_faults_than_are_looked_at():
    def several(r, x):
        r[W], r[V], r[M], r[S] = 3 / 11 * r[W], r[V] / 7, -r[M], r[S] / 3
        return r

    *found, rest = diagnose(made(several))
    assert [finding.kind for finding in found] == ["sign", "factor", "factor"]
    assert rest.kind == "unexplained"
    assert rest.sentence.startswith("s: also wrong, not analysed further (")
    factors = np.array([1 / 7, 3 / 11, 0.5])
    found = diagnose(made(on(slice(0, 3), lambda r, x: factors * r)))
    assert [finding.kind for finding in found] == ["factor"] * 3
