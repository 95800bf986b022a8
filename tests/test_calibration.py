"""The error bars hold over families with known gradients: a small part of the benchmark."""

from dataclasses import replace

import numpy as np
import pytest
from calibration import SEED, score
from families import FAMILIES, Family, wave, wave_slope
from families_hard import HARD
from sweeps import sweep

from gradcompare import compare
from gradcompare._model.estimate import SAFETY

CHECKED = {family.name: family for family in FAMILIES if family.d <= 100}
HARD_ONES = {family.name: family for family in HARD}
DIGITS = {"few digits: bfloat16": 0.1, "few digits: float16": 0.01, "cancelling: variance": 1e-5}
"""How far autodiff may be from the truth where it rounds more, relative to the largest entry."""


REPEATED = {
    *("ordinary: exp", "ordinary: rational", "d = 2", "noise 1e-10", "noise 1e-08", "f = 1e12"),
    *("sqrt 1e-6 from the edge", "stationary at 0", "ordinary: sin and cube", "noise 1e-12"),
}
"""Families of a kind that another one shows as well."""


@pytest.mark.parametrize("name", sweep(CHECKED, CHECKED.keys() - REPEATED))
def test_bars_cover_the_error_and_verdicts_are_right(name):
    found, errors, bars = score(CHECKED[name], points=2 * 100 // CHECKED[name].d)
    assert found.coverage >= 0.99
    assert found.worst < SAFETY
    assert found.false_alarms == 0
    assert found.missed == 0
    assert len(errors) == len(bars) == found.coordinates


def test_a_wrong_truth_is_noticed():
    """The same family with a slope that is off by 1e-6, as the judge would be."""
    wrong = Family(
        "off", wave, lambda xp, x, w: (1 + 1e-6) * wave_slope(xp, x, w), CHECKED["linear"].point
    )
    found, *_ = score(wrong, points=1)
    assert found.coverage < 0.01
    assert found.false_alarms == 1


@pytest.mark.parametrize("name", [name for name in CHECKED if name.startswith("ordinary")])
def test_ordinary_functions_cost_thirteen_values_per_coordinate(name):
    found, *_ = score(CHECKED[name], points=2)
    assert found.evaluations <= 13
    assert found.width <= 1e-10


def far(family):
    """The distances of autodiff and the formula from the truth, where there is no kink."""
    (result,) = compare([family.objective()], ["analytic", "reverse"], points=1, seed=SEED)
    point = result.points[0]  # more are added where sources disagree
    _, data = family.make(np.random.default_rng([SEED, 0]), family.d)
    exact = family.exact(point.x, data)
    smooth = (point.x != 0) / np.max(np.abs(exact))
    return [
        float(np.max(np.abs(point.estimates[name].value - exact) * smooth))
        for name in ("reverse", "analytic")
    ]


KINDS = {name.partition(":")[0]: name for name in reversed(HARD_ONES)}
"""The first family of each kind."""


@pytest.mark.filterwarnings("ignore:overflow")  # the norm of a gradient of 1e160
@pytest.mark.parametrize("name", sweep(HARD_ONES, KINDS.values()))
def test_hard_families_know_their_gradient(name):
    reverse, analytic = far(HARD_ONES[name])
    assert reverse < DIGITS.get(name, 1e-7)
    assert analytic < 1e-8


@pytest.mark.parametrize("name", ["narrow: line, 1e+04", "coupled: logistic"])
def test_a_wrong_slope_of_a_hard_family_is_noticed(name):
    family = HARD_ONES[name]
    wrong = replace(family, slope=lambda *a: (1 + 1e-5) * family.slope(*a))
    assert far(wrong)[0] > 1e-6
