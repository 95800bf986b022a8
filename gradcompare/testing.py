"""For test suites: a wrong gradient fails the test, with a message that says where.

from gradcompare.testing import assert_gradient

def test_gradient():
assert_gradient(value, gradient, x0, *args)
"""

import inspect
from collections.abc import Callable
from typing import Any

from ._api.bench.fixture.gradient import record_gradient, with_arguments_of, with_benchmark
from ._api.check import check
from ._api.compare import compare
from ._api.several.first import check_jacobian, check_jvp, check_vjp
from ._api.several.second import check_hessian, check_hvp
from ._foundation.errors import GradcompareError
from ._model.objective import Objective
from ._model.verdict import Verdict
from ._results.report.brief import brief
from ._results.result import Comparison

UNTESTED = (
    f"{Verdict.NOT_A_CHECK.title}: the {{}} was not among the methods compared\n"
    "  Name `analytic` in methods, or leave methods out."
)

NOUNS = {"gradient": "gradient", "jac": "Jacobian", "hessian": "Hessian"}
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

    def __init__(self, comparison: Comparison, report: str = ""):
        super().__init__(comparison, report)
        self.comparison = comparison
        self.report = report or brief(comparison)

    def __str__(self) -> str:
        return self.report


@with_benchmark(check)
def assert_gradient(
    *args: Any, benchmark: Callable[..., Any] | None = None, **options: Any
) -> Comparison:
    """Checks a gradient as `check` does, and fails unless it was verified.

    Args:
        *args: `value`, `gradient`, `x0` and further arguments of both, as for `check`.
        benchmark: The fixture of pytest-benchmark. It times the gradient that was verified, or
            autodiff if that was, compiled if JAX can; the median times of all methods, in
            seconds, become its `extra_info`.
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
    if benchmark is None:
        return _verified(check, "gradient", args, options)
    comparison = _verified(check, "gradient", args, {"timing": True, **options})
    record_gradient(benchmark, comparison, args, options)
    return comparison


@with_arguments_of(check_jacobian)
def assert_jacobian(*args: Any, **options: Any) -> Comparison:
    """Checks a Jacobian as `check_jacobian` does, and fails unless it was verified.

    Args:
        *args: `fun`, `jac`, `x0` and further arguments of both, as for `check_jacobian`.
        **options: As for `check_jacobian`.

    Raises:
        GradientMismatch: as in `assert_gradient`.

    Examples:
        >>> import jax.numpy as jnp
        >>> from gradcompare.testing import assert_jacobian
        >>> assert_jacobian(jnp.sin, lambda x: jnp.diag(jnp.cos(x)), [0.5, 1.0]).verdict.name
        'AGREE'
    """
    __tracebackhide__ = True
    return _verified(check_jacobian, "jac", args, options)


@with_arguments_of(check_jvp)
def assert_jvp(*args: Any, **options: Any) -> Comparison:
    """Checks a Jacobian-vector product as `check_jvp` does, and fails unless it was verified.

    Args:
        *args: `fun`, `jvp`, `x0` and further arguments of both, as for `check_jvp`.
        **options: As for `check_jvp`.

    Raises:
        GradientMismatch: as in `assert_gradient`.

    Examples:
        >>> import jax.numpy as jnp
        >>> from gradcompare.testing import assert_jvp
        >>> assert_jvp(jnp.sin, lambda x, v: jnp.cos(x) * v, [0.5, 1.0]).verdict.name
        'AGREE'
    """
    __tracebackhide__ = True
    return _verified(check_jvp, "jvp", args, options)


@with_arguments_of(check_vjp)
def assert_vjp(*args: Any, **options: Any) -> Comparison:
    """Checks a vector-Jacobian product as `check_vjp` does, and fails unless it was verified.

    Args:
        *args: `fun`, `vjp`, `x0` and further arguments of both, as for `check_vjp`.
        **options: As for `check_vjp`.

    Raises:
        GradientMismatch: as in `assert_gradient`.

    Examples:
        >>> import jax.numpy as jnp
        >>> from gradcompare.testing import assert_vjp
        >>> assert_vjp(jnp.sin, lambda x, u: jnp.cos(x) * u, [0.5, 1.0]).verdict.name
        'AGREE'
    """
    __tracebackhide__ = True
    return _verified(check_vjp, "vjp", args, options)


@with_arguments_of(check_hessian)
def assert_hessian(*args: Any, **options: Any) -> Comparison:
    """Checks a Hessian as `check_hessian` does, and fails unless it was verified.

    Args:
        *args: `value`, `hessian`, `x0` and further arguments of both, as for `check_hessian`.
        **options: As for `check_hessian`. A gradient among them has to be verified as well.

    Raises:
        GradientMismatch: as in `assert_gradient`.

    Examples:
        >>> import jax.numpy as jnp
        >>> from gradcompare.testing import assert_hessian
        >>> hessian = assert_hessian(lambda x: jnp.sum(x**3), lambda x: jnp.diag(6 * x), [0.5])
        >>> hessian.verdict.name
        'AGREE'
    """
    __tracebackhide__ = True
    return _verified(check_hessian, "hessian", args, options)


@with_arguments_of(check_hvp)
def assert_hvp(*args: Any, **options: Any) -> Comparison:
    """Checks a Hessian-vector product as `check_hvp` does, and fails unless it was verified.

    Args:
        *args: `value`, `hvp`, `x0` and further arguments of both, as for `check_hvp`.
        **options: As for `check_hvp`. A gradient among them has to be verified as well.

    Raises:
        GradientMismatch: as in `assert_gradient`.

    Examples:
        >>> import jax.numpy as jnp
        >>> from gradcompare.testing import assert_hvp
        >>> hvp = assert_hvp(lambda x: jnp.sum(x**3), lambda x, v: 6 * x * v, [0.5, 1.0])
        >>> hvp.verdict.name
        'AGREE'
    """
    __tracebackhide__ = True
    return _verified(check_hvp, "hvp", args, options)


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


def _verified(
    run: Callable[..., Comparison], by_hand: str, args: tuple, options: dict[str, Any]
) -> Comparison:
    """Runs a check, and fails unless the argument `by_hand` was verified."""
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
