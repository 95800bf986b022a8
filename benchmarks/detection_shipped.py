"""The shipped tier: wrong gradients that public projects shipped, and right ones under suspicion.

Each case of `shipped` goes through a whole check with the options that it states. A fault is
*named* if the first finding is of a kind that the case lists, or, if something other than the
derivative under test is wrong, if the verdict is the expected one. Faults that no checker can see
from the value are counted apart. Controls, and the right gradient beside each wrong one, are
clean: they are checked with their convention declared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import shipped
from checkers import Peers
from detection_cases import Case, described
from shipped import ShippedCase

import gradcompare
from gradcompare._foundation.precision import FLOAT64, precision_scope
from gradcompare._model.objective import Objective
from gradcompare._model.problem import Problem
from gradcompare._results.result import Result

UNDIAGNOSED = ("AUTODIFF_WRONG", "NONFINITE", "VALUE_DIFFERS", "STOCHASTIC", "INCONCLUSIVE")
"""Verdicts that name the fault by themselves."""


def shipped_cases(tools: Iterable[str]) -> Iterator[Case]:
    """Yields the case of each fault, each right gradient and each control."""
    for case in shipped.FAULTS:
        group = "shipped" if case.visible else "shipped, invisible"
        result = _checked(case, case.checked)
        outcome = described(_named(case, group), result, _others(case, case.checked, tools))
        if case.expected in UNDIAGNOSED:
            outcome = replace(outcome, expected=(case.expected,), found=(result.verdict.name,))
        yield replace(
            outcome, found=outcome.found[:1], sentence="" if outcome.named else outcome.sentence
        )
        if case.wrong is not None and case.right is not None:
            yield _clean(case, tools)
    for case in shipped.CONTROLS:
        if case.expected in ("AGREE", "VALID_SUBGRADIENT") or case.convention:
            yield _clean(case, tools)


def _clean(case: ShippedCase, tools: Iterable[str]) -> Case:
    result = _checked(case, case.right, **case.convention)
    return described(_named(case, "clean"), result, _others(case, case.right, tools))


def _named(case: ShippedCase, group: str) -> Case:
    above = group != "shipped, invisible"
    return Case(case.name, 0, "float64", group, case.fault, above, expected=tuple(case.kinds))


def _checked(case: ShippedCase, gradient, **options) -> Result:
    x, args = case.make(np.random.default_rng(0))
    (result,) = gradcompare.check(
        case.value, gradient, x, *args, on_error="row", **{**case.options, **options}
    )
    return result


def _others(case: ShippedCase, gradient, tools: Iterable[str]) -> dict[str, bool]:
    """Returns, for each other tool, whether it accepts the gradient."""
    x, args = case.make(np.random.default_rng(0))

    def value(params, data):
        return case.value(params, *data)

    objective = Objective(case.name.replace(" ", "-").replace(":", "-"), value, lambda rng, n: x)
    try:
        with precision_scope(FLOAT64):
            problem = Problem.at(objective, x, args, "x0")
            wrong = problem.layout.flatten(gradient(problem.params, *args))
            return Peers(value, problem, tools).passed(wrong)
    except Exception:  # a gradient that cannot be evaluated is not accepted
        return dict.fromkeys(tools, False)
