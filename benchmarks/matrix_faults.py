"""Are wrong Jacobians, Hessians and products found, and are the faults named?

Every fault is planted in every function that it fits, in the matrix that was derived by hand. A
product is that of the wrong matrix with a random vector. The right derivatives are checked too.

- *Found*: the verdict is `..._WRONG`.
- *Named*: every finding is of a kind that states the fault, one of them leaves nothing unexplained
  in what it is about, and the words of the fault, as the number of its row, stand there. For a
  product no words are asked for.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import jax.numpy as jnp
import numpy as np
from matrix_subjects import Matrix, Subject, subjects
from tabulate import tabulate

import gradcompare
from gradcompare._foundation.precision import FLOAT64, precision_scope

SECOND, COMPANION = ("hessian", "hvp"), "asymmetry"


@dataclass(frozen=True)
class Fault:
    """A wrong matrix.

    Attributes:
        name: The name of the fault.
        matrix: The wrong matrix.
        kinds: The kinds of findings that state it.
        words: What one of them has to mention.
    """

    name: str
    matrix: Matrix
    kinds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """One fault in one function, or its right derivative, and what the check says."""

    subject: str
    fault: str
    verdict: str
    ok: bool
    named: bool
    kinds: tuple[str, ...]
    sentence: str

    @property
    def found(self) -> bool:
        return not self.ok and self.verdict.endswith("_WRONG")


NAMES = {
    "bound 2p(1-p)": ("term", "factor"),
    "bound 2p(1-p) without penalty": ("factor",),
    "Gauss-Newton": ("Gauss-Newton",),
    "diagonal of a term halved": ("term", "factor", "additive"),
}
"""The kinds that state the faults of single functions."""


def faults(subject: Subject, second: bool) -> Iterator[Fault]:
    """Yields the faults that a function can have, each of which changes its matrix."""
    for fault in _second(subject) if second else _first(subject):
        right, wrong = (_numbers(subject, matrix) for matrix in (subject.matrix, fault.matrix))
        if not np.allclose(right, wrong, rtol=1e-6, atol=1e-9):
            yield fault
    for name, matrix in subject.wrong:
        yield Fault(name, matrix, NAMES[name])


def _numbers(subject: Subject, matrix: Matrix) -> np.ndarray:
    with precision_scope(FLOAT64):
        return np.asarray(matrix(subject.x, *subject.args))


def _changed(subject: Subject, change: Callable) -> Matrix:
    xp = np if "host" in subject.name else jnp

    def matrix(x, *args):
        return change(xp.asarray(subject.matrix(x, *args)), x, xp)

    return matrix


def _first(subject: Subject) -> Iterator[Fault]:
    m, n = _numbers(subject, subject.matrix).shape
    i, k, j, h = m - 1, 0, n - 1, max(n - 2, 0)
    order = np.arange(m)
    order[[i, k]] = k, i
    columns = np.arange(n)
    columns[j] = h
    row = np.arange(m)[:, None] == i
    block = (np.arange(m)[:, None] >= m // 2) & (np.arange(n) >= n // 2)
    plant = partial(_changed, subject)
    named = (f"row {i}",)
    yield Fault("row sign", plant(lambda J, x, xp: xp.where(row, -J, J)), ("sign",), named)
    both = (f"row {i}", f"row {k}")
    yield Fault("row order", plant(lambda J, x, xp: J[order]), ("permutation",), both)
    if m == n:
        yield Fault("transposed", plant(lambda J, x, xp: J.T), ("transpose",))
    kinds = ("permutation", "swap")
    both = (f"column {j}", f"column {h}")
    yield Fault("column of another parameter", plant(lambda J, x, xp: J[:, columns]), kinds, both)
    kinds = ("chain factor", "parameter factor")
    chained = plant(lambda J, x, xp: xp.where(row, J * x[0], J))
    yield Fault("chain factor of a row", chained, kinds, named)
    zero = plant(lambda J, x, xp: xp.where(block, 0.0, J))
    yield Fault("block zero", zero, ("zero",))


def _second(subject: Subject) -> Iterator[Fault]:
    n = len(subject.x)
    half = n // 2
    first, last = slice(0, half), slice(half, 2 * half)
    plant = partial(_changed, subject)
    yield Fault("negated", plant(lambda H, x, xp: -H), ("sign",))
    if n < 2:
        return

    def put(H, xp, upper, lower):
        """Replaces the off-diagonal blocks."""
        above = xp.concatenate([H[first, first], upper], axis=1)
        below = xp.concatenate([lower, H[last, last]], axis=1)
        inner = xp.concatenate([above, below], axis=0)
        if 2 * half == n:
            return inner
        inner = xp.concatenate([inner, H[:-1, -1:]], axis=1)
        return xp.concatenate([inner, H[-1:]], axis=0)

    def dropped(H, x, xp):
        return put(H, xp, 0 * H[first, last], 0 * H[last, first])

    yield Fault("cross block dropped", plant(dropped), ("zero",))

    def turned(H, x, xp):
        return put(H, xp, H[first, last].T, H[last, first])

    yield Fault("block transposed", plant(turned), ("transpose",))

    def both(H, x, xp):
        return put(H, xp, H[first, last].T, H[last, first].T)

    yield Fault("both blocks transposed", plant(both), ("transpose",))


def judged(quantity: str, names: Iterable[str] = ()) -> Iterator[Outcome]:
    """Checks the functions of these names, or all, with every fault that they can have."""
    for subject in subjects(quantity in SECOND):
        if not names or subject.name in names:
            yield from judge(subject, quantity)


def judge(subject: Subject, quantity: str) -> Iterator[Outcome]:
    """Checks the right derivative of a function and every fault in it."""
    yield outcome(subject, Fault("right", subject.matrix), quantity)
    for fault in faults(subject, quantity in SECOND):
        yield outcome(subject, fault, quantity)


def outcome(subject: Subject, fault: Fault, quantity: str) -> Outcome:
    """Returns what the check says about one wrong derivative."""
    by_hand: Callable = fault.matrix
    if quantity in ("hvp", "jvp"):
        by_hand = lambda x, v, *args: fault.matrix(x, *args) @ v  # noqa: E731
    elif quantity == "vjp":
        by_hand = lambda x, u, *args: u @ fault.matrix(x, *args)  # noqa: E731
    check = getattr(gradcompare, f"check_{quantity}")
    (result,) = check(subject.function, by_hand, subject.x, *subject.args)
    found = result.diagnosis
    kinds = tuple(finding.kind for finding in found)
    text = " | ".join(map(str, found))
    stated = {*kinds} - {COMPANION} <= {*fault.kinds} and {*kinds} & {*fault.kinds}
    complete = any(finding.residual == 0 for finding in found if finding.kind in fault.kinds)
    words = quantity in ("hvp", "jvp", "vjp") or all(word in text for word in fault.words)
    named = bool(stated and complete and words)
    verdict = result.verdict.name
    return Outcome(
        subject.name, fault.name, verdict, result.ok, named, kinds, text or result.message
    )


def table(outcomes: Iterable[Outcome]) -> str:
    """Returns the counts of each fault, and the cases that went wrong."""
    every = list(outcomes)
    planted = [o for o in every if o.fault != "right"]
    right = [o for o in every if o.fault == "right"]
    rows = [_counts(name, [o for o in planted if o.fault == name]) for name in
            dict.fromkeys(o.fault for o in planted)]  # fmt: skip
    rows.append(_counts("all", planted))
    lines = [tabulate(rows, ("fault", "planted", "found", "named"), disable_numparse=True)]
    accused = sum(not o.ok for o in right)
    lines.append(f"right ones accused: {accused} of {len(right)}")
    lines += [f"accused: {o.subject}: {o.verdict}: {o.sentence}" for o in right if not o.ok]
    lines += [f"missed: {o.subject}: {o.fault}: {o.verdict}" for o in planted if not o.found]
    lines += [
        f"not named: {o.subject}: {o.fault}: {', '.join(o.kinds) or 'nothing'}: {o.sentence[:300]}"
        for o in planted
        if o.found and not o.named
    ]
    return "\n".join(lines)


def _counts(name: str, outcomes: list[Outcome]) -> list:
    return [name, len(outcomes), sum(o.found for o in outcomes), sum(o.named for o in outcomes)]
