"""Every registered objective: what it promises, and that faults planted in it are named.

Nothing here names an objective, so a new file in `gradcompare/objectives` is tested as soon
as it is there.
"""

import functools

import faults
import jax
import numpy as np
import pytest

from gradcompare import Verdict, compare, get_objective, list_objectives
from gradcompare._foundation.layout import Layout

NAMES = list_objectives()
RIGHT = [name for name in NAMES if get_objective(name).expected is Verdict.AGREE]
"""All but the traps, of which `test_traps.py` asks other things."""

RUNS = {
    "default-size": {"points": 2},
    "size-3": {"sizes": (3,), "seed": 1, "points": 2},
    "directional": {"quantity": "directional", "points": 2},
    "float32": {"dtype": "float32", "points": 1},
    "bfloat16": {"dtype": "bfloat16", "points": 1},
}
"""Options of `compare` under which every objective has to agree."""

every_objective = pytest.mark.parametrize("name", NAMES)


@functools.cache
def run(label: str) -> dict:
    """The results of all objectives by name; one comparison, so that they compile in parallel."""
    comparison = compare(NAMES_OF[label], faults.VOTERS, timing=False, **RUNS[label])
    return {result.objective: result for result in comparison}


NAMES_OF = dict.fromkeys(RUNS, RIGHT) | {"bfloat16": RIGHT[::4]}
"""Few in bfloat16, which takes four times as long to compile on a CPU."""

EVERYWHERE = {"gradient": ("one-percent-of-one",), "autodiff": ()}
"""Faults that are planted in every objective; the others go to every fifth one, for time."""


def faults_of(name: str, place: str) -> list[str]:
    """The faults that are planted in the gradient of an objective, or in its autodiff."""
    every_fifth = RIGHT.index(name) % 5 == 0
    chosen = [f for f in faults.PLANTERS[place] if every_fifth or f in EVERYWHERE[place]]
    params, _ = faults.first_draw(get_objective(name))
    alone = Layout.of(params).size == 1  # there is nothing to swap
    return [fault for fault in chosen if not (alone and fault == "two-swapped")]


def planted_in(place: str):
    """Every objective with each fault that is planted there."""
    pairs = [(name, fault) for name in RIGHT for fault in faults_of(name, place)]
    return pytest.mark.parametrize(("name", "fault"), pairs)


@functools.cache
def run_with_faults(name: str, place: str) -> dict:
    """The results of one objective with each fault planted at that place."""
    planters = faults.PLANTERS[place]
    planted = {fault: planters[fault](get_objective(name)) for fault in faults_of(name, place)}
    comparison = compare(planted.values(), faults.VOTERS, timing=False, points=1)
    return dict(zip(planted, comparison, strict=True))


@pytest.mark.parametrize(
    ("label", "name"), [(label, name) for label in RUNS for name in NAMES_OF[label]]
)
def test_three_sources_agree(name, label):
    result = run(label)[name]
    assert result.verdict.ok, str(result)
    assert result.points[0].judgement.verdict is Verdict.AGREE
    for point in result.points:
        assert set(point.estimates) == set(faults.VOTERS)
        assert np.isfinite(point.value)
        if point.label.startswith("draw"):  # a special point may be stationary
            assert np.isfinite(point.judgement.floor)


@every_objective
def test_sources_and_formula_are_given(name):
    objective = get_objective(name)
    assert objective.source.strip()
    assert objective.formula.strip()
    assert objective.gradient is not None


@every_objective
def test_make_draws_the_same_host_arrays_for_the_same_seed(name):
    objective = get_objective(name)
    drawn, again, other = (faults.first_draw(objective, seed) for seed in (0, 0, 1))
    for leaf, same in zip(jax.tree.leaves(drawn), jax.tree.leaves(again), strict=True):
        assert isinstance(leaf, (np.ndarray, np.generic, float))
        np.testing.assert_array_equal(leaf, same)
    params = [np.concatenate([np.ravel(x) for x in jax.tree.leaves(p)]) for p, _ in (drawn, other)]
    assert not np.array_equal(*params)


@every_objective
def test_make_gives_float64(name):
    params, data = faults.first_draw(get_objective(name))
    for leaf in jax.tree.leaves(params):
        assert leaf.dtype == np.float64
    for leaf in jax.tree.leaves(data):
        assert np.asarray(leaf).dtype == np.float64


@every_objective
def test_gradient_has_the_structure_of_the_parameters(name):
    objective = get_objective(name)
    params, data = faults.first_draw(objective)
    with jax.enable_x64(True):
        gradient = jax.eval_shape(objective.gradient, params, data)
        Layout.of(params).require_same(gradient, "the gradient")
    assert [leaf.dtype for leaf in jax.tree.leaves(gradient)] == [
        leaf.dtype for leaf in jax.tree.leaves(params)
    ]


@every_objective
def test_no_autodiff_inside_the_gradient(name):
    """Neither the value nor anything else is differentiated while the gradient is traced."""
    objective = get_objective(name)

    def forbidden(*args, **kwargs):
        raise AssertionError("a hand-written gradient called autodiff")

    with pytest.MonkeyPatch.context() as patch:
        for function in ("grad", "vjp", "jvp", "value_and_grad", "jacfwd", "jacrev", "linearize"):
            patch.setattr(jax, function, forbidden)
        jax.eval_shape(objective.gradient, *faults.first_draw(objective))


@planted_in("gradient")
def test_fault_in_gradient_is_named(name, fault):
    result = run_with_faults(name, "gradient")[fault]
    assert result.verdict is Verdict.ANALYTIC_WRONG, str(result)
    expected = faults.changed_by(fault, get_objective(name))
    assert expected
    assert set(result.points[0].judgement.faulty) == expected


@planted_in("autodiff")
def test_fault_in_autodiff_is_named(name, fault):
    result = run_with_faults(name, "autodiff")[fault]
    assert result.verdict is Verdict.AUTODIFF_WRONG, str(result)
    expected = faults.changed_by(fault, get_objective(name))
    assert set(result.points[0].judgement.faulty) == expected


@pytest.mark.parametrize("name", RIGHT[::5])
def test_directional_written_by_hand_is_used(name):
    """It is 1 % too large, while the gradient is right."""
    planted = faults.in_directional(1.01, get_objective(name))
    options = {"quantity": "directional", "timing": False, "points": 1}
    assert compare(planted, faults.VOTERS, **options).verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize(
    ("label", "name"), [(n, name) for n in ("float32", "bfloat16") for name in NAMES_OF[n]]
)
def test_accuracy_in_narrow_dtype_is_as_the_conditioning_says(name, label):
    """What rounding does in float64, measured there as a bar, it does ε/ε₆₄ times as much here."""
    result = run(label)[name]
    amplification = float(jax.numpy.finfo(label).eps) / np.finfo(np.float64).eps
    for method in ("analytic", "reverse"):
        if method not in result.accuracy:
            assert any(note.startswith(f"{method} in {label}: ") for note in result.notes)
            continue
        estimate = result.points[0].estimates[method]
        expected = amplification * np.linalg.norm(estimate.error) / np.linalg.norm(estimate.value)
        assert expected / 1e4 < result.accuracy[method].relative_error < expected
