"""Wrong derivatives that people reported, rebuilt at realistic sizes: most are named in words."""

import pytest
from reported_faults import CASES

from gradcompare import Verdict, check

NOT_NAMED = {"1 Cox with late entry", "6 feature by feature"}
"""Those of which only the place is said."""


@pytest.mark.parametrize("name", CASES)
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
