"""Traps: each gives the verdict that it declares, and anything else fails."""

import functools
from dataclasses import replace
from itertools import product

import faults
import numpy as np
import pytest
from click.testing import CliRunner
from sweeps import sweep

from gradcompare import Result, Verdict, compare, get_objective, list_objectives
from gradcompare.cli.main import main

TRAPS = [name for name in list_objectives() if get_objective(name).family == "traps"]
DECEIVING = [name for name in TRAPS if not get_objective(name).expected.ok]

RUNS = {
    "default-size": {},
    "size-3": {"sizes": 3, "seed": 1},
    "directional": {"quantity": "directional"},
    "float32": {"dtype": "float32"},
}


@functools.cache
def run(label: str, name: str) -> Result:
    (result,) = compare(name, faults.VOTERS, timing=False, points=2, **RUNS[label])
    return result


VERDICTS = {get_objective(name).expected: name for name in reversed(TRAPS)}
"""The first trap with each verdict."""

IN_TURN = [(name, list(RUNS)[turn % 3 + 1]) for turn, name in enumerate(VERDICTS.values())]
KEPT = {*IN_TURN, *product(VERDICTS.values(), ["default-size"])}
"""The command line below compares those that deceive, with their default size."""


@pytest.mark.parametrize(("name", "label"), sweep(product(TRAPS, RUNS), KEPT))
def test_verdict_is_the_declared_one(name, label):
    result = run(label, name)
    assert result.verdict is get_objective(name).expected, str(result)
    assert result.ok


def test_every_kind_of_verdict_about_a_derivative_has_a_trap():
    declared = {get_objective(name).expected for name in TRAPS}
    assert declared == {
        Verdict.VALID_SUBGRADIENT,
        Verdict.AUTODIFF_WRONG,
        Verdict.ANALYTIC_WRONG,
        Verdict.INCONCLUSIVE,
        Verdict.NONFINITE,
        Verdict.STOCHASTIC,
    }


@pytest.mark.parametrize("name", sweep(TRAPS, VERDICTS.values()))
def test_away_from_its_special_points_a_trap_for_autodiff_agrees(name):
    """So what is found is found there."""
    trap = get_objective(name)
    if trap.special is None:
        pytest.skip("it deceives everywhere")
    for point in run("default-size", name).points:
        right = point.label.startswith("draw")
        assert (point.judgement.verdict is Verdict.AGREE) == right, point.label


one_of_each = pytest.mark.parametrize(
    "name", sweep(DECEIVING, [name for name in DECEIVING if name in VERDICTS.values()])
)


@one_of_each
def test_a_trap_that_nothing_declares_fails(name):
    undeclared = replace(get_objective(name), expected=Verdict.AGREE)
    comparison = compare(undeclared, faults.VOTERS, timing=False, points=1)
    assert not comparison.ok
    assert comparison.verdict is get_objective(name).expected


@one_of_each
def test_a_trap_that_no_longer_deceives_fails(name):
    """As when a later version of JAX mends what the trap is about."""
    harmless = replace(get_objective("ridge"), expected=get_objective(name).expected)
    comparison = compare(harmless, faults.VOTERS, timing=False, points=1)
    assert not comparison.ok
    assert f"not what this trap declares: {harmless.expected.name}" in str(comparison)


@pytest.mark.sweep
def test_command_line_shows_declared_verdicts_in_parentheses():
    outcome = CliRunner().invoke(main, ["run", *DECEIVING, "ridge", "--no-timing"])
    assert outcome.exit_code == 0
    for name in DECEIVING:
        declared = get_objective(name).expected.name.removesuffix("_WRONG")
        assert f"{name} " in outcome.stdout
        assert f"({declared})" in outcome.stdout
    assert "In parentheses: the verdict that a trap declares" in outcome.stdout
    assert "1 AGREE; as declared by traps: 1 ANALYTIC_WRONG" in outcome.stdout


def test_command_line_fails_on_what_is_not_declared(tmp_path):
    path = tmp_path / "undeclared.py"
    path.write_text(
        "from dataclasses import replace\n"
        "from gradcompare import Result, Verdict, get_objective\n"
        'TRAP = replace(get_objective("trap-custom-jvp"), expected=Verdict.AGREE)\n'
    )
    outcome = CliRunner().invoke(main, ["run", f"{path}:TRAP", "--no-timing", "--only-failures"])
    assert outcome.exit_code == 1
    assert "1 AUTODIFF_WRONG" in outcome.stdout
    assert "(AUTODIFF)" not in outcome.stdout


def test_the_profile_is_too_small_by_the_factor_that_its_docstring_gives():
    result = run("default-size", "trap-profile-scale")
    point, rows, columns = result.points[0], 20, 5
    ratio = point.estimates["analytic"].value / point.estimates["richardson"].value
    np.testing.assert_allclose(ratio, (rows - columns) / rows, rtol=1e-9)
