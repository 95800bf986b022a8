"""The benchmark of wrong Jacobians, Hessians and products: every fault is found and named."""

import matrix_faults
import pytest
from matrix_faults import Fault, faults, outcome, table
from matrix_subjects import subjects
from sweeps import sweep

CASES = {
    (quantity, subject.name, fault.name): (subject, fault)
    for quantity in ("jacobian", "hessian")
    for subject in subjects(quantity == "hessian")
    for fault in faults(subject, quantity == "hessian")
}
QUICK = {"jacobian": ("chain",), "hessian": ("valley", "logistic on the host")}
FEW = [
    (q, s, f)
    for q, s, f in CASES
    if s in QUICK[q] and (s != "logistic on the host" or "bound" in f)
]
UNNAMED = {("hessian", "logistic on the host", "bound 2p(1-p)")}


@pytest.mark.parametrize("case", FEW, ids="-".join)
def test_a_fault_is_found_and_named(case):
    subject, fault = CASES[case]
    found = outcome(subject, fault, case[0])
    assert found.found, found
    assert found.named is (case not in UNNAMED), found


@pytest.mark.parametrize(
    "case", sweep([case for case in CASES if case not in FEW], every=25), ids="-".join
)
def test_a_fault_of_another_function(case):
    subject, fault = CASES[case]
    assert outcome(subject, fault, case[0]).named is (case not in UNNAMED)


@pytest.mark.parametrize("quantity", ["hvp", "jvp", "vjp"])
def test_a_product_with_a_wrong_matrix_is_found(quantity):
    second = quantity == "hvp"
    subject = next(s for s in subjects(second) if s.name in ("valley", "chain"))
    fault = next(f for f in faults(subject, second) if f.name in ("negated", "row sign"))
    assert outcome(subject, Fault("right", subject.matrix), quantity).ok
    found = outcome(subject, fault, quantity)
    assert found.found
    assert found.named is (quantity != "vjp"), found


def test_what_is_not_stated_is_not_named():
    """A finding of another kind, and one about another row, do not count."""
    subject = next(iter(subjects(second=False)))
    row = next(f for f in faults(subject, second=False) if f.name == "row sign")
    elsewhere = Fault(row.name, row.matrix, row.kinds, ("row 0 ",))
    other = Fault(row.name, row.matrix, ("zero",))
    for fault, named in ((row, True), (elsewhere, False), (other, False)):
        assert outcome(subject, fault, "jacobian").named is named
    text = table([outcome(subject, elsewhere, "jacobian")])
    assert "not named: camera: row sign: sign" in text


def test_every_fault_of_the_list_is_planted():
    planted = {fault for _, _, fault in CASES}
    assert {"row sign", "row order", "transposed", "block zero"} <= planted
    assert matrix_faults.NAMES.keys() <= planted
