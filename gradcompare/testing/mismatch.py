"""The error that fails a test, and what has to hold for a test to pass."""

import inspect
from collections.abc import Callable
from typing import Any

from .._foundation.errors import GradcompareError
from .._model.verdict import Verdict
from .._results.report.brief import brief
from .._results.result import Comparison

UNTESTED = (
    f"{Verdict.NOT_A_CHECK.title}: the {{}} was not among the methods compared\n"
    "  Name `analytic` in methods, or leave methods out."
)

NOUNS = {"gradient": "gradient", "jac": "Jacobian", "hessian": "Hessian", "f": "rule"}
"""What the argument with the derivative under test is called in a sentence, if no product."""


class GradientMismatch(GradcompareError, AssertionError):  # noqa: N818, an assertion that failed
    """A derivative did not pass; the message is a report of at most fifteen lines.

    Attributes:
        comparison: The whole comparison.
        report: The text of the message.

    Examples:
        >>> import jax.numpy as jnp
        >>> from gradcompare.testing import GradientMismatch, assert_gradient
        >>> try:
        ...     assert_gradient(lambda x: jnp.sum(x**2), lambda x: x, [1.0, 2.0])
        ... except GradientMismatch as mismatch:
        ...     print(mismatch.comparison.verdict.name, len(mismatch.report.splitlines()) <= 15)
        ANALYTIC_WRONG True
    """

    __module__ = "gradcompare.testing"  # as a failed test names it

    def __init__(self, comparison: Comparison, report: str = ""):
        super().__init__(comparison, report)
        self.comparison = comparison
        self.report = report or brief(comparison)

    def __str__(self) -> str:
        return self.report


def verified(
    run: Callable[..., Comparison], by_hand: str, args: tuple, options: dict[str, Any]
) -> Comparison:
    """Runs a check, and fails unless the argument `by_hand` was verified.

    Args:
        run: The check.
        by_hand: The name of its argument with the derivative under test.
        args: Its arguments.
        options: Its options.

    Raises:
        GradientMismatch: if it was not.
    """
    __tracebackhide__ = True
    comparison = run(*args, **options)
    if not comparison.ok:
        raise GradientMismatch(comparison)
    derivative = inspect.signature(run).bind(*args, **options).arguments[by_hand]
    if derivative is not None and not _took_part(comparison):
        raise GradientMismatch(comparison, UNTESTED.format(NOUNS.get(by_hand, "product")))
    return comparison


def _took_part(comparison: Comparison) -> bool:
    """Whether the hand-written derivative was compared at every point."""
    return all("analytic" in point.votes for result in comparison for point in result.points)
