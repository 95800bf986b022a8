"""The error bars hold over families with known gradients: a small part of the benchmark."""

import pytest
from calibration import score
from families import FAMILIES, Family, wave, wave_slope

from gradcompare._model.estimate import SAFETY

CHECKED = {family.name: family for family in FAMILIES if family.d <= 100}


@pytest.mark.parametrize("name", CHECKED)
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
def test_ordinary_functions_cost_twelve_values_per_coordinate(name):
    found, *_ = score(CHECKED[name], points=2)
    assert found.evaluations <= 12
    assert found.width <= 1e-10
