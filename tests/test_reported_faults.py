"""Wrong derivatives that people reported, rebuilt at realistic sizes: most are named in words."""

import pytest
from reported_faults import CASES
from sweeps import sweep

from gradcompare import Verdict, check

NOT_NAMED = {"1 Cox with late entry", "6 feature by feature"}
"""Those of which only the place is said."""


REPEATED = {
    *("1 Cox with late entry", "2 GARCH in another order", "4 SMAPE", "5 focal loss"),
    *("6 feature by feature", "8 batch norm, a term too many", "9 batch norm, two faults"),
    *("11 Laplace", "13 spline without 2 and 3", "14 spline and its span", "15 transport"),
}
"""Those whose findings have a test of their own, at a smaller size: a prefix, an order, a part
that is missing or wrong, two parts at once, a number, a place."""


@pytest.mark.parametrize("name", sweep(CASES, CASES.keys() - REPEATED))
def test_a_fault_that_people_reported_is_named(name):
    case = CASES[name]
    assert check(case.value, case.right, *case.args).verdict is Verdict.AGREE
    result = check(case.value, case.wrong, *case.args)
    said = " ".join(map(str, result.results[0].diagnosis))
    assert all(each in said for each in case.words or case.found), said
    accused = (Verdict.ANALYTIC_WRONG, Verdict.ANALYTIC_INEXACT)
    assert result.verdict in accused[: 1 + (name == "12 fitted integrals")]


def test_the_sixteen_are_here_and_fourteen_are_named():
    assert [int(name.split()[0]) for name in CASES] == list(range(1, 17))
    assert {name for name, case in CASES.items() if not case.words} == NOT_NAMED
    assert all(case.words or case.found for case in CASES.values())
