"""The benchmark of detection: what it holds true, and what it makes of a few faults."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from detection_cases import Case, cases_of
from detection_tables import as_json, misnamed, tables
from faults_elsewhere import samples
from gradient_faults import Fault, planted
from names import others
from scenes import make_scene
from term_faults import Terms, mutated

import gradcompare
from gradcompare import get_objective


@pytest.fixture(scope="module")
def rosenbrock():
    return make_scene(get_objective("rosenbrock"), 10)


@pytest.fixture(scope="module")
def softmax():
    return make_scene(get_objective("softmax-regression"), 3)


def source_line(module: str, text: str) -> int:
    """The number of the only line of an objective's module with a text in it."""
    path = Path(gradcompare.__file__).parent / "objectives" / f"{module}.py"
    lines = path.read_text("utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, 1) if text in line and "return" in line)
    return number


def test_terms_are_those_of_the_source():
    """The operands in the squares are no terms, nor is the target of the regression."""
    line = source_line("rosenbrock", "100 * (x[1:]")
    found = {term.text: term.lines for term in mutated(get_objective("rosenbrock")).terms}
    assert found == {
        "100 * (x[1:] - x[:-1] ** 2) ** 2": {line},
        "(1 - x[:-1]) ** 2": {line},
    }


def test_a_name_stands_for_what_is_assigned_to_it():
    line = source_line("softmax", "fit + data.lam")
    found = {term.text: term.lines for term in mutated(get_objective("softmax-regression")).terms}
    assert found == {
        "fit": {line - 1, line},
        "data.lam / 2 * jnp.sum(params.W ** 2)": {line},
    }


def test_a_call_stands_for_what_it_returns():
    found = {term.text: term.lines for term in mutated(get_objective("lasso")).terms}
    inner, outer = (
        source_line("lasso", "return jnp.mean((data.X @ w - data.y)"),
        source_line("lasso", "return fit(w, data) + data.lam * jnp"),
    )
    assert found["fit(w, data)"] == {inner, outer}


def test_summands_of_a_factor_are_told_apart():
    """(y + 1/α) softplus(…) is a sum of two products, neither of which stands there."""
    terms = mutated(get_objective("negative-binomial-regression")).terms
    assert {term.text: term.alone for term in terms} == {
        "data.y": False, "1 / data.alpha": False, "fit": True, "data.y * logs": True,
    }  # fmt: skip


def test_an_objective_of_one_term_has_none():
    assert mutated(get_objective("squared-error")).terms == ()


def test_a_term_fault_is_that_of_the_formula(rosenbrock):
    """Twice the second term of Σ 100 rᵢ² + (1 − xᵢ)² adds its derivative, -2 (1 − xᵢ)."""
    faults = {fault.name: fault for fault, _, _ in Terms(rosenbrock).faults()}
    assert len(faults) == 12
    row = rosenbrock.spots[1][0]
    change = faults["x2 on `(1 - x[:-1]) ** 2`"].change(row) - row.g
    expected = np.append(-2 * (1 - row.x[:-1]), 0)
    np.testing.assert_allclose(change, expected, atol=1e-10)


NAMES = {
    "twice": (lambda row: 2 * row.g, {"factor"}),
    "opposite": (lambda row: -row.g, {"sign"}),
    "ridge": (lambda row: row.g + 0.1 * row.x, {"additive", "factor and term"}),
    "twice-and-ridge": (lambda row: 2 * row.g + 0.1 * row.x, {"factor and term"}),
    "cubed": (lambda row: row.g**3, set()),
    "nearly-twice": (lambda row: row.g * (2 + 1e-7 * row.x), set()),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_are_those_of_the_numbers(rosenbrock, case):
    change, kinds = NAMES[case]
    wrong = np.stack([values[0] for values in rosenbrock.wrong(change)])
    assert set(others(rosenbrock, wrong, [])) - {"factor and term"} == kinds - {"factor and term"}
    assert kinds <= set(others(rosenbrock, wrong, []))


def test_faults_with_the_same_numbers_share_their_names(rosenbrock):
    wrong = 2 * rosenbrock.g
    twin = Fault("twin", ("shift",), lambda row: 2 * row.g)
    assert "shift" in others(rosenbrock, wrong, [(twin, 2 * rosenbrock.g)])
    assert "shift" not in others(rosenbrock, wrong, [(twin, 2.001 * rosenbrock.g)])


def test_too_much_of_a_term_is_named_so(softmax):
    """A ridge added to W is more of the penalty that is there."""
    fault = next(f for f in planted(softmax) if f.name == "+ theta on W")
    wrong = np.stack([values[0] for values in softmax.wrong(fault.change)])
    terms = Terms(softmax).at_points
    assert {"term", "additive"} <= set(others(softmax, wrong, [], terms))
    assert "term" not in others(softmax, wrong + 1e-6, [], terms)


def test_samples_are_the_rows_of_a_sum(softmax):
    """The net of springs has arrays of the same length, and no samples."""
    assert list(samples(make_scene(get_objective("spring-network"), 3))) == []
    changes = {name: change for name, _, change in samples(softmax)}
    assert len(changes) == 3
    row = softmax.spots[0][0]
    last = type(row.data)(row.data.X[-1:], row.data.Y[-1:], row.data.lam)
    np.testing.assert_array_equal(
        changes["only the last sample"](row), softmax.gradient(row.x, last)
    )


def test_every_group_of_faults_is_planted(softmax):
    groups = {fault.group for fault in planted(softmax)}
    assert {"factor of a leaf", "factor of a block", "sample", "stale", "regime"} <= groups
    names = {fault.name for fault in planted(softmax)}
    assert {"W transposed", "W holds its row sums", "only the first sample"} <= names


FEW = {
    "x2 everywhere": ("factor",),
    "x(1+1e-4) on one entry": ("factor",),
    "two entries swapped": ("swap",),
    "x theta": ("chain factor",),
}


@pytest.fixture(scope="module")
def cases(rosenbrock):
    found = {case.fault: case for case in cases_of(rosenbrock, ("jax",), 0)}
    return [found["right"], *(found[name] for name in FEW)]


def test_the_runner_gives_the_expected_rows(cases):
    clean, *faults = cases
    assert (clean.group, clean.ok, clean.passed) == ("clean", True, {"jax": True})
    for case in faults:
        assert case.above
        assert not case.ok
        assert case.verdict == "ANALYTIC_WRONG"
        assert case.found == FEW[case.fault]
        assert case.named
    assert not any(case.passed["jax"] for case in faults)


def test_a_whole_check_says_the_same(rosenbrock):
    fault = next(f for f in planted(rosenbrock) if f.name == "x(1+1e-4) on one entry")
    short = rosenbrock.judged(rosenbrock.wrong(fault.change))
    whole = rosenbrock.checked(fault.change)
    assert short.verdict is whole.verdict is gradcompare.Verdict.ANALYTIC_WRONG
    told = [[(f.kind, f.coordinates, f.sentence) for f in r.diagnosis] for r in (short, whole)]
    assert told[0] == told[1] != []


def test_what_is_below_the_floor_is_no_miss(rosenbrock):
    def slightly(size):
        floors = [point.judgement.floor for point in rosenbrock.result.points]
        wrong = rosenbrock.wrong(lambda row: row.g + size * min(floors))
        return rosenbrock.above_floor(wrong)

    assert slightly(11)
    assert not slightly(9)


def test_named_and_traced():
    case = Case("f", 1, "float64", "term", "x2", True, expected=("term", "additive"))
    assert not case.named  # nothing found
    assert replace(case, found=("term",)).named
    assert not replace(case, found=("term", "factor")).named
    case = replace(case, lines=("a.py", (3, 4)))
    assert not case.traced
    assert replace(case, line=("a.py", (4,))).traced
    assert not replace(case, line=("a.py", (5,))).traced
    assert not replace(case, line=("b.py", (4,))).traced


def test_tables_and_json(cases):
    clean, *faults = cases
    wrong = replace(faults[1], found=("place",), sentence="the fault is in x[3] alone")
    missed = replace(faults[2], ok=True, verdict="AGREE")
    alarm = replace(clean, ok=False, verdict="INCONCLUSIVE")
    text = tables([alarm, faults[0], wrong, missed, faults[3]], ("jax",))
    assert "missed: rosenbrock 10 float64: two entries swapped: AGREE" in text
    assert "false alarm: rosenbrock 10 float64: right: INCONCLUSIVE" in text
    total = next(line.split() for line in text.splitlines() if line.startswith("all "))
    assert total == ["all", "4", "4", "1", "0", "2/3", "66.7%"]
    assert "expected factor; found place" in misnamed([clean, wrong])
    assert "two entries" not in misnamed(cases)
    body = json.loads(as_json(cases, {"jax": "1"}))
    rows = [dict(zip(body["fields"], row, strict=True)) for row in body["cases"]]
    assert [row["fault"] for row in rows] == ["right", *FEW]
    assert rows[1]["found"] == ["factor"]
