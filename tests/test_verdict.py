"""The vote of three sources, on estimates made by hand: every row of the table, and the edges."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from handmade import made
from hypothesis import given
from hypothesis import strategies as st

from gradcompare import Verdict
from gradcompare._results.judgement.judge import judge

INF, NAN = np.inf, np.nan

TRUE, OFF, FAR = (1.0, 1e-14), (1.1, 1e-14), (1.3, 1e-14)
"""Value and error bar of an exact method: right, wrong, and wrong in another way."""

FD, FD_OFF, FD_FAR = (1.0, 1e-11), (1.1, 1e-11), (1.3, 1e-11)
BLIND = (1.0, INF)
BLUNT = (0.7, 0.5)

TABLE = {
    # name: analytic, autodiff, differences (None where there is no such source), verdict
    "all-equal": (TRUE, TRUE, FD, Verdict.AGREE),
    "analytic-odd": (OFF, TRUE, FD, Verdict.ANALYTIC_WRONG),
    "autodiff-odd": (TRUE, OFF, FD, Verdict.AUTODIFF_WRONG),
    "differences-odd": (TRUE, TRUE, FD_OFF, Verdict.INCONCLUSIVE),
    "all-different": (OFF, TRUE, FD_FAR, Verdict.INCONCLUSIVE),
    "blind-differences": (TRUE, TRUE, BLIND, Verdict.AGREE),
    "blunt-differences": (TRUE, TRUE, BLUNT, Verdict.AGREE),
    "nan-differences": (TRUE, TRUE, (NAN, INF), Verdict.AGREE),
    "nan-differences-and-bar": (TRUE, TRUE, (NAN, NAN), Verdict.AGREE),
    "blind-and-two-differ": (OFF, TRUE, BLIND, Verdict.INCONCLUSIVE),
    "blunt-and-two-differ": (OFF, TRUE, BLUNT, Verdict.INCONCLUSIVE),
    "no-differences": (TRUE, TRUE, None, Verdict.AGREE),
    "no-differences-and-two-differ": (OFF, TRUE, None, Verdict.INCONCLUSIVE),
    "no-autodiff": (TRUE, None, FD, Verdict.AGREE),
    "no-autodiff-analytic-odd": (OFF, None, FD, Verdict.ANALYTIC_WRONG),
    "no-analytic": (None, TRUE, FD, Verdict.AGREE),
    "no-analytic-autodiff-odd": (None, OFF, FD, Verdict.AUTODIFF_WRONG),
    "nan-analytic": ((NAN, 1e-14), TRUE, FD, Verdict.NONFINITE),
    "nan-autodiff": (TRUE, (NAN, 1e-14), FD, Verdict.NONFINITE),
    "infinite-analytic": ((INF, 1e-14), TRUE, FD, Verdict.NONFINITE),
    "only-analytic": (TRUE, None, None, Verdict.NOT_A_CHECK),
    "only-autodiff": (None, TRUE, None, Verdict.NOT_A_CHECK),
    "only-differences": (None, None, FD, Verdict.NOT_A_CHECK),
    "nothing": (None, None, None, Verdict.NOT_A_CHECK),
    "analytic-off-within-blunt-bars": (BLUNT, TRUE, FD, Verdict.INCONCLUSIVE),
}


def vote(analytic, autodiff, differences, value=1.0):
    given = {"analytic": analytic, "autodiff": autodiff, "differences": differences}
    return judge(value, {source: made(*e) for source, e in given.items() if e is not None})


@pytest.mark.parametrize("row", TABLE)
def test_voting_table(row):
    *sources, verdict = TABLE[row]
    assert vote(*sources).verdict is verdict


@pytest.mark.parametrize("row", TABLE)
def test_the_worst_coordinate_decides_and_is_named(row):
    """The same row beside a coordinate where all agree: the verdict stays, only one is named."""
    *sources, verdict = TABLE[row]
    beside = [s and made([2.0, s[0]], [1e-14, s[1]]) for s in sources]
    names = ("analytic", "autodiff", "differences")
    judgement = judge(1.0, {n: e for n, e in zip(names, beside, strict=True) if e is not None})
    assert judgement.verdict is verdict
    named = verdict not in (Verdict.AGREE, Verdict.NOT_A_CHECK)
    assert judgement.faulty == ((1,) if named else ())


@pytest.mark.parametrize("differences", [BLIND, BLUNT, (NAN, INF), (NAN, NAN), (NAN, 1e-11)])
def test_agreement_without_differences_is_called_unverified(differences):
    judgement = vote(TRUE, TRUE, differences)
    assert judgement.unverified == (0,)
    assert np.isnan(judgement.floor)


def test_agreement_without_a_numerical_source_says_so():
    judgement = vote(TRUE, TRUE, None)
    assert judgement.unverified == (0,)
    assert "finite differences gave no information" in judgement.note


@pytest.mark.parametrize("bar", [0.2, 1e3, INF])
def test_a_blunt_gradient_under_test_is_not_called_verified(bar):
    """Whatever it says within such a bar would have agreed, as with blunt differences."""
    judgement = vote((1.0, bar), TRUE, FD)
    assert judgement.verdict is Verdict.AGREE
    assert judgement.unverified == (0,)
    assert np.isnan(judgement.floor)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_value_that_is_not_finite_is_noted(value):
    judgement = vote(TRUE, TRUE, FD, value=value)
    assert judgement.verdict is Verdict.NONFINITE
    assert f"the objective is {value} at the point" in judgement.note


KINKS = {
    "both-inside": ((0.3, 1e-14), (-0.5, 1e-14), Verdict.VALID_SUBGRADIENT),
    "at-the-ends": ((1.0, 1e-14), (-1.0, 1e-14), Verdict.VALID_SUBGRADIENT),
    "analytic-outside": ((1.5, 1e-14), (1.0, 1e-14), Verdict.ANALYTIC_WRONG),
    "analytic-below": ((-1.5, 1e-14), (1.0, 1e-14), Verdict.ANALYTIC_WRONG),
    "autodiff-outside": ((0.0, 1e-14), (1.5, 1e-14), Verdict.AUTODIFF_WRONG),
    "both-outside": ((1.5, 1e-14), (1.5, 1e-14), Verdict.INCONCLUSIVE),
    "no-autodiff-inside": ((0.5, 1e-14), None, Verdict.VALID_SUBGRADIENT),
    "no-autodiff-outside": ((1.5, 1e-14), None, Verdict.ANALYTIC_WRONG),
    "no-analytic-inside": (None, (0.5, 1e-14), Verdict.VALID_SUBGRADIENT),
    "no-analytic-outside": (None, (1.5, 1e-14), Verdict.AUTODIFF_WRONG),
}


@pytest.mark.parametrize("sides", [(-1.0, 1.0), (1.0, -1.0)], ids=["convex", "concave"])
@pytest.mark.parametrize("row", KINKS)
def test_kink(row, sides):
    analytic, autodiff, verdict = KINKS[row]
    judgement = vote(analytic, autodiff, (0.0, 1e-11, sides))
    assert judgement.verdict is verdict
    assert judgement.faulty == (0,)


def test_a_kink_does_not_excuse_another_coordinate():
    analytic, autodiff = made([0.0, 1.1], 1e-14), made([1.0, 1.0], 1e-14)
    differences = made([0.0, 1.0], 1e-11, ([-1.0, 1.0], [1.0, 1.0]))
    judgement = judge(
        1.0, {"analytic": analytic, "autodiff": autodiff, "differences": differences}
    )
    assert judgement.verdict is Verdict.ANALYTIC_WRONG
    assert judgement.faulty == (1,)


@st.composite
def agreeing(draw):
    """Three flat estimates of random derivatives that lie within their bars of the truth."""
    size = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    true = rng.standard_normal(size) * 10.0 ** rng.integers(-6, 7, size)
    sources = {}
    for source, digits in (("analytic", 15), ("autodiff", 15), ("differences", 10)):
        error = np.abs(true) * 10.0 ** (-digits + 3 * rng.random(size))
        sources[source] = made(true + error * rng.uniform(-1, 1, size), error)
    return sources


@st.composite
def disturbed(draw):
    """Estimates as above, some of them off by a random factor, blind, or at a kink."""
    sources = draw(agreeing())
    size = len(sources["analytic"].value)
    for source, estimate in sources.items():
        factors = [draw(st.sampled_from([1.0, 1.0, 1.0, 1.5, -1.0])) for _ in range(size)]
        bars = [draw(st.sampled_from([1.0, 1.0, 1e6, INF])) for _ in range(size)]
        sources[source] = made(estimate.value * factors, estimate.error * bars)
    if draw(st.booleans()):
        fd = sources["differences"]
        gap = np.where(np.arange(size) == 0, np.abs(fd.value), 0.0)
        sources["differences"] = replace(fd, left=fd.value - gap, right=fd.value + gap)
    return sources


def mapped(sources, change):
    """The estimates with `change` applied to every array in them."""
    return {
        source: replace(
            e,
            value=change(e.value),
            error=np.abs(change(e.error)),
            left=None if e.left is None else change(e.left),
            right=None if e.right is None else change(e.right),
        )
        for source, e in sources.items()
    }


@given(agreeing(), st.sampled_from([-2.0, 2.0]), st.data())
def test_an_error_of_twice_the_floor_is_caught(sources, factor, data):
    before = judge(1.0, sources)
    assert before.verdict is Verdict.AGREE
    assert before.unverified == ()
    i = data.draw(st.integers(0, len(sources["analytic"].value) - 1))
    value = sources["analytic"].value.copy()
    value[i] += factor * before.floor
    after = judge(1.0, {**sources, "analytic": replace(sources["analytic"], value=value)})
    assert after.verdict is Verdict.ANALYTIC_WRONG
    assert after.faulty == (i,)


@given(disturbed(), st.randoms(use_true_random=False))
def test_the_order_of_coordinates_does_not_matter(sources, random):
    order = list(range(len(sources["analytic"].value)))
    random.shuffle(order)
    before = judge(1.0, sources)
    after = judge(1.0, mapped(sources, lambda array: array[order]))
    assert after.verdict is before.verdict
    assert {order[i] for i in after.faulty} == set(before.faulty)
    assert {order[i] for i in after.unverified} == set(before.unverified)
    np.testing.assert_equal(after.floor, before.floor)


@given(disturbed(), st.integers(-60, 60), st.sampled_from([1, -1]))
def test_the_unit_of_the_objective_does_not_matter(sources, exponent, sign):
    before = judge(1.0, sources)
    after = judge(1.0, mapped(sources, lambda array: sign * array * 2.0**exponent))
    assert after.verdict is before.verdict
    assert after.faulty == before.faulty
    assert after.unverified == before.unverified
    np.testing.assert_equal(after.floor, before.floor * 2.0**exponent)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_says_what_was_found_and_what_to_do(verdict):
    assert str(verdict).startswith(f"{verdict.name} ({verdict.code}): {verdict.cause}")
    assert str(verdict).endswith(verdict.cause if verdict.ok else verdict.advice)
    assert verdict.cause[0].islower()
    assert verdict.cause[-1] != "."
    assert verdict.advice[0].isupper()
    assert verdict.advice[-1] == "."
    assert verdict.ok == (verdict in (Verdict.AGREE, Verdict.VALID_SUBGRADIENT))


def test_verdicts_are_ranked_and_found_by_their_code():
    assert [verdict.rank for verdict in Verdict] == list(range(len(Verdict)))
    assert all(Verdict(verdict.code) is verdict for verdict in Verdict)
    assert all(pickle.loads(pickle.dumps(verdict)) is verdict for verdict in Verdict)


def test_two_sources_that_agree_outweigh_differences_that_are_just_off():
    """And their distance is the least error that would have been caught."""
    bar, off = 1e-11, 1e-10  # 3.3 times as far as the bars allow
    judgement = vote(TRUE, TRUE, (1.0 + off, bar))
    assert judgement.verdict is Verdict.AGREE
    assert off < judgement.floor < 3 * off
    assert vote(TRUE, TRUE, (1.0 + 2 * off, bar)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("source", ["analytic", "autodiff"])
def test_nothing_outweighs_differences_where_only_one_source_stands_against_them(source):
    estimates = {source: made(*TRUE), "differences": made(1.0 + 1e-10, 1e-11)}
    wrong = {"analytic": Verdict.ANALYTIC_WRONG, "autodiff": Verdict.AUTODIFF_WRONG}
    assert judge(1.0, estimates).verdict is wrong[source]


def test_codes_are_unique_and_those_that_were_given_out():
    assert {verdict.name: verdict.code for verdict in Verdict} == {
        "AGREE": "GC100",
        "VALID_SUBGRADIENT": "GC101",
        "INCONCLUSIVE": "GC201",
        "VALUE_DIFFERS": "GC202",
        "AUTODIFF_INEXACT": "GC203",
        "ANALYTIC_INEXACT": "GC204",
        "AUTODIFF_WRONG": "GC301",
        "ANALYTIC_WRONG": "GC302",
        "BOTH_WRONG": "GC303",
        "NONFINITE": "GC401",
        "STOCHASTIC": "GC402",
        "NOT_A_CHECK": "GC501",
        "ERROR": "GC502",
        "TIMEOUT": "GC503",
    }


def test_a_bar_is_that_of_its_own_coordinate():
    """Of a hundred coordinates one has almost no bar; the bars of the others excuse nothing."""
    bars = np.full(100, 1e-14)
    bars[3] = 1e-17
    analytic, autodiff = np.ones(100), np.ones(100)
    autodiff[3] += 5e-15
    differences = made(np.ones(100), np.full(100, 1e-11))
    votes = {"analytic": made(analytic, bars), "autodiff": made(autodiff, bars)}
    judgement = judge(1.0, {**votes, "differences": differences})
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.faulty == (3,)


def test_a_source_with_a_blunt_bar_has_no_vote():
    """Autodiff agrees with both others, which differ clearly."""
    judgement = judge(
        1.0,
        {
            "analytic": made([1.0 + 1e-7], [1e-15]),
            "autodiff": made([1.0], [1e-6]),
            "differences": made([1.0], [1e-12]),
        },
    )
    assert judgement.verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize("size", [1e170, 1e250, 1e306, 1e-200, 1e-300])
def test_bars_of_any_magnitude_are_compared(size):
    def made_of(*factors):
        return made([size * factor for factor in factors], [1e-14 * size] * len(factors))

    right, off, third = made_of(1.0, 2.0), made_of(1.0, 2.1), made_of(1.0, 2.0)
    for name, analytic, autodiff in (("ANALYTIC", off, right), ("AUTODIFF", right, off)):
        votes = {"analytic": analytic, "autodiff": autodiff, "differences": third}
        judgement = judge(1.0, votes)
        assert judgement.verdict.name == f"{name}_WRONG"
        assert judgement.faulty == (1,)
        assert judge(1.0, {n: votes[n] for n in ("analytic", "autodiff")}).faulty == (1,)
    assert judge(1.0, {"analytic": right, "autodiff": right, "differences": third}).verdict.ok


def test_a_derivative_of_zero_with_a_large_bar_verifies_nothing():
    differences = replace(made([0.0, 2.0], [8e15, 1e-12]), step=np.array([1e-17, 0.1]))
    exact = made([0.0, 2.0], [0.0, 1e-16])
    assert judge(1.0, {"analytic": exact, "differences": differences}).unverified == (0,)
    differences = replace(differences, error=np.array([1e-13, 1e-12]))
    assert judge(1.0, {"analytic": exact, "differences": differences}).unverified == ()
    alone = replace(made([0.0], [8e15]), step=np.array([1e-17]))
    assert judge(1e-17, {"analytic": made([0.0], [0.0]), "differences": alone}).unverified == (0,)
    still = replace(made([0.0], [1e-15]), step=np.array([0.1]))
    assert judge(3.0, {"analytic": made([0.0], [0.0]), "differences": still}).unverified == ()
