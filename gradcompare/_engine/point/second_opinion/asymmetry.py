"""A finding about a wrong gradient that nothing else explains: no function has it."""

from collections.abc import Sequence
from dataclasses import replace

from ...._foundation.errors import optional
from ...._model.finding import Finding
from ...._points.examination import Examination
from ...identities.symmetry import symmetry_of

OPEN = frozenset({"unexplained", "place"})
"""Kinds of findings that leave open what is wrong."""

ASYMMETRY_COORDINATES = 1000
"""Largest number of coordinates, as the program of the derivative is compiled anew."""


def with_asymmetry(
    points: Sequence[Examination], findings: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Returns the findings, and that the gradient is none of any function, if all else is open.

    Args:
        points: Every point that was examined.
        findings: What is known of the fault.
    """
    evaluator = points[0].evaluator
    problem = evaluator.problem
    traced = problem.objective.gradient is not None and not (
        {"value", "gradient"} & evaluator.cache.untraceable.keys()
    )
    plain = problem.quantity == "gradient" and problem.retraction is None
    small = 1 < problem.layout.size <= ASYMMETRY_COORDINATES
    open_still = all(finding.kind in OPEN for finding in findings)
    if not (traced and plain and small and open_still and problem.objective.convention.plain):
        return findings
    return (*findings, *optional("the symmetry of the gradient", lambda: _asymmetry(points), ()))


def _asymmetry(points: Sequence[Examination]) -> tuple[Finding, ...]:
    """Returns the finding at the first point where the gradient is finite."""
    evaluator = points[0].evaluator
    problem = evaluator.problem
    objective = replace(problem.objective, residuals=problem.objective.gradient)
    field = replace(problem, objective=objective, quantity="jvp", results=problem.layout)
    apart = replace(evaluator, problem=field, cache=evaluator.cache.emptied())
    result = symmetry_of(apart, 1, 0)
    if result.answer != "asymmetric":
        return ()
    where = (
        "" if result.worst is None else f", most by {result.worst.row} and {result.worst.column}"
    )
    sentence = f"the gradient is that of no function, as its Jacobian is not symmetric{where}"
    return (Finding("no gradient", sentence, residual=1.0),)
