"""Assertions about derivatives: each takes the arguments of a check."""

from collections.abc import Callable
from typing import Any

from .._api.bench.fixture.gradient import record_gradient, with_arguments_of, with_benchmark
from .._api.check import check
from .._api.compare import compare
from .._api.rules.check import check_rule
from .._api.several.first import check_jacobian, check_jvp, check_vjp
from .._api.several.second import check_hessian, check_hvp
from .._model.objective import Objective
from .._results.result import Comparison
from .mismatch import GradientMismatch, verified


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
        return verified(check, "gradient", args, options)
    comparison = verified(check, "gradient", args, {"timing": True, **options})
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
    return verified(check_jacobian, "jac", args, options)


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
    return verified(check_jvp, "jvp", args, options)


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
    return verified(check_vjp, "vjp", args, options)


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
    return verified(check_hessian, "hessian", args, options)


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
    return verified(check_hvp, "hvp", args, options)


@with_arguments_of(check_rule)
def assert_rule(*args: Any, **options: Any) -> Comparison:
    """Checks a rule for a derivative as `check_rule` does, and fails unless it was verified.

    Args:
        *args: `f` and its primals, as for `check_rule`.
        **options: As for `check_rule`.

    Raises:
        GradientMismatch: as in `assert_gradient`, also where the rule is wrong in float32, under
            `jax.vmap`, at an extreme primal or in its second derivative alone.

    Examples:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from gradcompare.testing import assert_rule
        >>> @jax.custom_jvp
        ... def sine(x):
        ...     return jnp.sin(x)
        >>> sine.defjvps(lambda tangent, answer, x: jnp.cos(x) * tangent)
        >>> assert_rule(sine, 0.6).verdict.name
        'AGREE'
    """
    __tracebackhide__ = True
    return verified(check_rule, "f", args, options)


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
