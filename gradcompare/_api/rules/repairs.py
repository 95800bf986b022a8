"""Changes of a rule that make it right: what they undo is the slip of its author.

Each is tried at every point. One that gives the derivative at all of them is the finding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._foundation.errors import outcome_of
from ..._foundation.layout import Layout, PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._foundation.user_code import Place
from ..._model.estimate import Estimate
from ..._model.finding import Finding
from ..._model.verdict import Verdict
from ..._results.data import PointResult
from ..._results.judgement.excess import excess_of
from ..._results.result import Result
from .places import Arguments, place_of_cotangent, place_of_operand
from .primals import Named
from .products import Products
from .rule import AbstractRule, HostRule, conjugate

DECLARED = ("factor", "sign", "conjugate", "chain factor", "symmetric part")
"""Findings whose correction speaks of options that a rule does not have."""


@dataclass(frozen=True)
class Repair:
    """A change of a rule.

    Attributes:
        fault: What is wrong if it makes the rule right.
        advice: What to do then.
        cotangent: Returns the cotangent of the primal with the change.
        operand: The number of the operand that is replaced; None for other changes.
    """

    fault: str
    advice: str
    cotangent: Callable[[Arguments], PyTree]
    operand: int | None = None


def named(products: Products, result: Result, number: int) -> Result:
    """Returns a result with the slip in the rule, and its line, as far as they are known."""
    if result.verdict is not Verdict.ANALYTIC_WRONG:
        return result
    rule, name = products.rule, products.rule.primals.name(number)
    signature = products.signature([number])
    with precision_scope(FLOAT64), np.errstate(all="ignore"):
        some, others, u = signature.joined(signature.params, signature.data)
        arguments: Arguments = jax.tree.map(np.asarray, some), others, u
        place = place_of_cotangent(rule, arguments, name)
        for repair in _repairs(rule, arguments, name):
            if _holds(repair, products, result, number):
                if repair.operand is not None:
                    place = place_of_operand(rule, arguments, repair.operand)
                sentence = f"{repair.fault}{_at(place)}; otherwise the rule is right"
                return replace(result, diagnosis=(_finding(result, sentence, place, repair),))
    if not result.diagnosis:
        sentence = f"unexplained: re-derive the part of {name}{_at(place)}"
        return replace(result, diagnosis=(_finding(result, sentence, place, None),))
    return replace(result, diagnosis=tuple(_placed(each, place) for each in result.diagnosis))


def _finding(result: Result, sentence: str, place: Place | None, repair: Repair | None) -> Finding:
    point = result.worst
    faulty = () if point is None else point.judgement.faulty
    file, line = ("", 0) if place is None else (place.file, place.line)
    if repair is None:
        return Finding("unexplained", sentence, 1.0, "", faulty, file, line)
    return Finding("custom rule", sentence, 0.0, repair.advice, faulty, file, line)


def _placed(finding: Finding, place: Place | None) -> Finding:
    """Returns a finding on the cotangent with the line of the rule, if it names no line."""
    advice = "" if finding.kind in DECLARED else finding.correction
    if finding.file or place is None:
        return replace(finding, correction=advice)
    sentence = f"{finding.sentence}{_at(place)}"
    return replace(finding, sentence=sentence, correction=advice, file=place.file, line=place.line)


def _at(place: Place | None) -> str:
    return "" if place is None else f", in {place}"


def _holds(repair: Repair, products: Products, result: Result, number: int) -> bool:
    """Whether a change makes the rule right at every point."""
    signature = products.signature([number])
    layout, name = Layout.of(signature.params), products.rule.primals.name(number)
    gradient = products.gradient([number], lambda *a: {name: repair.cotangent(a)})

    def right(point: PointResult) -> bool:
        params = layout.unflatten(point.x)
        flat = outcome_of(lambda: layout.flatten(gradient(params, signature.data)))
        if isinstance(flat, Exception) or not np.all(np.isfinite(flat)):
            return False
        return bool(np.all(_excess(flat, point) <= 1))

    return all(map(right, result.voting))


def _excess(repaired: np.ndarray, point: PointResult) -> np.ndarray:
    """Returns the distance to the reference; the bars are as wide as those of the rule are."""
    rule = point.votes["analytic"]
    reference = point.votes.get("autodiff", point.votes.get("differences", rule))
    unit = max(rule.largest, float(np.finfo(float).tiny))
    bars = np.full(len(repaired), np.max(rule.error) / unit * np.max(np.abs(repaired)))
    return excess_of(Estimate(repaired, bars), reference, like=reference.kinked)


def _repairs(rule: AbstractRule, arguments: Arguments, name: str) -> Iterator[Repair]:
    """Yields the changes to be tried for the cotangent of one primal, the simplest first."""
    some, others, _ = arguments
    for number in rule.primals.chosen:
        other = rule.primals.name(number)
        if other != name and _alike(others[other], some[name]):
            yield Repair(
                f"the rule gives {name} the cotangent of {other}",
                "return the cotangents in the order of the primals",
                partial(_of_other, rule, other),
            )
    yield from _conjugates(rule, arguments, name)
    yield from _exchanges(rule, arguments, name)


def _of_other(rule: AbstractRule, other: str, arguments: Arguments) -> PyTree:
    """Returns the cotangent that the rule gives to another primal."""
    some, others, u = arguments
    return rule.cotangents({other: others[other]}, {**others, **some}, u)[other]


def _conjugates(rule: AbstractRule, arguments: Arguments, name: str) -> Iterator[Repair]:
    some, others, u = arguments
    leaves = jax.tree.leaves((some, u))
    if not any(map(np.iscomplexobj, leaves)):
        return
    if isinstance(rule, HostRule) and rule.convention == "jax":
        yield Repair(
            f"the cotangent of {name} is in the other convention for complex numbers",
            'give complex_convention="ascent"',
            lambda a: conjugate(rule.cotangents(a[0], a[1], conjugate(a[2])))[name],
        )
    yield Repair(
        f"the cotangent of {name} is the conjugate of what it should be",
        "conjugate it",
        lambda a: conjugate(rule.cotangents(*a))[name],
    )
    yield Repair(
        "the conjugate of the cotangent of the result is missing",
        "conjugate it",
        lambda a: rule.cotangents(a[0], a[1], conjugate(a[2]))[name],
    )
    operands = _operands(rule, some, others)
    for k, operand in enumerate(operands):
        if np.iscomplexobj(operand):
            what = _what(rule, arguments, operand, k)

            def conjugated(a: Arguments, k: int = k) -> PyTree:
                new = conjugate(rule.operands(a[0], a[1])[k])
                return rule.rerun(*a, {k: new})[name]

            fault = f"the conjugate of {what} is missing"
            yield Repair(fault, "conjugate it", conjugated, k)


def _exchanges(rule: AbstractRule, arguments: Arguments, name: str) -> Iterator[Repair]:
    """Yields an operand replaced by the result of the function, or by a primal."""
    some, others, _ = arguments
    arrays = _arrays(rule, some, others)
    for k, operand in enumerate(_operands(rule, some, others)):
        what = _what(rule, arguments, operand, k)
        for j, (other, array) in enumerate(arrays):
            if not _alike(array, operand) or _same(array, operand):
                continue

            def exchanged(a: Arguments, k: int = k, j: int = j) -> PyTree:
                return rule.rerun(*a, {k: _arrays(rule, a[0], a[1])[j][1]})[name]

            fault = f"the rule takes {what} where {other} is meant"
            advice = f"compute with {other} there"
            yield Repair(fault, advice, exchanged, k)


def _operands(rule: AbstractRule, some: Named, others: Named) -> list[Any]:
    operands = outcome_of(lambda: rule.operands(some, others))
    return [] if isinstance(operands, Exception) else operands


def _arrays(rule: AbstractRule, some: Named, others: Named) -> list[tuple[str, Any]]:
    """Returns the results of the function and its primals, with what a reader calls them."""
    results, primals = rule.value(some, others), {**some, **others}
    of_results, of_primals = Layout.of(results, f"the result of {rule.name}"), Layout.of(primals)
    inputs = [f"the input {path}" for path in of_primals.paths]
    return [
        *zip(of_results.paths, jax.tree.leaves(results), strict=True),
        *zip(inputs, jax.tree.leaves(primals), strict=True),
    ]


def _what(rule: AbstractRule, arguments: Arguments, operand: Any, k: int) -> str:
    """Returns what a reader calls an operand: by the array that it equals."""
    arrays = _arrays(rule, arguments[0], arguments[1])
    equal = [name for name, array in arrays if _same(array, operand)]
    return equal[-1] if equal else f"residual {k}"


def _alike(a: PyTree, b: PyTree) -> bool:
    """Whether two primals have the same structure, shapes and types."""
    (first, one), (second, other) = map(jax.tree.flatten, (a, b))
    if one != other:
        return False
    pairs = zip(first, second, strict=True)
    return all(
        np.shape(x) == np.shape(y) and jnp.result_type(x) == jnp.result_type(y) for x, y in pairs
    )


def _same(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.array_equal(np.asarray(a), np.asarray(b)))
