"""The Jacobians that registered objectives bring by hand, and their products with a vector."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner
from sweeps import sweep

from gradcompare import InputError, Verdict, compare, get_objective, list_objectives
from gradcompare.cli import main

OBJECTIVES = {
    name: get_objective(name)
    for name in list_objectives()
    if get_objective(name).residuals is not None
}
SMALL = [name for name in OBJECTIVES if name != "bundle-adjustment"]
"""Those whose check takes a second or less."""


def quickly(objective, quantity):
    (result,) = compare([objective], quantity=quantity, points=1, timing=False)
    return result


def test_least_squares_bring_their_residuals():
    assert {"bundle-adjustment", "mgh-bard", "mgh-helical-valley"} <= OBJECTIVES.keys()
    assert len(OBJECTIVES) >= 25


@pytest.mark.parametrize("name", sweep(OBJECTIVES, SMALL[::6]))
def test_jacobians_agree(name):
    result = quickly(OBJECTIVES[name], "jacobian")
    assert result.verdict is Verdict.AGREE, str(result)
    assert quickly(OBJECTIVES[name], "jvp").verdict is Verdict.AGREE


@pytest.mark.parametrize("name", sweep(OBJECTIVES, SMALL[::12]))
def test_a_wrong_entry_is_found(name):
    objective = OBJECTIVES[name]

    def wrong(params, data):
        first, *others = jax.tree.leaves(objective.jacobian(params, data))
        moved = first.at[(0,) * first.ndim].add(1e-3 * jnp.max(jnp.abs(first)))
        return jax.tree.structure(params).unflatten([moved, *others])

    result = quickly(replace(objective, jacobian=wrong), "jacobian")
    assert result.verdict is Verdict.ANALYTIC_WRONG, str(result)
    assert result.worst.judgement.faulty == (0,)


@pytest.mark.sweep
def test_the_residuals_are_those_of_the_value():
    for objective in OBJECTIVES.values():
        params, data = objective.make(np.random.default_rng(0), objective.sizes[0])
        with jax.enable_x64(True):
            squares = float(jnp.sum(objective.residuals(params, data) ** 2))
            value = float(objective.value(params, data))
        assert np.isclose(squares, value) or np.isclose(squares / 2, value), objective.name


def test_an_objective_without_residuals_is_refused():
    with pytest.raises(InputError, match="ridge: no residuals, so that there is no jacobian"):
        compare(["ridge"], quantity="jacobian")


def test_the_command_line_compares_them():
    arguments = ["run", "mgh-beale", "--quantity", "jacobian", "--points", "1", "--no-timing"]
    outcome = CliRunner().invoke(main, [*arguments, "--jobs", "1", "--no-cache"])
    assert outcome.exit_code == 0, outcome.output
    assert "mgh-beale" in outcome.output
    assert "1 AGREE" in outcome.output
