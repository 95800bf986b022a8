"""The entry points of the library, each with a function and the right and a wrong derivative."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradcompare
from gradcompare import testing

X = np.array([0.7, 1.9, 1.2])
A = np.array([[1.0, 0.3, -0.2], [0.1, 0.8, 0.4]])


def cubes(x):
    """f(x) = Σ xᵢ³, ∇f = 3 x², ∇²f = diag(6 x)."""
    return jnp.sum(x**3)


def gradient(x):
    return 3 * x**2


def map_of(x):
    """r(x) = A x³."""
    return A @ x**3


def jacobian(x):
    return A * (3 * x**2)


@jax.custom_vjp
def ruled(x):
    return jnp.sum(x**3)


ruled.defvjp(lambda x: (ruled(x), x), lambda x, u: (3 * u * x**2,))


@dataclass(frozen=True)
class Entry:
    """An entry point as all are called here.

    Attributes:
        name: Its name.
        call: `call(value, derivative, x, *args, **options)`.
        value: A function that it takes.
        right: Its derivative; None if the entry takes none.
        options: The options that it has.
    """

    name: str
    call: Callable[..., Any]
    value: Callable[..., Any]
    right: Callable[..., Any] | None
    options: frozenset[str]

    def wrong(self, *args: Any) -> Any:
        """A derivative with a factor that is wrong."""
        assert self.right is not None
        return 0.5 * self.right(*args)


@dataclass(frozen=True)
class Number:
    """Numbers that came back, and whether they are right."""

    value: Any
    ok: bool


def _near(found: Any, error: Any = 1e-5) -> Number:
    found = np.asarray(found, float)
    ok = found.shape == X.shape and bool(np.all(np.abs(found - gradient(X)) <= error + 1e-5))
    return Number(found, ok)


def _estimate(value, derivative, x, *args, **options):
    estimate = gradcompare.estimate(value, x, *args, **options)
    if "direction" in options:
        slope = float(gradient(X) @ np.asarray(options["direction"]))
        return Number(estimate.value, abs(estimate.value - slope) <= estimate.error + 1e-5)
    return _near(estimate.value, estimate.error)


def _numerical(value, derivative, x, *args, **options):
    return _near(gradcompare.numerical_gradient(value, **options)(x, *args))


def _watch(value, derivative, x, *args, **options):
    capacity = {name: options.pop(name) for name in ("capacity",) if name in options}
    watched = gradcompare.watch(value, derivative, **capacity)
    for _ in range(3):
        watched.value(x, *args)
        watched.gradient(x, *args)
        x = 0.9 * x
    return watched.check(**options)


def _compare(value, derivative, x, *args, **options):
    objective = gradcompare.Objective(
        "mine",
        lambda params, data: value(params),
        lambda rng, size: (x, None),
        derivative and (lambda params, data: derivative(params)),
        sizes=(3,),
    )
    return gradcompare.compare([objective], **{"timing": False, **options})


def _rule(value, derivative, x, *args, **options):
    return gradcompare.check_rule(value, x, *args, **options)


def _symmetry(value, derivative, x, *args, **options):
    return gradcompare.symmetry(derivative, x, *args, **options)


SHARED = ("argnums", "methods", "bounds", "domain", "points", "at", "seed", "device")
SHARED += ("memory_bytes", "executor", "on_error")
IDENTITY = ("argnums", "bounds", "domain", "accuracy", "seed", "device")
CHECK = (*SHARED, "direction", "scale", "sign", "wrt", "intent", "accuracy", "dtype", "repeats")
CHECK += ("reference", "other", "tighter", "retraction", "complex_convention")
LOCATE = ("argnums", "bounds", "domain", "accuracy", "tests", "most", "seed", "device")
LOCATE += ("memory_bytes", "executor", "other")
ESTIMATE = ("argnums", "quantity", "method", "direction", "coordinate", "bounds", "device")
ESTIMATE += ("memory_bytes", "executor")
WATCH = ("points", "methods", "bounds", "domain", "accuracy", "device", "memory_bytes", "on_error")
COMPARE = ("methods", "sizes", "quantity", "dtype", "device", "seed", "points", "repeats")
COMPARE += ("memory_bytes", "on_error")


def _entry(name: str, call: Callable, value: Any, right: Any, options: Sequence[str]) -> Entry:
    return Entry(name, call, value, right, frozenset(options))


NUMERICAL = ("method", "step", "argnums", "bounds", "device")

g, t = gradcompare, testing
ENTRIES = (
    _entry("check", g.check, cubes, gradient, CHECK),
    _entry("check_jacobian", g.check_jacobian, map_of, jacobian, (*SHARED, "pattern")),
    _entry("check_hessian", g.check_hessian, cubes, lambda x: jnp.diag(6 * x), SHARED),
    _entry("check_hvp", g.check_hvp, cubes, lambda x, v: 6 * x * v, (*SHARED, "direction")),
    _entry("check_jvp", g.check_jvp, map_of, lambda x, v: jacobian(x) @ v, SHARED),
    _entry("check_vjp", g.check_vjp, map_of, lambda x, u: u @ jacobian(x), (*SHARED, "cotangent")),
    _entry("check_rule", _rule, ruled, None, SHARED),
    _entry("estimate", _estimate, cubes, None, ESTIMATE),
    _entry("locate", g.locate, cubes, gradient, LOCATE),
    _entry("compare", _compare, cubes, gradient, COMPARE),
    _entry(
        "numerical_gradient",
        _numerical,
        cubes,
        None,
        ("method", "step", "argnums", "bounds", "device"),
    ),
    _entry("watch", _watch, cubes, gradient, (*WATCH, "capacity")),
    _entry("descend", g.descend, cubes, gradient, (*IDENTITY, "iterations", "tolerance")),
    _entry("integral", g.integral, cubes, gradient, (*IDENTITY, "radius", "segments")),
    _entry("symmetry", _symmetry, cubes, gradient, (*IDENTITY, "pairs")),
    _entry("remainder", g.remainder, cubes, gradient, (*IDENTITY, "direction")),
    _entry("assert_gradient", t.assert_gradient, cubes, gradient, CHECK),
    _entry("assert_jacobian", t.assert_jacobian, map_of, jacobian, (*SHARED, "pattern")),
    _entry("assert_hvp", t.assert_hvp, cubes, lambda x, v: 6 * x * v, (*SHARED, "direction")),
    _entry("assert_vjp", t.assert_vjp, map_of, lambda x, u: u @ jacobian(x), SHARED),
)
"""Of the assertions, one for each kind of derivative: they call the checks."""
