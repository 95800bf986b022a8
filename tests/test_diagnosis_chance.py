"""Gradients that are wrong in no simple way: nothing may be read into them."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check
from gradcompare.diagnosis.diagnose import diagnose
from gradcompare.diagnosis.evidence.data import Evidence, Leaf

SHAPES = {
    "one": ((1,),),
    "few": ((3,),),
    "vector": ((30,),),
    "matrix": ((12, 12),),
    "square and vector": ((4, 4), (4,)),
    "arrays": ((5,), (5,), (2, 3), ()),
}
CASES = [
    (wrong, shape)
    for wrong in ("unrelated", "noise on it", "permuted noise", "whole numbers")
    for shape in SHAPES
    # A few whole numbers have a simple ratio.
    if wrong != "whole numbers" or shape in ("vector", "matrix")
]


def unrelated(shapes, wrong, *, points, bar, rng, whole=False):
    """The evidence of a gradient that `wrong` makes of the reference and of random numbers."""
    paths = tuple("abcd"[: len(shapes)])
    sizes = [int(np.prod(shape)) for shape in shapes]
    d = sum(sizes)
    r = rng.standard_normal((points, d))
    if whole:
        r = rng.choice([-3.0, -2, -1, 1, 2, 3], r.shape)
    a = wrong(r, rng)
    return Evidence(
        labels=tuple(f"point {k}" for k in range(points)),
        x=rng.uniform(0.3, 2.0, (points, d)),
        analytic=a,
        analytic_bar=1e-15 * np.abs(a),
        reference=r,
        reference_bar=bar * np.abs(r),
        usable=np.ones(r.shape, bool),
        slight=np.zeros(r.shape, bool),
        paths=paths,
        shapes=shapes,
        data=(
            Leaf("X", (20, d), values=rng.standard_normal((20, d))),
            Leaf("y", (d,), values=rng.standard_normal(d)),
            Leaf("lam", (), values=np.array(0.37)),
        ),
    )


WRONG = {
    "unrelated": lambda r, rng: rng.standard_normal(r.shape),
    "noise on it": lambda r, rng: r + 0.1 * rng.standard_normal(r.shape),
    "permuted noise": lambda r, rng: rng.permuted(r, axis=1) + 0.1 * rng.standard_normal(r.shape),
    "whole numbers": lambda r, rng: rng.choice([-3.0, -2, -1, 1, 2, 3], r.shape),
}


BARS = (1e-14, 1e-8, 1e-4, 1e-2)
DRAWS = [(*case, bar, seed) for case in CASES for bar in BARS for seed in range(8)]
# Every kind of fault in every shape, with the narrowest and the widest bars: two draws of eight,
# which have one to four points in turn.
FEW_DRAWS = [
    (*CASES[turn // 2], BARS[turn % 2 * 3], seed)
    for turn in range(2 * len(CASES))
    for seed in (turn % 4, 4 + (turn + 2) % 4)
]


@pytest.mark.parametrize(("wrong", "shape", "bar", "seed"), sweep(DRAWS, FEW_DRAWS))
def test_unrelated_gradients_are_not_explained(wrong, shape, bar, seed):
    rng = np.random.default_rng([3, seed])
    points = 1 + seed % 4
    options = {"points": points, "bar": bar, "rng": rng, "whole": wrong == "whole numbers"}
    evidence = unrelated(SHAPES[shape], WRONG[wrong], **options)
    # The same gradient at every point too, as a linear objective has it.
    same = {
        name: np.tile(getattr(evidence, name)[:1], (points, 1))
        for name in ("analytic", "analytic_bar", "reference", "reference_bar")
    }
    for each in (evidence, dataclasses.replace(evidence, **same)):
        for finding in diagnose(each):
            assert finding.kind == "place", finding


@pytest.mark.sweep
def test_a_wrong_adjoint_of_a_blur_has_no_factor():
    """The objective is linear in x, so three points are no more evidence than one."""
    rng = np.random.default_rng(14)
    kernel = rng.uniform(0, 1, (3, 3))
    x, y = rng.standard_normal((2, 8, 8))

    def moved(image, i, j):
        return jnp.pad(image, 1)[i : i + 8, j : j + 8]

    def blurred(image, k):
        return sum(k[i, j] * moved(image, i, j) for i in range(3) for j in range(3))

    def value(x, y):
        return jnp.sum(y * blurred(x, kernel))

    right = check(value, lambda x, y: blurred(y, kernel[::-1, ::-1]), x, y)
    assert right.verdict is Verdict.AGREE
    wrong = check(value, lambda x, y: blurred(y, kernel), x, y)
    assert wrong.verdict is Verdict.ANALYTIC_WRONG
    assert "times" not in str(wrong.results[0].diagnosis)
