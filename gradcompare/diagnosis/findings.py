"""The findings about the derivative under test, whatever its kind."""

from collections.abc import Sequence

from .._foundation.errors import optional
from .._model.arguments.several import Pullback
from .._model.finding import DIAGNOSED_COORDINATES, Finding
from .._points.branches.combined import Choices
from .._points.examination import Examination
from .diagnose import gradient_findings
from .matrices.findings import findings_behind, matrix_findings, product_findings


def findings(points: Sequence[Examination], choices: Choices | None = None) -> tuple[Finding, ...]:
    """Returns what is wrong with the derivative under test, as far as it can be explained.

    Args:
        points: Every point that was examined.
        choices: The choices of the objective.
    """
    problem = points[0].evaluator.problem
    if problem.output.size > DIAGNOSED_COORDINATES:
        return ()
    match problem.quantity:
        case "gradient" if isinstance(problem.objective.gradient, Pullback):
            found = optional("the diagnosis", lambda: findings_behind(points), ())
            return found or gradient_findings(points, choices)
        case "gradient":
            return gradient_findings(points, choices)
        case "jacobian" | "hessian":
            return optional("the diagnosis", lambda: matrix_findings(points), ())
        case "jvp" | "hvp":
            return optional("the diagnosis", lambda: product_findings(points), ())
    return ()
