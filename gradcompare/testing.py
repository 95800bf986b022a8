"""For test suites: a wrong gradient fails the test, with a message that says where.

from gradcompare.testing import assert_gradient

def test_gradient():
assert_gradient(value, gradient, x0, *args)
"""

import inspect
from collections.abc import Callable
from typing import Any, ParamSpec

from ._api.check import check
from ._api.compare import compare
from ._foundation.errors import GradcompareError
from ._model.objective import Objective
from ._model.verdict import Verdict
from ._results.result import Comparison
from .report.brief import brief

P = ParamSpec("P")

UNTESTED = (
    f"{Verdict.NOT_A_CHECK.title}: the gradient was not among the methods compared\n"
    "  Name `analytic` in methods, or leave methods out."
)


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

    def __init__(self, comparison: Comparison, report: str = ""):
        super().__init__(comparison, report)
        self.comparison = comparison
        self.report = report or brief(comparison)

    def __str__(self) -> str:
        return self.report


def _with_arguments_of(
    function: Callable[P, Comparison],
) -> Callable[[Callable[..., Comparison]], Callable[P, Comparison]]:
    """Gives a function the signature of another, so that an editor completes its options."""

    def decorate(wrapper: Callable[..., Comparison]) -> Callable[P, Comparison]:
        wrapper.__signature__ = inspect.signature(function)  # pyright: ignore[reportFunctionMemberAccess]
        return wrapper

    return decorate


@_with_arguments_of(check)
def assert_gradient(*args: Any, **options: Any) -> Comparison:
    """Checks a gradient as `check` does, and fails unless it was verified.

    Args:
        *args: `value`, `gradient`, `x0` and further arguments of both, as for `check`.
        **options: As for `check`.

    Returns:
        The comparison, for a look at its detection floor.

    Raises:
        GradientMismatch: if the verdict is neither AGREE nor VALID_SUBGRADIENT, also where it is
            INCONCLUSIVE or nothing was compared.
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> from gradcompare.testing import assert_gradient
        >>> comparison = assert_gradient(lambda x: jnp.sum(x**2), lambda x: 2 * x, [1.0, 2.0])
        >>> comparison.verdict.name
        'AGREE'
    """
    __tracebackhide__ = True
    comparison = check(*args, **options)
    gradient = inspect.signature(check).bind(*args, **options).arguments["gradient"]
    if not comparison.ok:
        raise GradientMismatch(comparison)
    if gradient is not None and not _took_part(comparison):
        raise GradientMismatch(comparison, UNTESTED)
    return comparison


def assert_objective(objective: str | Objective, **options: Any) -> Comparison:
    """Fails unless the hand-written derivatives of an objective are verified.

    Args:
        objective: An objective, or a name for `get_objective`.
        **options: As for `compare`; nothing is timed.

    Returns:
        The comparison.

    Raises:
        GradientMismatch: if the verdict is not the one that the objective declares.
        InputError: if an argument cannot be used.

    Examples:
        >>> from gradcompare.testing import assert_objective
        >>> assert_objective("ridge", points=1).verdict.name
        'AGREE'
    """
    __tracebackhide__ = True
    comparison = compare([objective], **{"timing": False, **options})
    if not comparison.ok:
        raise GradientMismatch(comparison)
    return comparison


def _took_part(comparison: Comparison) -> bool:
    """Whether the hand-written derivative was compared at every point."""
    return all("analytic" in point.votes for result in comparison for point in result.points)
