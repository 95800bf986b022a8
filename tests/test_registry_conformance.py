"""Every registered objective: what it promises, and that faults planted in it are named.

Nothing here names an objective, so a new file in `gradcompare/objectives` is tested as soon
as it is there.
"""

import functools

import faults
import jax
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Result, Verdict, compare, get_objective, list_objectives

NAMES = list_objectives()
RIGHT = [name for name in NAMES if get_objective(name).expected is Verdict.AGREE]
"""All but the traps, of which `test_traps.py` asks other things."""

DIRECTIONAL = [name for name in RIGHT if get_objective(name).directional is not None]
"""Those that have a directional derivative by hand; for the others, the gradient gives it."""

RUNS = {
    "float64": (RIGHT, {"points": 2}),
    "float32": (RIGHT, {"dtype": "float32", "points": 2}),
    "directional": (RIGHT, {"quantity": "directional", "sizes": (3,), "seed": 1, "points": 2}),
    "size-3": (DIRECTIONAL, {"sizes": (3,), "seed": 1, "points": 2}),
    "bfloat16": (RIGHT[::8], {"dtype": "bfloat16", "points": 1}),
}
"""Which objectives have to agree under which options of `compare`.

A narrow dtype rounds the points, and has programs of its own. Along a random direction, each wrong
coordinate of a gradient shows. In bfloat16 a CPU takes four times as long to compile: few.
"""


def structure(name: str) -> dict:
    """What the programs of an objective depend on: its arrays, points, convention and kinks."""
    objective = get_objective(name)
    ranks = [np.ndim(leaf) for leaf in jax.tree.leaves(faults.first_draw(objective)[0])]
    return {
        "arrays": min(len(ranks), 3),
        "matrices": max(ranks) > 1,
        "special": objective.special is not None,
        "wrt": objective.convention.wrt,
        "kink": "kink" in objective.tags,
    }


def covering(names: list[str]) -> list[str]:
    """Those that have a feature of the structure that none before them has."""
    seen, chosen = set(), []
    for name in names:
        features = {*structure(name).items()}
        if not features <= seen:
            chosen.append(name)
        seen |= features
    return chosen


OFTEN = covering(RIGHT)
SELDOM = OFTEN[::2]
"""They are compared always, in float64 and otherwise, in what the others show as well;
`gradcompare run` compares each of them in float64."""


def size(name: str) -> int:
    """The number of parameters at the default size."""
    params, _ = faults.first_draw(get_objective(name))
    return sum(map(np.size, jax.tree.leaves(params)))


def smallest(names: list[str]) -> str:
    """The objective with the fewest parameters, but with several."""
    return min((name for name in names if size(name) > 1), key=size)


def one_of_each(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each fault once, in the smallest of its objectives."""
    faults_ = dict.fromkeys(fault for _, fault in pairs)
    return [(smallest([name for name, one in pairs if one == fault]), fault) for fault in faults_]


every_objective = pytest.mark.parametrize("name", NAMES)


@functools.cache
def run(label: str, name: str) -> Result:
    """The result of one objective; many at a time take more of the processor altogether."""
    (result,) = compare(name, faults.VOTERS, timing=False, **RUNS[label][1])
    return result


def runs(*labels: str):
    """Every objective under each of these options; always those that cover the structures."""
    pairs = []
    for label in labels:
        cases = [(label, name) for name in RUNS[label][0]]
        chosen = OFTEN if label == "float64" else SELDOM
        pairs += sweep(cases, [case for case in cases if case[1] in chosen])
    return pytest.mark.parametrize(("label", "name"), pairs)


SOURCES = {"analytic": Verdict.ANALYTIC_WRONG, "autodiff": Verdict.AUTODIFF_WRONG}
"""The sources into whose estimates faults are planted, and the verdicts that name them."""


def faults_of(name: str) -> list[str]:
    """The faults that can be planted in a derivative of this objective."""
    alone = size(name) == 1  # there is nothing to swap
    return [fault for fault in faults.FAULTS if not (alone and fault == "two-swapped")]


def in_turn(names: list[str], place: str) -> list[tuple[str, str]]:
    """Each objective with one of the faults that are planted in its code, one after the other."""
    planted = list(faults.PLANTERS[place])
    turn = [(name, planted[number % len(planted)]) for number, name in enumerate(names)]
    return [(name, fault) for name, fault in turn if fault in faults_of(name)]


IN_GRADIENT, IN_AUTODIFF = in_turn(RIGHT, "gradient"), in_turn(RIGHT[::5], "autodiff")


def run_with_fault(name: str, fault: str, place: str) -> Result:
    """The result of one objective with a fault planted in its code."""
    planted = faults.PLANTERS[place][fault](get_objective(name))
    (result,) = compare(planted, faults.VOTERS, timing=False, points=1)
    return result


@pytest.mark.slow
@runs(*RUNS)
def test_three_sources_agree(name, label):
    result = run(label, name)
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
    assert jax.tree.structure(gradient) == jax.tree.structure(params)
    assert jax.tree.map(np.shape, gradient) == jax.tree.map(np.shape, params)
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


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", sweep(RIGHT, OFTEN))
def test_a_fault_in_the_numbers_is_named(name, source):
    """Each fault in what a source gave, so that nothing has to be compiled for it."""
    point = run("float64", name).points[0]
    assert point.label.startswith("draw")
    right = point.votes[source]
    for fault in faults_of(name):
        expected = faults.changed_by(fault, right.value)
        assert expected, fault
        judgement = faults.judged(point, source, faults.in_estimate(fault, right))
        assert judgement.verdict is SOURCES[source], fault
        assert set(judgement.faulty) == expected, fault


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fault"), sweep(IN_GRADIENT, one_of_each(IN_GRADIENT)))
def test_fault_in_gradient_is_named(name, fault):
    result = run_with_fault(name, fault, "gradient")
    assert result.verdict is Verdict.ANALYTIC_WRONG, str(result)
    expected = faults.changed_by(fault, faults.flat_gradient(get_objective(name)))
    assert expected
    assert set(result.points[0].judgement.faulty) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fault"), sweep(IN_AUTODIFF, one_of_each(IN_AUTODIFF)))
def test_fault_in_autodiff_is_named(name, fault):
    result = run_with_fault(name, fault, "autodiff")
    assert result.verdict is Verdict.AUTODIFF_WRONG, str(result)
    expected = faults.changed_by(fault, faults.flat_gradient(get_objective(name)))
    assert set(result.points[0].judgement.faulty) == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", sweep(RIGHT[::5], [smallest(RIGHT[::5])]))
def test_directional_written_by_hand_is_used(name):
    """It is 1 % too large, while the gradient is right."""
    planted = faults.in_directional(1.01, get_objective(name))
    options = {"quantity": "directional", "timing": False, "points": 1}
    assert compare(planted, faults.VOTERS, **options).verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.slow
@runs("float32", "bfloat16")
def test_accuracy_in_narrow_dtype_is_as_the_conditioning_says(name, label):
    """What rounding does in float64, measured there as a bar, it does ε/ε₆₄ times as much here."""
    result = run(label, name)
    amplification = float(jax.numpy.finfo(label).eps) / np.finfo(np.float64).eps
    for method in ("analytic", "reverse"):
        if method not in result.accuracy:
            assert any(note.startswith(f"{method} in {label}: ") for note in result.notes)
            continue
        estimate = result.points[0].estimates[method]
        expected = amplification * np.linalg.norm(estimate.error) / np.linalg.norm(estimate.value)
        assert expected / 1e4 < result.accuracy[method].relative_error < expected
