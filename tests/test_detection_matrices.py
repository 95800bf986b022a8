"""The benchmark of wrong Jacobians, Hessians and products: every fault is found and named."""

import jax.numpy as jnp
import pytest
from matrix_faults import NAMES, Fault, faults, judge, outcome, table
from matrix_subjects import subjects
from sweeps import sweep

import gradcompare

FIRST, SECOND = ({s.name: s for s in subjects(second)} for second in (False, True))
QUICK = ("chain on the host", "valley")
UNNAMED = {("logistic on the host", "bound 2p(1-p)")}


def all_named(outcomes):
    """Asserts that the right one agrees and that every fault is named; returns their names."""
    right, *wrong = outcomes
    assert right.ok, right
    for found in wrong:
        assert found.found, found
        assert found.named is ((found.subject, found.fault) not in UNNAMED), found
    return {found.fault for found in wrong}


@pytest.mark.sweep
def test_faults_of_a_jacobian_are_named():
    faults = all_named(judge(FIRST["chain on the host"], "jacobian"))
    assert {"row sign", "row order", "transposed", "block zero"} <= faults
    assert {"column of another parameter", "chain factor of a row"} <= faults


@pytest.mark.sweep
def test_faults_of_a_hessian_are_named():
    faults = all_named(judge(SECOND["valley"], "hessian"))
    assert {"negated", "cross block dropped", "block transposed", "Gauss-Newton"} <= faults
    assert {"both blocks transposed", "diagonal of a term halved"} <= faults


@pytest.mark.sweep
def test_the_bound_of_a_logistic_hessian_is_named():
    """Twice the part of the loss, beside a penalty that is right."""
    for fault in faults(SECOND["logistic"], second=True):
        if fault.name == "bound 2p(1-p)":
            assert outcome(SECOND["logistic"], fault, "hessian").named


@pytest.mark.sweep
@pytest.mark.parametrize("name", sweep([n for n in FIRST if n not in QUICK], every=20))
def test_faults_of_other_jacobians(name):
    all_named(judge(FIRST[name], "jacobian"))


@pytest.mark.sweep
@pytest.mark.parametrize("name", [n for n in SECOND if n not in QUICK])
def test_faults_of_other_hessians(name):
    all_named(judge(SECOND[name], "hessian"))


@pytest.mark.parametrize("quantity", ["hvp", "jvp", "vjp"])
def test_a_product_with_a_wrong_matrix_is_found(quantity):
    second = quantity == "hvp"
    subject = SECOND["valley"] if second else FIRST["chain"]
    fault = next(f for f in faults(subject, second) if f.name in ("negated", "row sign"))
    assert outcome(subject, Fault("right", subject.matrix), quantity).ok
    found = outcome(subject, fault, quantity)
    assert found.found
    assert found.named, found


@pytest.mark.parametrize(
    ("quantity", "name"),
    [
        ("hvp", "cross block dropped"),
        ("jvp", "chain factor of a row"),
        ("vjp", "chain factor of a row"),
    ],
)
def test_the_matrix_behind_a_product_is_diagnosed(quantity, name):
    second = quantity == "hvp"
    subject = SECOND["valley"] if second else FIRST["chain"]
    fault = next(f for f in faults(subject, second) if f.name == name)
    seen = outcome(subject, fault, quantity)
    assert seen.named, seen
    assert "the matrix of the product: row" in seen.sentence


def test_a_product_that_is_not_linear_is_no_matrix():
    (result,) = gradcompare.check_jvp(jnp.sin, lambda x, v: jnp.cos(x) * v**2, [0.6, 0.8, 0.3])
    assert not result.ok
    assert "the matrix of the product" not in str(result)


@pytest.mark.sweep
def test_what_is_not_stated_is_not_named():
    """A finding of another kind, and one about another row, do not count."""
    subject = FIRST["camera"]
    row = next(f for f in faults(subject, second=False) if f.name == "row sign")
    elsewhere = Fault(row.name, row.matrix, row.kinds, ("row 0 ",))
    other = Fault(row.name, row.matrix, ("zero",))
    for fault, named in ((row, True), (elsewhere, False), (other, False)):
        assert outcome(subject, fault, "jacobian").named is named
    text = table([outcome(subject, elsewhere, "jacobian")])
    assert "not named: camera: row sign: sign" in text


def test_the_faults_of_single_functions_have_kinds():
    planted = {name for subject in SECOND.values() for name, _ in subject.wrong}
    assert planted == NAMES.keys()
